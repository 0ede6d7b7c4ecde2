// Pairs and triplets of a cluster, and their share of a fit's design matrix: a column per sparse point, a row per energy
// and force component.
#pragma once

#include <vector>

namespace deckgen {

// A free cluster: positions [n][3] in angstrom, atomic numbers [n].
struct Cluster {
  const double *positions = nullptr;
  const int *elements = nullptr;
  int n = 0;
};

// Where a cluster's rows of the design matrix lie: column s begins at data + s * stride. Row 0 is the energy (eV), then
// come the force components (eV/A), atom by atom.
struct Rows {
  double *data = nullptr;
  long stride = 0;
};

// One pair or triplet: what it is described by, its cutoff function, how often it counts, and the derivatives of both.
struct Instance {
  int n_atoms = 0, dimensions = 0;
  int atoms[3] = {};
  double multiplicity = 0.0;
  double x[3] = {};
  double cut = 0.0;
  double slope_of_x[3][9] = {};    // [dimension][atom, component]
  double slope_of_cut[9] = {};
};

// A descriptor with a squared exponential kernel.
struct GaussianKernel {
  double cutoff = 0.0, width = 0.0;    // angstrom
  int n_points = 0;
  const double *theta = nullptr;      // [dimensions]
  const double *points = nullptr;     // [n_points][dimensions]
  const double *weights = nullptr;    // [n_points]: delta^2, and the cutoff of the sparse point
};

// distance_2b: every bond of two elements, in either order; it counts twice.
std::vector<Instance> pairs_of(const Cluster &cluster, const int (&elements)[2], double cutoff, double width);

// angle_3b: every centre of the first element with neighbours of the other two, in either order; it counts twice.
std::vector<Instance> triplets_of(const Cluster &cluster, const int (&elements)[3], double cutoff, double width);

void add_gaussian_rows(const std::vector<Instance> &instances, const GaussianKernel &kernel, const Rows &rows);

}    // namespace deckgen
