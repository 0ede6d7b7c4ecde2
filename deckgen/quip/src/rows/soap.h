// SOAP vectors of a cluster's atoms and their derivatives, written out: what a fit multiplies by its sparse points. (The
// evaluator never forms them; it works backwards from the energy.)
#pragma once

#include "gap/descriptors/soap/radial.h"
#include "numerics/harmonics.h"
#include "rows/gaussian.h"

#include <vector>

namespace deckgen {

class SoapVectors {
 public:
  // `densities`: the elements that have a density each, by atomic number, in the order of the potential's species_Z.
  SoapVectors(const SoapBasis &basis, const std::vector<int> &densities);

  // Components, in gap_fit's order: by pair of radial functions (function n of density s is number s n_max + n), then by l.
  // Its last one, which is 0, is left out.
  int size() const { return n_pairs * n_l; }

  // Writes x of one atom to out [size()], and returns the number of its neighbours.
  int value(const Cluster &cluster, int centre, double *out);

  // Writes x, then its derivatives with respect to the x, y and z of each neighbour, to out [1 + 3 neighbours][size()], and the
  // neighbours' numbers to `atoms`; returns how many there are. The derivative with respect to the centre is minus the
  // sum of the others.
  int gradients(const Cluster &cluster, int centre, int *atoms, double *out);

 private:
  struct Neighbour {
    int atom = 0;
    double r = 0.0;
    double unit[3] = {};
  };

  // Up to `lanes` neighbours of one density, which are computed together.
  struct Group {
    int first = 0, count = 0;
    int function = 0;    // first radial function of its density
  };

  void find_neighbours(const Cluster &cluster, int centre);
  void set_group(const Group &group);
  void expand(int element);
  void set_spectrum(double *out);
  void differentiate(const Group &group, int axis);
  void write_group(const Group &group, int axis, const double *x, double *out) const;
  double factor(int l, bool is_diagonal) const { return std::sqrt((is_diagonal ? 1.0 : 2.0) / (2.0 * l + 1.0)); }

  SoapBasis basis;
  std::vector<int> densities;
  int n_row, n_l, n_functions, n_pairs, n_harmonics;    // n_row: of the radial functions of one density
  SoapRadial radial;
  Harmonics harmonics;
  std::vector<Neighbour> neighbours;    // density by density
  std::vector<Group> groups;
  double inverse_norm = 0.0;
  std::vector<double> coefficients;    // [l m][function]
  Buffer values, slopes;             // of a group of neighbours, [l n][lane]: R_ln with its cutoff, and its derivative
  Buffer angular, angular_slopes;    // [l m][lane] and [axis][l m][lane]: Y_lm, and its derivative
  Buffer units, inverse_r;           // [axis][lane], [lane]
  Buffer of_coefficients;            // [m function][lane], for one l at a time
  Buffer of_spectrum;                // [component][lane]
};

// A block of products x . x_s and dx . x_s: row s holds, for one centre after the other, that of x and then those of its
// derivatives as `gradients` orders them.
struct SoapProducts {
  const double *data = nullptr;
  long stride = 0;
  int n_centres = 0;
  const int *centres = nullptr;    // [n_centres]
  const int *counts = nullptr;     // [n_centres]: neighbours
  const int *atoms = nullptr;      // those of one centre after the other
};

// Adds weights[s] (x . x_s)^zeta and its forces to the columns of `n_points` sparse points.
void add_soap_rows(const SoapProducts &products, int n_points, const double *weights, double zeta, const Rows &rows);

}    // namespace deckgen
