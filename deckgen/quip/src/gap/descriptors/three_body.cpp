// angle_3b: x = (r_ij + r_ik, (r_ij - r_ik)^2, r_jk), summed over the sparse Gaussians. Both orders of the neighbours
// j and k give the same x, and both count, whatever their elements: one is computed and doubled.
#include "gap/descriptor.h"
#include "gap/descriptors/cutoff.h"

#include <cmath>

namespace deckgen {

namespace {

class ThreeBody : public DescriptorTerm {
 public:
  explicit ThreeBody(const GapDescriptor &d) :
      middle(d.element(d.options.count("z") ? "z" : "z_center")), one(d.element("z1")), other(d.element("z2")),
      cutoff{d.cutoff(), d.number("cutoff_transition_width", 0.5)}, n_sparse(round_up(d.n_sparse, lanes))
  {
    for (int c = 0; c < 3; ++c) {
      inverse_theta[c] = 1.0 / d.theta[c];
      points[c].clear(n_sparse);
      for (int s = 0; s < d.n_sparse; ++s) points[c][s] = d.sparse[3 * s + c] * inverse_theta[c];
    }
    weights.clear(n_sparse);
    for (int s = 0; s < d.n_sparse; ++s) weights[s] = d.weights[s] * d.delta * d.delta;
  }

  void add(const Neighbourhood *neighbourhoods, size_t n_centres, Evaluation &result) override
  {
    for (size_t i = 0; i < n_centres; ++i) {
      if (neighbourhoods[i].element != middle) continue;
      const Neighbours &js = neighbourhoods[i].of(one), &ks = neighbourhoods[i].of(other);
      set_cutoffs(js, of_j);
      set_cutoffs(ks, of_k);
      double energy = 0.0;
      for (int j = 0; j < js.count; ++j)
        for (int k = one == other ? j + 1 : 0; k < ks.count; ++k) energy += add_triplet(js, j, ks, k, result);
      result.atom_energies[js.centre] += energy;
    }
  }

 private:
  struct Sum {
    double value;
    double slope[3];    // with respect to x
  };

  struct Cuts {
    Buffer values, slopes;    // of each neighbour
  };

  void set_cutoffs(const Neighbours &neighbours, Cuts &cuts) const
  {
    cuts.values.resize(neighbours.count);
    cuts.slopes.resize(neighbours.count);
    for (int k = 0; k < neighbours.count; ++k) cutoff.evaluate(neighbours.r[k], cuts.values[k], cuts.slopes[k]);
  }

  Sum gaussians(double x0, double x1, double x2) const
  {
    const Simd y[3] = {broadcast(x0 * inverse_theta[0]), broadcast(x1 * inverse_theta[1]),
                       broadcast(x2 * inverse_theta[2])};
    Simd value = {}, slope[3] = {};
    for (int s = 0; s < n_sparse; s += lanes) {
      const Simd u = y[0] - load(points[0].data() + s), v = y[1] - load(points[1].data() + s),
                 w = y[2] - load(points[2].data() + s);
      const Simd term = load(weights.data() + s) * exp_of_negative(-0.5 * (u * u + v * v + w * w));
      value += term;
      slope[0] -= term * u;
      slope[1] -= term * v;
      slope[2] -= term * w;
    }
    return {sum(value),
            {sum(slope[0]) * inverse_theta[0], sum(slope[1]) * inverse_theta[1], sum(slope[2]) * inverse_theta[2]}};
  }

  double add_triplet(const Neighbours &js, int j, const Neighbours &ks, int k, Evaluation &result) const
  {
    const double to_j[3] = {js.x[j], js.y[j], js.z[j]}, to_k[3] = {ks.x[k], ks.y[k], ks.z[k]};
    const double across[3] = {to_k[0] - to_j[0], to_k[1] - to_j[1], to_k[2] - to_j[2]};
    const double r_j = js.r[j], r_k = ks.r[k];
    const double r_jk = std::sqrt(across[0] * across[0] + across[1] * across[1] + across[2] * across[2]);
    const double difference = r_j - r_k;
    const Sum e = gaussians(r_j + r_k, difference * difference, r_jk);
    const double cut_j = of_j.values[j], cut_k = of_k.values[k], cut = 2.0 * cut_j * cut_k;
    const double of_r_j = cut * (e.slope[0] + 2.0 * difference * e.slope[1]) + 2.0 * e.value * of_j.slopes[j] * cut_k;
    const double of_r_k = cut * (e.slope[0] - 2.0 * difference * e.slope[1]) + 2.0 * e.value * cut_j * of_k.slopes[k];
    const double of_r_jk = cut * e.slope[2] / r_jk;
    double g_j[3], g_k[3];
    for (int a = 0; a < 3; ++a) {
      g_j[a] = of_r_j * to_j[a] / r_j - of_r_jk * across[a];
      g_k[a] = of_r_k * to_k[a] / r_k + of_r_jk * across[a];
    }
    add_gradient(result, js.centre, js.index[j], to_j, g_j);
    add_gradient(result, ks.centre, ks.index[k], to_k, g_k);
    return cut * e.value;
  }

  int middle, one, other;    // atomic numbers: of the centre, and of its neighbours in either order
  Cutoff cutoff;
  int n_sparse;
  double inverse_theta[3];
  Buffer points[3], weights;    // in units of theta
  Cuts of_j, of_k;
};

std::unique_ptr<DescriptorTerm> make(const GapDescriptor &descriptor)
{
  bool is_fit = descriptor.dimensions == 3 && descriptor.cutoff() > 0.0;
  for (const double theta : descriptor.theta) is_fit = is_fit && theta > 0.0;
  if (!is_fit) throw NotCovered("the thetas and the cutoff of its angle_3b are not all greater than 0");
  return std::make_unique<ThreeBody>(descriptor);
}

const Registration
    angle_3b({"angle_3b", Covariance::squared_exponential, {"cutoff", "cutoff_transition_width"}, {}, make});

}    // namespace

}    // namespace deckgen
