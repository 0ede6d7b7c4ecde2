// The native evaluator of a GAP: energies, forces and virials, without QUIP.
#pragma once

#include "descriptor_term.h"

#include <memory>
#include <vector>

namespace deckgen {

class GapEvaluator {
 public:
  // Throws NotCovered if a parameter is beyond what is covered.
  explicit GapEvaluator(const GapModel &model);

  // The neighbours of each centre must reach as far as the cutoff, and may reach further.
  void evaluate(const Atoms &atoms, Evaluation &result);

 private:
  // Descriptors of one cutoff share their neighbours.
  struct Reach {
    Shells shells;
    std::vector<std::unique_ptr<DescriptorTerm>> terms;
  };

  Reach &reach_of(double cutoff);
  void begin(const Atoms &atoms, Evaluation &result) const;

  int species;
  std::vector<double> e0;    // eV, by atomic number
  std::vector<Reach> reaches;
};

}    // namespace deckgen
