// distance_2b, and distance_Nb of order 2, which is the same: the sum over the sparse Gaussians is a function of the
// distance alone, so it is tabulated.
#include "gap/descriptor.h"
#include "gap/descriptors/cutoff.h"
#include "numerics/hermite_table.h"

#include <algorithm>
#include <cmath>

namespace deckgen {

namespace {

class TwoBody : public DescriptorTerm {
 public:
  TwoBody(const GapDescriptor &d, int one_, int other_) :
      one(one_), other(other_), cutoff{d.cutoff(), d.number("cutoff_transition_width", 0.5)},
      table(
          1, cutoff.radius, d.theta[0], 1e-12, [&](long double r, std::vector<Jet> &jets) { sample(d, r, jets[0]); },
          rounding(d))
  {
  }

  void add(const Neighbourhood *neighbourhoods, size_t n_centres, Evaluation &result) override
  {
    for (size_t i = 0; i < n_centres; ++i) {
      const Neighbourhood &around = neighbourhoods[i];
      if (around.element == one) add_pairs(around.of(other), result);
      if (around.element == other && one != other) add_pairs(around.of(one), result);
    }
  }

 private:
  // In eV. Fits with small regularisation have weights that cancel to some millionths: QUIP's sum of them, in double
  // precision, is known to 1e-16 of their sizes. A hundredth of that is asked for: long double gives little more.
  static double rounding(const GapDescriptor &d)
  {
    double sizes = 0.0;
    for (const double weight : d.weights) sizes += std::fabs(weight) * d.delta * d.delta;
    return 1e-18 * sizes;
  }

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

  void add_pairs(const Neighbours &neighbours, Evaluation &result) const
  {
    double energy = 0.0;
    for (int k = 0; k < neighbours.count; ++k) energy += add_pair(neighbours, k, result);
    result.atom_energies[neighbours.centre] += energy;
  }

  double add_pair(const Neighbours &neighbours, int k, Evaluation &result) const
  {
    const double r = neighbours.r[k];
    double value, slope, cut, cut_slope;
    table.evaluate(r, value, slope);
    cutoff.evaluate(r, cut, cut_slope);
    const double pull = (slope * cut + value * cut_slope) / r;
    const double x = neighbours.x[k], y = neighbours.y[k], z = neighbours.z[k];
    add_gradient(result, neighbours.centre, neighbours.index[k], {x, y, z}, {pull * x, pull * y, pull * z});
    return value * cut;
  }

  int one, other;    // atomic numbers: pairs of these two, in either order
  Cutoff cutoff;
  HermiteTable table;
};

std::unique_ptr<DescriptorTerm> make_pairs(const GapDescriptor &descriptor, int one, int other)
{
  const std::string &name = descriptor.kind->name;
  if (descriptor.dimensions != 1 || !(descriptor.theta[0] > 0.0) || !(descriptor.cutoff() > 0.0))
    throw NotCovered("the theta and the cutoff of its " + name + " are not both greater than 0");
  try {
    return std::make_unique<TwoBody>(descriptor, one, other);
  } catch (const std::runtime_error &error) {
    throw NotCovered("its " + name + ": " + error.what());
  }
}

std::unique_ptr<DescriptorTerm> make(const GapDescriptor &descriptor)
{
  return make_pairs(descriptor, descriptor.element("z1"), descriptor.element("z2"));
}

std::unique_ptr<DescriptorTerm> make_of_order_two(const GapDescriptor &descriptor)
{
  const std::vector<int> pair = descriptor.elements("z");
  if (descriptor.number("order", 0.0) != 2.0 || pair.size() != 2)
    throw NotCovered("it has a distance_Nb of another order than 2");
  return make_pairs(descriptor, pair[0], pair[1]);
}

const Registration distance_2b({"distance_2b",
                                Covariance::squared_exponential,
                                {"cutoff", "cutoff_transition_width"},
                                {{"only_intra", "F"}, {"only_inter", "F"}},
                                make});

const Registration distance_nb({"distance_Nb",
                                Covariance::squared_exponential,
                                {"cutoff", "cutoff_transition_width", "order", "compact_clusters"},
                                {},
                                make_of_order_two,
                                true});

}    // namespace

}    // namespace deckgen
