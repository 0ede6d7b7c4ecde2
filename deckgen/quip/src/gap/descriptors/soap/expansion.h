// The density of one atom's neighbours expanded in radial functions and spherical harmonics, and the way back: from the
// derivative of the energy with respect to the coefficients to the gradient for each neighbour.
#pragma once

#include "gap/descriptors/soap/radial.h"
#include "gap/neighbourhood.h"
#include "numerics/harmonics.h"

namespace deckgen {

class SoapExpansion {
 public:
  explicit SoapExpansion(const SoapBasis &basis);

  // Coefficients c_nlm are ordered [l][m][n]; a row of n is filled up to `row()`.
  int row() const { return n_row; }
  int size() const { return n_harmonics * n_row; }

  // Writes coefficient k to c[k * stride].
  void expand(const Neighbourhood &neighbours, double *c, int stride);

  // `d` holds the derivatives of the energy with respect to the coefficients.
  void add_gradients(const Neighbourhood &neighbours, const double *d, Evaluation &result);

 private:
  void tabulate(const Neighbourhood &neighbours, int group, bool with_slopes);
  void set_directions(const Neighbourhood &neighbours, int group);
  void harmonics_of(const Neighbourhood &neighbours);
  void contract(const Neighbourhood &neighbours);
  void contract_back(int groups, int group, const double *d);
  void gradients_of(const Neighbourhood &neighbours, int group, Evaluation &result);

  SoapBasis basis;
  int n_row, n_harmonics;
  SoapRadial radial;
  Harmonics harmonics;
  Buffer values, slopes;        // [l n][group][lane]: R_ln and its derivative
  Buffer angular;               // [l m][group][lane]: Y_lm
  Buffer by_neighbour;          // [2][lane][l n]: before the transposition
  Buffer sums;                  // [l m n][lane]: the sum over groups
  Buffer d_values, d_slopes;    // [l m][lane]: sum_n D_lmn R_ln and the same with the derivative
};

}    // namespace deckgen
