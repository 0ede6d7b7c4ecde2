// A GAP as gap_fit writes it, as far as the native evaluator covers it.
#pragma once

#include "gap/not_covered.h"

#include "text/options.h"

#include <string>
#include <vector>

namespace deckgen {

struct DescriptorKind;

// One <gpCoordinates>: a descriptor, its kernel and its sparse points.
struct GapDescriptor {
  const DescriptorKind *kind = nullptr;
  Options options;    // of the descriptor
  int dimensions = 0;
  int n_sparse = 0;
  double delta = 0.0;    // eV
  double zeta = 0.0;
  std::vector<double> theta;      // [dimensions], of the Gaussian kernels
  std::vector<double> weights;    // [n_sparse], alpha times sparseCutoff
  std::vector<double> sparse;     // [n_sparse][dimensions]

  // A number among the options, or `otherwise` where it is not given.
  double number(const std::string &key, double otherwise) const;
  double cutoff() const;    // angstrom

  // The atomic numbers that an option lists. Throws NotCovered if there is none, or one that stands for any element.
  std::vector<int> elements(const std::string &key) const;

  // The only one of them.
  int element(const std::string &key) const;
};

struct GapModel {
  std::vector<int> elements;    // atomic numbers that its descriptors name, rising
  double e0[119] = {};          // eV, by atomic number
  std::vector<GapDescriptor> descriptors;

  double cutoff() const;
};

// Reads the xml and its files of sparse points, which check_potential has passed. `arguments` is QUIP's own string.
// Throws NotCovered if the potential holds anything that the native evaluator does not know.
GapModel read_gap_model(const std::string &file, const std::string &arguments);

}    // namespace deckgen
