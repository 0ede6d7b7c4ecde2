// distance_2b: a sum over sparse Gaussians is one function of the distance; it is tabulated.
#include "gap/descriptors/cutoff.h"
#include "gap/descriptor_term.h"
#include "numerics/hermite_table.h"

#include <cmath>

namespace deckgen {

namespace {

class TwoBody : public DescriptorTerm {
 public:
  explicit TwoBody(const GapDescriptor &d) :
      cutoff{d.cutoff(), d.number("cutoff_transition_width", 0.5)},
      table(1, cutoff.radius, d.theta[0], 1e-12, [&](long double r, std::vector<Jet> &jets) { sample(d, r, jets[0]); })
  {
  }

  void add(const Shell *shells, size_t n_shells, Evaluation &result) override
  {
    for (size_t i = 0; i < n_shells; ++i) {
      const Shell &shell = shells[i];
      double energy = 0.0;
      for (int k = 0; k < shell.count; ++k) energy += add_pair(shell, k, result);
      result.atom_energies[shell.centre] += energy;
    }
  }

 private:
  static void sample(const GapDescriptor &d, long double r, Jet &jet)
  {
    jet = Jet();
    const long double theta = d.theta[0];
    for (int s = 0; s < d.n_sparse; ++s) {
      const long double u = (r - d.sparse[s]) / theta;
      const long double gaussian = d.weights[s] * static_cast<long double>(d.delta) * d.delta * std::exp(-0.5L * u * u);
      jet.value += gaussian;
      jet.slope -= gaussian * u / theta;
      jet.curvature += gaussian * (u * u - 1.0L) / (theta * theta);
    }
  }

  double add_pair(const Shell &shell, int k, Evaluation &result) const
  {
    const double r = shell.r[k];
    double value, slope, cut, cut_slope;
    table.evaluate(r, value, slope);
    cutoff.evaluate(r, cut, cut_slope);
    const double pull = (slope * cut + value * cut_slope) / r;
    const double x = shell.x[k], y = shell.y[k], z = shell.z[k];
    add_gradient(result, shell.centre, shell.index[k], {x, y, z}, {pull * x, pull * y, pull * z});
    return value * cut;
  }

  Cutoff cutoff;
  HermiteTable table;
};

}    // namespace

std::unique_ptr<DescriptorTerm> make_two_body(const GapDescriptor &descriptor)
{
  if (descriptor.dimensions != 1 || !(descriptor.theta[0] > 0.0) || !(descriptor.cutoff() > 0.0))
    throw NotCovered("its distance_2b has no theta or cutoff greater than 0");
  try {
    return std::make_unique<TwoBody>(descriptor);
  } catch (const std::runtime_error &error) {
    throw NotCovered(std::string("its distance_2b: ") + error.what());
  }
}

}    // namespace deckgen
