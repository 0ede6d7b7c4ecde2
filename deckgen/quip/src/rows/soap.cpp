#include "rows/soap.h"

#include <algorithm>
#include <cmath>

namespace deckgen {

namespace {

double power(double x, double exponent)
{
  const int whole = static_cast<int>(exponent);
  if (whole != exponent) return x > 0.0 ? std::pow(x, exponent) : 0.0;
  double result = 1.0;
  for (int i = 0; i < whole; ++i) result *= x;
  return result;
}

}    // namespace

SoapVectors::SoapVectors(const SoapBasis &basis_, const std::vector<int> &densities_) :
    basis(basis_), densities(densities_), n_row(round_up(basis_.n_max, 4)), n_l(basis_.l_max + 1),
    n_functions(basis_.n_max * static_cast<int>(densities_.size())), n_pairs(n_functions * (n_functions + 1) / 2),
    n_harmonics(n_l * n_l), radial(basis_, n_row), harmonics(basis_.l_max)
{
  const int stride = radial.table().stride();
  coefficients.resize(static_cast<size_t>(n_harmonics) * n_functions);
  for (Buffer *buffer : {&values, &slopes}) buffer->clear(static_cast<size_t>(stride) * lanes);
  angular.clear(static_cast<size_t>(n_harmonics) * lanes);
  angular_slopes.clear(static_cast<size_t>(3 * n_harmonics) * lanes);
  units.clear(3 * lanes);
  inverse_r.clear(lanes);
  of_coefficients.clear(static_cast<size_t>(2 * n_l * n_functions) * lanes);
  of_spectrum.clear(static_cast<size_t>(size()) * lanes);
}

void SoapVectors::find_neighbours(const Cluster &cluster, int centre)
{
  neighbours.clear();
  groups.clear();
  for (size_t s = 0; s < densities.size(); ++s) {
    const int begin = static_cast<int>(neighbours.size());
    for (int j = 0; j < cluster.n; ++j) {
      if (j == centre || cluster.elements[j] != densities[s]) continue;
      Neighbour n;
      n.atom = j;
      for (int a = 0; a < 3; ++a) n.unit[a] = cluster.positions[3 * j + a] - cluster.positions[3 * centre + a];
      n.r = std::sqrt(n.unit[0] * n.unit[0] + n.unit[1] * n.unit[1] + n.unit[2] * n.unit[2]);
      if (n.r >= basis.cutoff.radius) continue;
      for (double &u : n.unit) u /= n.r;
      neighbours.push_back(n);
    }
    const int end = static_cast<int>(neighbours.size());
    for (int first = begin; first < end; first += lanes)
      groups.push_back({first, std::min(lanes, end - first), static_cast<int>(s) * basis.n_max});
  }
}

// The radial functions and harmonics of `lanes` neighbours; where there are fewer, the rest is zero.
void SoapVectors::set_group(const Group &group)
{
  const int stride = radial.table().stride(), count = group.count;
  for (int w = 0; w < lanes; ++w) {
    const Neighbour n = w < count ? neighbours[group.first + w] : Neighbour{0, 1.0, {0.0, 0.0, 1.0}};
    const HermiteWeights h = radial.table().weights(std::min(n.r, basis.cutoff.radius));
    double cut = 0.0, cut_slope = 0.0;
    if (w < count) basis.cutoff.evaluate(n.r, cut, cut_slope);
    for (int f = 0; f < n_l * n_row; ++f) {
      double value = 0.0, slope = 0.0;
      for (int i = 0; i < 6; ++i) {
        value += h.value[i] * h.rows[i * stride + f];
        slope += h.slope[i] * h.rows[i * stride + f];
      }
      values[f * lanes + w] = cut * value;
      slopes[f * lanes + w] = cut * slope + cut_slope * value;
    }
    for (int a = 0; a < 3; ++a) units[a * lanes + w] = n.unit[a];
    inverse_r[w] = 1.0 / n.r;
  }
  const Simd u[3] = {load(units.data()), load(units.data() + lanes), load(units.data() + 2 * lanes)};
  const Simd inverse = load(inverse_r.data());
  harmonics.set(u[0], u[1], u[2]);
  // Y_lm as a polynomial of the unit vector has the gradient g; its part across the vector, over r, is dY_lm/dr_j.
  const auto keep = [&](int lm, Simd y, Simd gx, Simd gy, Simd gz) {
    store(angular.data() + lm * lanes, y);
    const Simd along = gx * u[0] + gy * u[1] + gz * u[2], g[3] = {gx, gy, gz};
    for (int a = 0; a < 3; ++a)
      store(angular_slopes.data() + (a * n_harmonics + lm) * lanes, (g[a] - along * u[a]) * inverse);
  };
  for (int l = 0; l < n_l; ++l) {
    keep(l * l, harmonics.legendre(l, 0), Simd{}, Simd{}, harmonics.slope(l, 0));
    for (int m = 1; m <= l; ++m) {
      const Simd q = harmonics.legendre(l, m), dq = harmonics.slope(l, m), mq = static_cast<double>(m) * q;
      const Simd c = harmonics.cosine(m), s = harmonics.sine(m);
      const Simd c1 = harmonics.cosine(m - 1), s1 = harmonics.sine(m - 1);
      keep(l * l + 2 * m - 1, q * c, mq * c1, -(mq * s1), dq * c);
      keep(l * l + 2 * m, q * s, mq * s1, mq * c1, dq * s);
    }
  }
}

// The atom itself is part of the density of its own element.
void SoapVectors::expand(int element)
{
  std::fill(coefficients.begin(), coefficients.end(), 0.0);
  const double y00 = std::sqrt(0.25 / 3.14159265358979323846);
  for (size_t s = 0; s < densities.size(); ++s)
    if (densities[s] == element)
      for (int n = 0; n < basis.n_max; ++n) coefficients[s * basis.n_max + n] = y00 * radial.of_centre()[n];
  for (const Group &group : groups) {
    set_group(group);
    for (int l = 0; l < n_l; ++l)
      for (int lm = l * l; lm < (l + 1) * (l + 1); ++lm) {
        const Simd y = load(angular.data() + lm * lanes);
        for (int n = 0; n < basis.n_max; ++n)
          coefficients[lm * n_functions + group.function + n] += sum(y * load(values.data() + (l * n_row + n) * lanes));
      }
  }
}

void SoapVectors::set_spectrum(double *out)
{
  double norm = 0.0;
  for (int l = 0; l < n_l; ++l)
    for (int n = 0, pair = 0; n < n_functions; ++n)
      for (int other = 0; other <= n; ++other, ++pair) {
        double total = 0.0;
        for (int lm = l * l; lm < (l + 1) * (l + 1); ++lm)
          total += coefficients[lm * n_functions + n] * coefficients[lm * n_functions + other];
        total *= factor(l, n == other);
        norm += total * total;
        out[pair * n_l + l] = total;
      }
  inverse_norm = norm > 0.0 ? 1.0 / std::sqrt(norm) : 0.0;
  for (int k = 0; k < size(); ++k) out[k] *= inverse_norm;
}

int SoapVectors::value(const Cluster &cluster, int centre, double *out)
{
  find_neighbours(cluster, centre);
  expand(cluster.elements[centre]);
  set_spectrum(out);
  return static_cast<int>(neighbours.size());
}

int SoapVectors::gradients(const Cluster &cluster, int centre, int *atoms, double *out)
{
  const int count = value(cluster, centre, out);
  for (int j = 0; j < count; ++j) atoms[j] = neighbours[j].atom;
  for (const Group &group : groups) {
    set_group(group);
    of_coefficients.clear(static_cast<size_t>(2 * n_l * n_functions) * lanes);    // another group's density
    for (int axis = 0; axis < 3; ++axis) {
      differentiate(group, axis);
      write_group(group, axis, out, out + size());
    }
  }
  return count;
}

// dp of the group's neighbours along one axis: dc_nlm = dR_ln/dr u Y_lm + R_ln dY_lm for the functions of their density,
// 0 for the others, and p is bilinear in c.
void SoapVectors::differentiate(const Group &group, int axis)
{
  const Simd unit = load(units.data() + axis * lanes);
  for (int l = 0; l < n_l; ++l) {
    const int n_m = 2 * l + 1;
    for (int m = 0; m < n_m; ++m) {
      const Simd y = unit * load(angular.data() + (l * l + m) * lanes);
      const Simd dy = load(angular_slopes.data() + (axis * n_harmonics + l * l + m) * lanes);
      for (int n = 0; n < basis.n_max; ++n) {
        const int f = (l * n_row + n) * lanes;
        store(of_coefficients.data() + (m * n_functions + group.function + n) * lanes,
              load(slopes.data() + f) * y + load(values.data() + f) * dy);
      }
    }
    const double *c = coefficients.data() + static_cast<size_t>(l * l) * n_functions;
    for (int n = 0, pair = 0; n < n_functions; ++n)
      for (int other = 0; other <= n; ++other, ++pair) {
        Simd total = {};
        for (int m = 0; m < n_m; ++m) {
          const double *d = of_coefficients.data() + m * n_functions * lanes;
          total += c[m * n_functions + other] * load(d + n * lanes) + c[m * n_functions + n] * load(d + other * lanes);
        }
        store(of_spectrum.data() + (pair * n_l + l) * lanes, factor(l, n == other) * total);
      }
  }
}

// From dp to that of x = p/|p|, each neighbour's to its own row.
void SoapVectors::write_group(const Group &group, int axis, const double *x, double *out) const
{
  Simd along = {};
  for (int k = 0; k < size(); ++k) along += x[k] * load(of_spectrum.data() + k * lanes);
  double *row = out + static_cast<size_t>(3 * group.first + axis) * size();
  for (int k = 0; k < size(); ++k) {
    const Simd dx = inverse_norm * (load(of_spectrum.data() + k * lanes) - along * x[k]);
    for (int w = 0; w < group.count; ++w) row[static_cast<size_t>(3 * w) * size() + k] = dx[w];
  }
}

void add_soap_rows(const SoapProducts &products, int n_points, const double *weights, double zeta, const Rows &rows)
{
  for (int s = 0; s < n_points; ++s) {
    const double *product = products.data + s * products.stride;
    const int *atoms = products.atoms;
    double *column = rows.data + s * rows.stride;
    for (int i = 0; i < products.n_centres; ++i) {
      const double lower = weights[s] * power(*product, zeta - 1.0), slope = zeta * lower;
      column[0] += lower * *product++;
      double total[3] = {};
      for (int j = 0; j < products.counts[i]; ++j, ++atoms, product += 3)
        for (int a = 0; a < 3; ++a) {
          const double gradient = slope * product[a];
          column[1 + 3 * *atoms + a] -= gradient;
          total[a] += gradient;
        }
      for (int a = 0; a < 3; ++a) column[1 + 3 * products.centres[i] + a] += total[a];
    }
  }
}

}    // namespace deckgen
