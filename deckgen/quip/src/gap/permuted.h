// The same atoms in another order: what a potential gives must not depend on it.
#pragma once

#include "engine.h"

#include <vector>

namespace deckgen {

// Local atoms in a random order, the same on every call; ghosts stay where they are. `atoms` must outlive it.
class PermutedAtoms {
 public:
  explicit PermutedAtoms(const Atoms &atoms);
  PermutedAtoms(const PermutedAtoms &) = delete;
  PermutedAtoms &operator=(const PermutedAtoms &) = delete;
  const Atoms &atoms() const { return permuted; }

 private:
  void place_atoms(const Atoms &atoms, const std::vector<int> &order);
  void place_neighbours(const Atoms &atoms, const std::vector<int> &order);

  std::vector<int> places;    // of each atom, in the new order
  std::vector<int> atomic_numbers, tags, centres, neighbour_counts, neighbours;
  std::vector<double> positions;
  Atoms permuted;
};

// Throws if an engine gives these atoms another energy (eV) when they are in another order.
void check_order(Engine &engine, const Atoms &atoms, double energy);

}    // namespace deckgen
