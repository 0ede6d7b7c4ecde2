// The radial part of SOAP: the Gaussian of a neighbour, projected on orthonormal combinations of equispaced Gaussians.
#pragma once

#include "gap/descriptors/cutoff.h"
#include "numerics/hermite_table.h"

#include <memory>
#include <vector>

namespace deckgen {

struct SoapBasis {
  int n_max = 0, l_max = 0;
  double atom_sigma = 0.0, central_weight = 1.0;
  Cutoff cutoff;
};

// Without the cutoff function, which has a corner where its transition begins: R_ln is function l * row + n - 1.
class SoapRadial {
 public:
  SoapRadial(const SoapBasis &basis, int row);

  const HermiteTable &table() const { return *functions; }

  // What the atom itself adds to c_n00, without Y_00.
  const std::vector<double> &of_centre() const { return centre; }

 private:
  void solve(const SoapBasis &basis);
  void sample(const SoapBasis &basis, int row, long double r, std::vector<Jet> &jets) const;

  long double alpha = 0.0L;                 // of exp(-alpha r^2)
  std::vector<long double> positions;       // of the Gaussians of the basis
  std::vector<long double> combinations;    // [n_max][n_max]: T
  std::vector<double> centre;
  std::unique_ptr<HermiteTable> functions;
};

}    // namespace deckgen
