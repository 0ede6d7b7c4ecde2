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
  int n_permutations = 1;
  double delta = 0.0;    // eV
  double zeta = 0.0;
  std::vector<double> theta;      // [dimensions], of the Gaussian kernels
  std::vector<double> weights;    // [n_sparse], alpha times sparseCutoff
  std::vector<double> sparse;     // [n_sparse][dimensions]
  bool of_any_element = false;    // it names none: all atoms are of one kind to it

  // A number among the options, or `otherwise` where it is not given.
  double number(const std::string &key, double otherwise) const;
  double cutoff() const;    // angstrom

  // The atomic numbers that an option lists; 0, which stands for any element, of a descriptor that names none. Throws
  // NotCovered if there is no such option, or if it has one that stands for any element beside others.
  std::vector<int> elements(const std::string &key) const;

  // The only one of them.
  int element(const std::string &key) const;
};

struct GapModel {
  std::vector<int> elements;    // atomic numbers that its descriptors name, rising; {0} if they name none
  double e0[119] = {};          // eV, by atomic number
  std::vector<GapDescriptor> descriptors;

  double cutoff() const;
};

// Reads the xml and its files of sparse points, which check_potential has passed. `arguments` is QUIP's own string.
// Throws NotCovered if the potential holds anything that the native evaluator does not know.
GapModel read_gap_model(const std::string &file, const std::string &arguments);

}    // namespace deckgen
