// angle_3b: x = (r_ij + r_ik, (r_ij - r_ik)^2, r_jk), summed over the sparse Gaussians. Both orders of the neighbours
// j and k give the same x: one is computed and doubled.
#include "gap/descriptor.h"
#include "gap/descriptors/cutoff.h"

#include <cmath>

namespace deckgen {

namespace {

class ThreeBody : public DescriptorTerm {
 public:
  explicit ThreeBody(const GapDescriptor &d) :
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
      const Neighbourhood &neighbours = neighbourhoods[i];
      set_cutoffs(neighbours);
      double energy = 0.0;
      for (int j = 0; j < neighbours.count; ++j)
        for (int k = j + 1; k < neighbours.count; ++k) energy += add_triplet(neighbours, j, k, result);
      result.atom_energies[neighbours.centre] += energy;
    }
  }

 private:
  struct Sum {
    double value;
    double slope[3];    // with respect to x
  };

  void set_cutoffs(const Neighbourhood &neighbours)
  {
    cuts.resize(neighbours.count);
    cut_slopes.resize(neighbours.count);
    for (int k = 0; k < neighbours.count; ++k) cutoff.evaluate(neighbours.r[k], cuts[k], cut_slopes[k]);
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

  double add_triplet(const Neighbourhood &neighbours, int j, int k, Evaluation &result) const
  {
    const double to_j[3] = {neighbours.x[j], neighbours.y[j], neighbours.z[j]},
                 to_k[3] = {neighbours.x[k], neighbours.y[k], neighbours.z[k]};
    const double across[3] = {to_k[0] - to_j[0], to_k[1] - to_j[1], to_k[2] - to_j[2]};
    const double r_j = neighbours.r[j], r_k = neighbours.r[k];
    const double r_jk = std::sqrt(across[0] * across[0] + across[1] * across[1] + across[2] * across[2]);
    const double difference = r_j - r_k;
    const Sum e = gaussians(r_j + r_k, difference * difference, r_jk);
    const double cut = 2.0 * cuts[j] * cuts[k];
    const double of_r_j = cut * (e.slope[0] + 2.0 * difference * e.slope[1]) + 2.0 * e.value * cut_slopes[j] * cuts[k];
    const double of_r_k = cut * (e.slope[0] - 2.0 * difference * e.slope[1]) + 2.0 * e.value * cuts[j] * cut_slopes[k];
    const double of_r_jk = cut * e.slope[2] / r_jk;
    double g_j[3], g_k[3];
    for (int a = 0; a < 3; ++a) {
      g_j[a] = of_r_j * to_j[a] / r_j - of_r_jk * across[a];
      g_k[a] = of_r_k * to_k[a] / r_k + of_r_jk * across[a];
    }
    add_gradient(result, neighbours.centre, neighbours.index[j], to_j, g_j);
    add_gradient(result, neighbours.centre, neighbours.index[k], to_k, g_k);
    return cut * e.value;
  }

  Cutoff cutoff;
  int n_sparse;
  double inverse_theta[3];
  Buffer points[3], weights;    // in units of theta
  Buffer cuts, cut_slopes;      // of each neighbour
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
