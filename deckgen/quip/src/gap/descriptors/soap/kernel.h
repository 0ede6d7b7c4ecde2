// The energy of SOAP vectors, sum_s w_s (x . x_s)^zeta, and its gradient: two matrix products with the sparse points.
#pragma once

#include "numerics/simd.h"

#include <vector>

namespace deckgen {

// Atoms that are computed together: each has a lane of one of up to three vectors. Component k of the panel's data is
// a row of `width()` numbers.
struct Panel {
  static constexpr int widest = 3;
  int first = 0;    // vector of the whole block
  int vectors = 0;
  int width() const { return vectors * lanes; }
  // Where its data begins in an array with `n` components per atom.
  size_t offset(int n) const { return static_cast<size_t>(first) * lanes * n; }
};

// The fewest panels that hold so many atoms, as even in width as possible.
std::vector<Panel> make_panels(int n_atoms);

class SoapKernel {
 public:
  // `points` [n_sparse][n_components], `weights` [n_sparse].
  SoapKernel(const std::vector<double> &points, const std::vector<double> &weights, int n_components, double zeta);

  // Components of a vector, filled up with zeros.
  int row() const { return n_row; }

  // For all panels, from x [row()][width]: energies [width] and the gradient [row()][width].
  void evaluate(const std::vector<Panel> &panels, const double *x, double *energies, double *gradient);

 private:
  void add_block(const Panel &panel, int first, int count, const double *x, double *energies, double *gradient);

  int n_row, n_sparse;
  double zeta;
  int block;        // sparse points that are used for all panels before the next ones are read
  Buffer points;    // [n_sparse][n_row]
  std::vector<double> weights;
  Buffer factors;    // [block][width]: derivatives of the energy with respect to the products x . x_s
};

}    // namespace deckgen
