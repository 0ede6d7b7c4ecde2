// soap: the power spectrum of each atom's neighbourhood, and the kernel with the sparse points.
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
  if (d.dimensions != pairs_of(basis.n_max) * (basis.l_max + 1) + 1)
    throw NotCovered("its soap has another number of dimensions than n_max and l_max give");
  return basis;
}

// gap_fit orders components by pair of radial functions, then by l; here l comes first, then the pair. gap_fit's last
// component is 0.
std::vector<double> reordered(const GapDescriptor &d, const SoapBasis &basis)
{
  const int pairs = pairs_of(basis.n_max), n_l = basis.l_max + 1;
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
      basis(basis_of(d)), expansion(basis), kernel(reordered(d, basis), scaled_weights(d), n_components(), d.zeta)
  {
  }

  void add(const Neighbourhood *neighbourhoods, size_t n_centres, Evaluation &result) override
  {
    for (size_t first = 0; first < n_centres; first += largest_block) {
      const size_t count = std::min(largest_block, n_centres - first);
      add_block(neighbourhoods + first, static_cast<int>(count), result);
    }
  }

 private:
  // Atoms per block: their coefficients and gradients stay in the cache while the sparse points stream past.
  static constexpr size_t largest_block = 192;

  int n_components() const { return pairs_of(basis.n_max) * (basis.l_max + 1); }

  void add_block(const Neighbourhood *neighbourhoods, int n, Evaluation &result)
  {
    if (n != n_atoms) prepare(n);
    each_lane([&](const Panel &panel, int atom, int lane) {
      expansion.expand(neighbourhoods[atom], coefficients.data() + panel.offset(expansion.size()) + lane,
                       panel.width());
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
      result.atom_energies[neighbourhoods[atom].centre] += energies[panel.offset(1) + lane];
      const double *d = derivatives.data() + panel.offset(expansion.size()) + lane;
      for (int k = 0; k < expansion.size(); ++k) of_one_atom[k] = d[k * panel.width()];
      expansion.add_gradients(neighbourhoods[atom], of_one_atom.data(), result);
    });
  }

  // Lanes without an atom keep coefficients of zero.
  void prepare(int n)
  {
    n_atoms = n;
    panels = make_panels(n);
    const size_t room = static_cast<size_t>(round_up(n, lanes));
    coefficients.clear(room * expansion.size());
    derivatives.clear(room * expansion.size());
    spectra.clear(room * kernel.row());
    gradients.clear(room * kernel.row());
    energies.clear(room);
    inverse_norms.clear(room);
    of_one_atom.resize(expansion.size());
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
    const double *c = coefficients.data() + panel.offset(expansion.size()) + v * lanes;
    double *p = spectra.data() + panel.offset(kernel.row()) + v * lanes;
    const int width = panel.width(), row = expansion.row();
    Simd norm = {};
    for (int l = 0, k = 0; l <= basis.l_max; ++l) {
      const double *cl = c + l * l * row * width;
      for (int n = 0; n < basis.n_max; ++n)
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
      for (int n = 0; n < basis.n_max; ++n)
        for (int other = 0; other <= n; ++other, ++k)
          store(g + k * width, (load(g + k * width) - along * load(x + k * width)) * (inverse * factor(l, n == other)));
  }

  // dE/dc_nlm = sum_n' (dE/dp_nn' + dE/dp_n'n) c_n'lm
  void back_to_coefficients(const Panel &panel, int v)
  {
    const double *c = coefficients.data() + panel.offset(expansion.size()) + v * lanes;
    const double *g = gradients.data() + panel.offset(kernel.row()) + v * lanes;
    double *d = derivatives.data() + panel.offset(expansion.size()) + v * lanes;
    const int width = panel.width(), row = expansion.row();
    for (int l = 0; l <= basis.l_max; ++l, g += pairs_of(basis.n_max) * width)
      for (int m = 0; m <= 2 * l; ++m, c += row * width, d += row * width)
        for (int n = 0; n < basis.n_max; ++n) {
          Simd total = load(g + (pairs_of(n) + n) * width) * load(c + n * width);
          for (int other = 0; other < basis.n_max; ++other) {
            const int pair = n > other ? pairs_of(n) + other : pairs_of(other) + n;
            total += load(g + pair * width) * load(c + other * width);
          }
          store(d + n * width, total);
        }
  }

  SoapBasis basis;
  SoapExpansion expansion;
  SoapKernel kernel;
  int n_atoms = 0;
  std::vector<Panel> panels;
  Buffer coefficients, derivatives;    // [panel][component][lane] of c and of dE/dc
  Buffer spectra, gradients;           // the same of x and of dE/dx
  Buffer energies, inverse_norms;      // [panel][lane]
  Buffer of_one_atom;                  // dE/dc
};

std::unique_ptr<DescriptorTerm> make(const GapDescriptor &descriptor) { return std::make_unique<Soap>(descriptor); }

const Registration soap({"soap",
                         Covariance::dot_product,
                         {"cutoff", "cutoff_transition_width", "n_max", "l_max", "atom_sigma", "central_weight"},
                         {{"n_species", "1"}, {"normalise", "T"}, {"average", "F"}, {"diagonal_radial", "F"}},
                         make});

}    // namespace

}    // namespace deckgen
