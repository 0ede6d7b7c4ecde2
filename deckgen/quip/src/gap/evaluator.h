// The native evaluator of a GAP: energies, forces and virials, without QUIP.
#pragma once

#include "gap/descriptor.h"

#include <memory>
#include <vector>

namespace deckgen {

class GapEvaluator {
 public:
  // Throws NotCovered if a parameter is beyond what is covered. Each thread takes a share of the atoms, and
  // holds its own copy of the sparse points.
  explicit GapEvaluator(const GapModel &model, int n_threads = 1);

  // The neighbours of each centre must reach as far as the cutoff, and may reach further.
  void evaluate(const Atoms &atoms, Evaluation &result);

 private:
  // What one thread works with. The first one adds to the result itself.
  struct Share {
    std::vector<std::unique_ptr<DescriptorTerm>> terms;    // one per descriptor
    Evaluation part;
  };

  size_t reach_of(double cutoff);
  void add_isolated_atoms(const Atoms &atoms, Evaluation &result) const;
  void add_share(size_t thread, Evaluation &result);

  Elements elements;
  std::vector<double> e0;                 // eV, by atomic number
  std::vector<Neighbourhoods> reaches;    // descriptors of one cutoff share their neighbours
  std::vector<size_t> reach_of_term;
  std::vector<Share> shares;
};

}    // namespace deckgen
