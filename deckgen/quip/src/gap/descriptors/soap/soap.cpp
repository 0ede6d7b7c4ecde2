// soap: the power spectrum of each atom's neighbourhood, and the kernel with the sparse points. With several elements,
// each has a density of its own, and the spectrum is of all pairs of their radial functions: function n of element s is
// number s * n_max + n.
#include "gap/descriptor.h"
#include "gap/descriptors/soap/expansion.h"
#include "gap/descriptors/soap/kernel.h"

#include <algorithm>
#include <cmath>

namespace deckgen {

namespace {

int pairs_of(int n) { return n * (n + 1) / 2; }

int whole(const GapDescriptor &d, const std::string &key, int lowest, int highest)
{
  const double value = d.number(key, -1.0);
  if (value != std::floor(value) || value < lowest || value > highest)
    throw NotCovered("its soap has a " + key + " beyond " + std::to_string(lowest) + " .. " + std::to_string(highest));
  return static_cast<int>(value);
}

SoapBasis basis_of(const GapDescriptor &d)
{
  SoapBasis basis;
  basis.n_max = whole(d, "n_max", 1, 32);
  basis.l_max = whole(d, "l_max", 0, 24);
  basis.atom_sigma = d.number("atom_sigma", 0.0);
  basis.central_weight = d.number("central_weight", 1.0);
  basis.cutoff = {d.cutoff(), d.number("cutoff_transition_width", 0.5)};
  if (!(basis.atom_sigma > 0.0) || !(basis.cutoff.radius > 0.0) || !(basis.cutoff.width > 0.0))
    throw NotCovered("its soap has atom_sigma, cutoff or cutoff_transition_width that is not greater than 0");
  if (!(d.zeta > 0.0) || d.zeta > 64.0) throw NotCovered("its soap has a zeta beyond 0 .. 64");
  return basis;
}

// Whose densities it has, in its own order.
std::vector<int> densities_of(const GapDescriptor &d, const SoapBasis &basis)
{
  const std::vector<int> elements = d.elements("species_z");
  if (d.number("n_species", 1.0) != static_cast<double>(elements.size()))
    throw NotCovered("its soap has another n_species than elements in species_Z");
  const int functions = basis.n_max * static_cast<int>(elements.size());
  if (d.dimensions != pairs_of(functions) * (basis.l_max + 1) + 1)
    throw NotCovered("its soap has another number of dimensions than n_max, l_max and n_species give");
  return elements;
}

// gap_fit orders components by pair of radial functions, then by l; here l comes first, then the pair. gap_fit's last
// component is 0.
std::vector<double> reordered(const GapDescriptor &d, int n_functions, int n_l)
{
  const int pairs = pairs_of(n_functions);
  std::vector<double> points;
  for (int s = 0; s < d.n_sparse; ++s)
    for (int l = 0; l < n_l; ++l)
      for (int pair = 0; pair < pairs; ++pair)
        points.push_back(d.sparse[static_cast<size_t>(s) * d.dimensions + pair * n_l + l]);
  return points;
}

std::vector<double> scaled_weights(const GapDescriptor &d)
{
  std::vector<double> weights = d.weights;
  for (double &weight : weights) weight *= d.delta * d.delta;
  return weights;
}

class Soap : public DescriptorTerm {
 public:
  explicit Soap(const GapDescriptor &d) :
      basis(basis_of(d)), centres(d.elements("z")), densities(densities_of(d, basis)),
      n_functions(basis.n_max * static_cast<int>(densities.size())), expansion(basis),
      kernel(reordered(d, n_functions, basis.l_max + 1), scaled_weights(d), n_components(), d.zeta)
  {
  }

  void add(const Neighbourhood *neighbourhoods, size_t n_centres, Evaluation &result) override
  {
    block.clear();
    for (size_t i = 0; i < n_centres; ++i) {
      if (std::find(centres.begin(), centres.end(), neighbourhoods[i].element) == centres.end()) continue;
      block.push_back(neighbourhoods[i]);
      if (block.size() == largest_block) add_block(result);
    }
    add_block(result);
  }

