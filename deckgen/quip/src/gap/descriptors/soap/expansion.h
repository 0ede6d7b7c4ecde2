// The density of one atom's neighbours of one element, expanded in radial functions and spherical harmonics, and the way
// back: from the derivative of the energy with respect to the coefficients to the gradient for each neighbour.
#pragma once

#include "gap/descriptors/soap/radial.h"
#include "gap/neighbourhood.h"
#include "numerics/harmonics.h"

namespace deckgen {

class SoapExpansion {
 public:
  explicit SoapExpansion(const SoapBasis &basis);

  // Where coefficients c_nlm lie, ordered [l][m][n]: `row` numbers from one m to the next, `stride` from one n to the next.
  struct Layout {
    int row, stride;
  };

  int harmonics_count() const { return n_harmonics; }

  // Writes the coefficients; `with_centre`: of the atom itself as well.
  void expand(const Neighbours &neighbours, bool with_centre, double *c, const Layout &layout);

  // `d` holds the derivatives of the energy with respect to the coefficients.
  void add_gradients(const Neighbours &neighbours, const double *d, const Layout &layout, Evaluation &result);

 private:
  void tabulate(const Neighbours &neighbours, int group, bool with_slopes);
  void set_directions(const Neighbours &neighbours, int group);
  void harmonics_of(const Neighbours &neighbours);
  void contract(const Neighbours &neighbours);
  void contract_back(int groups, int group, const double *d);
  void gradients_of(const Neighbours &neighbours, int group, Evaluation &result);

  SoapBasis basis;
  int n_row, n_harmonics;
  SoapRadial radial;
  Harmonics harmonics;
  Buffer values, slopes;        // [l n][group][lane]: R_ln and its derivative
  Buffer angular;               // [l m][group][lane]: Y_lm
  Buffer by_neighbour;          // [2][lane][l n]: before the transposition
  Buffer sums;                  // [l m n][lane]: the sum over groups
  Buffer totals;                // [l m n]: the sum over all neighbours, and the derivative of the energy by it
  Buffer d_values, d_slopes;    // [l m][lane]: sum_n D_lmn R_ln and the same with the derivative
};

}    // namespace deckgen
