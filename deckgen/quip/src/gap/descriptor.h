// A descriptor of a GAP: what each kind of it tells the rest of the evaluator, and the list of all kinds. A new one is a
// new file in gap/descriptors/ that holds its DescriptorTerm and a Registration; nothing else names it.
#pragma once

#include "engine.h"
#include "gap/model.h"
#include "gap/neighbourhood.h"

#include <map>
#include <memory>
#include <set>
#include <string>

namespace deckgen {

// One descriptor of a model, ready to be evaluated.
class DescriptorTerm {
 public:
  virtual ~DescriptorTerm() = default;

  // Adds the contribution of some of the atoms to energies, forces and virials. The neighbourhoods reach as far as the
  // descriptor's cutoff.
  virtual void add(const Neighbourhood *neighbourhoods, size_t n_centres, Evaluation &result) = 0;
};

// gap_fit's number for the kernel of a descriptor. A squared exponential has a theta for each dimension.
enum class Covariance { squared_exponential = 1, dot_product = 2 };

struct DescriptorKind {
  std::string name;    // QUIP's
  Covariance covariance;
  std::set<std::string> read;                  // the options that it heeds
  std::map<std::string, std::string> fixed;    // options that may be given, but with this value only
  // Throws NotCovered if a parameter is out of range.
  std::unique_ptr<DescriptorTerm> (*make)(const GapDescriptor &descriptor);
  bool may_be_permuted = false;    // the permutations that it may have change nothing
};

// Adds a kind to the list while the library is being loaded: a constant in the descriptor's own file.
class Registration {
 public:
  explicit Registration(const DescriptorKind &kind);
};

// The kind of this name, or nullptr.
const DescriptorKind *find_kind(const std::string &name);

}    // namespace deckgen