 private:
  // Atoms per block: their coefficients and gradients stay in the cache while the sparse points stream past.
  static constexpr size_t largest_block = 192;

  int n_components() const { return pairs_of(n_functions) * (basis.l_max + 1); }
  int n_coefficients() const { return expansion.harmonics_count() * n_functions; }

  // Calls body(density, its neighbours, their first coefficient) for each element of an atom's neighbourhood.
  template <class Body> void each_density(const Neighbourhood &around, const Body &body) const
  {
    for (size_t s = 0; s < densities.size(); ++s)
      body(densities[s], around.of(densities[s]), static_cast<int>(s) * basis.n_max);
  }

  // The atom itself is part of its own element's density; where there is only one, it is part of that whatever it is.
  bool holds_centre(int density, const Neighbourhood &around) const
  {
    return densities.size() == 1 || density == around.element;
  }

  void add_block(Evaluation &result)
  {
    if (static_cast<int>(block.size()) != n_atoms) prepare(static_cast<int>(block.size()));
    each_lane([&](const Panel &panel, int atom, int lane) {
      double *c = coefficients.data() + panel.offset(n_coefficients()) + lane;
      each_density(block[atom], [&](int element, const Neighbours &neighbours, int first) {
        expansion.expand(neighbours, holds_centre(element, block[atom]), c + first * panel.width(), layout(panel));
      });
    });
    for (const Panel &panel : panels)
      for (int v = 0; v < panel.vectors; ++v) make_spectrum(panel, v);
    kernel.evaluate(panels, spectra.data(), energies.data(), gradients.data());
    for (const Panel &panel : panels)
      for (int v = 0; v < panel.vectors; ++v) {
        back_to_spectrum(panel, v);
        back_to_coefficients(panel, v);
      }
    each_lane([&](const Panel &panel, int atom, int lane) {
      result.atom_energies[block[atom].centre] += energies[panel.offset(1) + lane];
      const double *d = derivatives.data() + panel.offset(n_coefficients()) + lane;
      each_density(block[atom], [&](int, const Neighbours &neighbours, int first) {
        expansion.add_gradients(neighbours, d + first * panel.width(), layout(panel), result);
      });
    });
    block.clear();
  }

  SoapExpansion::Layout layout(const Panel &panel) const { return {n_functions * panel.width(), panel.width()}; }

  // Lanes without an atom keep coefficients of zero.
  void prepare(int n)
  {
    n_atoms = n;
    panels = make_panels(n);
    const size_t room = static_cast<size_t>(round_up(n, lanes));
    coefficients.clear(room * n_coefficients());
    derivatives.clear(room * n_coefficients());
    spectra.clear(room * kernel.row());
    gradients.clear(room * kernel.row());
    energies.clear(room);
    inverse_norms.clear(room);
  }

  template <class Body> void each_lane(const Body &body) const
  {
    for (const Panel &panel : panels)
      for (int lane = 0; lane < panel.width(); ++lane) {
        const int atom = panel.first * lanes + lane;
        if (atom < n_atoms) body(panel, atom, lane);
      }
  }

  // For the pair n' <= n: 1/sqrt(2l+1), times sqrt 2 if n' < n, as it stands for both orders.
  static double factor(int l, bool is_diagonal) { return std::sqrt((is_diagonal ? 1.0 : 2.0) / (2.0 * l + 1.0)); }

