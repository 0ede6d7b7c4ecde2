#include "rows/gaussian.h"

#include "gap/descriptors/cutoff.h"

#include <cmath>

namespace deckgen {

namespace {

// The vector from one atom to another.
struct Bond {
  int to = 0;
  double r = 0.0;
  double unit[3] = {};
  double cut = 0.0, cut_slope = 0.0;
};

Bond bond(const Cluster &cluster, int from, int to)
{
  Bond b;
  b.to = to;
  for (int a = 0; a < 3; ++a) b.unit[a] = cluster.positions[3 * to + a] - cluster.positions[3 * from + a];
  b.r = std::sqrt(b.unit[0] * b.unit[0] + b.unit[1] * b.unit[1] + b.unit[2] * b.unit[2]);
  for (double &u : b.unit) u /= b.r;
  return b;
}

std::vector<Bond> bonds_within(const Cluster &cluster, const Cutoff &cutoff, int centre, int element)
{
  std::vector<Bond> bonds;
  for (int j = 0; j < cluster.n; ++j) {
    if (j == centre || cluster.elements[j] != element) continue;
    Bond b = bond(cluster, centre, j);
    if (b.r >= cutoff.radius) continue;
    cutoff.evaluate(b.r, b.cut, b.cut_slope);
    bonds.push_back(b);
  }
  return bonds;
}

// d r / d r_atom of the distance between the atoms `from` and `to` of an instance, times `factor`.
void add_distance(double *slope, int from, int to, const double (&unit)[3], double factor)
{
  for (int a = 0; a < 3; ++a) {
    slope[3 * from + a] -= factor * unit[a];
    slope[3 * to + a] += factor * unit[a];
  }
}

Instance triplet(const Cluster &cluster, int centre, const Bond &j, const Bond &k)
{
  const Bond across = bond(cluster, j.to, k.to);
  const double difference = j.r - k.r;
  Instance t;
  t.n_atoms = t.dimensions = 3;
  t.multiplicity = 2.0;
  t.atoms[0] = centre, t.atoms[1] = j.to, t.atoms[2] = k.to;
  t.x[0] = j.r + k.r, t.x[1] = difference * difference, t.x[2] = across.r;
  t.cut = j.cut * k.cut;
  add_distance(t.slope_of_x[0], 0, 1, j.unit, 1.0);
  add_distance(t.slope_of_x[0], 0, 2, k.unit, 1.0);
  add_distance(t.slope_of_x[1], 0, 1, j.unit, 2.0 * difference);
  add_distance(t.slope_of_x[1], 0, 2, k.unit, -2.0 * difference);
  add_distance(t.slope_of_x[2], 1, 2, across.unit, 1.0);
  add_distance(t.slope_of_cut, 0, 1, j.unit, j.cut_slope * k.cut);
  add_distance(t.slope_of_cut, 0, 2, k.unit, j.cut * k.cut_slope);
  return t;
}

void add_column(const Instance &instance, const GaussianKernel &kernel, int s, double *column)
{
  const double *point = kernel.points + static_cast<long>(s) * instance.dimensions;
  double square = 0.0, slope[3] = {};
  for (int d = 0; d < instance.dimensions; ++d) {
    const double u = (instance.x[d] - point[d]) / kernel.theta[d];
    square += u * u;
    slope[d] = -u / kernel.theta[d];
  }
  const double k = instance.multiplicity * kernel.weights[s] * std::exp(-0.5 * square);
  column[0] += instance.cut * k;
  for (int i = 0; i < instance.n_atoms; ++i)
    for (int a = 0; a < 3; ++a) {
      double along = 0.0;
      for (int d = 0; d < instance.dimensions; ++d) along += slope[d] * instance.slope_of_x[d][3 * i + a];
      column[1 + 3 * instance.atoms[i] + a] -= k * (instance.slope_of_cut[3 * i + a] + instance.cut * along);
    }
}

}    // namespace

std::vector<Instance> pairs_of(const Cluster &cluster, const int (&elements)[2], double cutoff, double width)
{
  std::vector<Instance> pairs;
  for (int i = 0; i < cluster.n; ++i) {
    if (cluster.elements[i] != elements[0]) continue;
    for (const Bond &b : bonds_within(cluster, {cutoff, width}, i, elements[1])) {
      if (elements[0] == elements[1] && b.to < i) continue;
      Instance pair;
      pair.n_atoms = 2, pair.dimensions = 1;
      pair.multiplicity = 2.0;
      pair.atoms[0] = i, pair.atoms[1] = b.to;
      pair.x[0] = b.r, pair.cut = b.cut;
      add_distance(pair.slope_of_x[0], 0, 1, b.unit, 1.0);
      add_distance(pair.slope_of_cut, 0, 1, b.unit, b.cut_slope);
      pairs.push_back(pair);
    }
  }
  return pairs;
}

std::vector<Instance> triplets_of(const Cluster &cluster, const int (&elements)[3], double cutoff, double width)
{
  std::vector<Instance> triplets;
  for (int i = 0; i < cluster.n; ++i) {
    if (cluster.elements[i] != elements[0]) continue;
    const std::vector<Bond> js = bonds_within(cluster, {cutoff, width}, i, elements[1]);
    const std::vector<Bond> ks = bonds_within(cluster, {cutoff, width}, i, elements[2]);
    for (size_t j = 0; j < js.size(); ++j)
      for (size_t k = elements[1] == elements[2] ? j + 1 : 0; k < ks.size(); ++k)
        triplets.push_back(triplet(cluster, i, js[j], ks[k]));
  }
  return triplets;
}

void add_gaussian_rows(const std::vector<Instance> &instances, const GaussianKernel &kernel, const Rows &rows)
{
  for (int s = 0; s < kernel.n_points; ++s)
    for (const Instance &instance : instances) add_column(instance, kernel, s, rows.data + s * rows.stride);
}

}    // namespace deckgen
