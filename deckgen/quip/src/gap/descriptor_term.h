// One descriptor of a GAP, ready to be evaluated.
#pragma once

#include "engine.h"
#include "gap/model.h"
#include "gap/neighbourhood.h"

#include <memory>
#include <vector>

namespace deckgen {

class DescriptorTerm {
 public:
  virtual ~DescriptorTerm() = default;

  // Adds what some of the atoms give to energies, forces and virials. The shells are of the descriptor's cutoff.
  virtual void add(const Shell *shells, size_t n_shells, Evaluation &result) = 0;
};

// Each throws NotCovered where its parameters are out of range.
std::unique_ptr<DescriptorTerm> make_two_body(const GapDescriptor &descriptor);
std::unique_ptr<DescriptorTerm> make_three_body(const GapDescriptor &descriptor);
std::unique_ptr<DescriptorTerm> make_soap(const GapDescriptor &descriptor);

}    // namespace deckgen