  // p_(l n n') = sum_m c_nlm c_n'lm, normalised.
  void make_spectrum(const Panel &panel, int v)
  {
    const double *c = coefficients.data() + panel.offset(n_coefficients()) + v * lanes;
    double *p = spectra.data() + panel.offset(kernel.row()) + v * lanes;
    const int width = panel.width(), row = n_functions;
    Simd norm = {};
    for (int l = 0, k = 0; l <= basis.l_max; ++l) {
      const double *cl = c + l * l * row * width;
      for (int n = 0; n < n_functions; ++n)
        for (int other = 0; other <= n; ++other, ++k) {
          Simd total = {};
          for (int m = 0; m <= 2 * l; ++m)
            total += load(cl + (m * row + n) * width) * load(cl + (m * row + other) * width);
          total *= factor(l, n == other);
          norm += total * total;
          store(p + k * width, total);
        }
    }
    Simd inverse;
    for (int w = 0; w < lanes; ++w) inverse[w] = norm[w] > 0.0 ? 1.0 / std::sqrt(norm[w]) : 0.0;
    store(inverse_norms.data() + (panel.first + v) * lanes, inverse);
    for (int k = 0; k < n_components(); ++k) store(p + k * width, load(p + k * width) * inverse);
  }

  // From the gradient with respect to x = p/|p| to that with respect to the sums that p is made of, in its place.
  void back_to_spectrum(const Panel &panel, int v)
  {
    const double *x = spectra.data() + panel.offset(kernel.row()) + v * lanes;
    double *g = gradients.data() + panel.offset(kernel.row()) + v * lanes;
    const int width = panel.width();
    Simd along = {};
    for (int k = 0; k < n_components(); ++k) along += load(g + k * width) * load(x + k * width);
    const Simd inverse = load(inverse_norms.data() + (panel.first + v) * lanes);
    for (int l = 0, k = 0; l <= basis.l_max; ++l)
      for (int n = 0; n < n_functions; ++n)
        for (int other = 0; other <= n; ++other, ++k)
          store(g + k * width, (load(g + k * width) - along * load(x + k * width)) * (inverse * factor(l, n == other)));
  }

  // dE/dc_nlm = sum_n' (dE/dp_nn' + dE/dp_n'n) c_n'lm
  void back_to_coefficients(const Panel &panel, int v)
  {
    const double *c = coefficients.data() + panel.offset(n_coefficients()) + v * lanes;
    const double *g = gradients.data() + panel.offset(kernel.row()) + v * lanes;
    double *d = derivatives.data() + panel.offset(n_coefficients()) + v * lanes;
    const int width = panel.width(), row = n_functions;
    for (int l = 0; l <= basis.l_max; ++l, g += pairs_of(n_functions) * width)
      for (int m = 0; m <= 2 * l; ++m, c += row * width, d += row * width)
        for (int n = 0; n < n_functions; ++n) {
          Simd total = load(g + (pairs_of(n) + n) * width) * load(c + n * width);
          for (int other = 0; other < n_functions; ++other) {
            const int pair = n > other ? pairs_of(n) + other : pairs_of(other) + n;
            total += load(g + pair * width) * load(c + other * width);
          }
          store(d + n * width, total);
        }
  }

  SoapBasis basis;
  std::vector<int> centres, densities;    // atomic numbers
  int n_functions;                        // radial functions of all densities
  SoapExpansion expansion;
  SoapKernel kernel;
  std::vector<Neighbourhood> block;    // of the atoms that are computed together
  int n_atoms = 0;
  std::vector<Panel> panels;
  Buffer coefficients, derivatives;    // [panel][l m][function][lane] of c and of dE/dc
  Buffer spectra, gradients;           // [panel][component][lane] of x and of dE/dx
  Buffer energies, inverse_norms;      // [panel][lane]
};

std::unique_ptr<DescriptorTerm> make(const GapDescriptor &descriptor) { return std::make_unique<Soap>(descriptor); }

const Registration
    soap({"soap",
          Covariance::dot_product,
          {"cutoff", "cutoff_transition_width", "n_max", "l_max", "atom_sigma", "central_weight", "n_species"},
          {{"normalise", "T"},
           {"average", "F"},
           {"diagonal_radial", "F"},
           {"covariance_sigma0", "0"},
           {"central_reference_all_species", "F"},
           {"radial_basis", "EQUISPACED_GAUSS"}},
          make});

}    // namespace

}    // namespace deckgen
