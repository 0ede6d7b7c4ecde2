#include "gap/permuted.h"

#include "numerics/hash.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <stdexcept>
#include <string>

namespace deckgen {

namespace {

constexpr double largest_difference = 1e-6;    // eV per atom
constexpr int which = 3;                       // of the random numbers of an atom

// The old place of the atom at each new one.
std::vector<int> random_order(const Atoms &atoms)
{
  std::vector<int> order(static_cast<size_t>(atoms.n_local) + atoms.n_ghost);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.begin() + atoms.n_local,
            [&](int a, int b) { return random_number(atoms.tags[a], which) < random_number(atoms.tags[b], which); });
  return order;
}

}    // namespace

PermutedAtoms::PermutedAtoms(const Atoms &atoms) : permuted(atoms)
{
  const std::vector<int> order = random_order(atoms);
  places.resize(order.size());
  for (size_t i = 0; i < order.size(); ++i) places[order[i]] = static_cast<int>(i);
  place_atoms(atoms, order);
  place_neighbours(atoms, order);
}

void PermutedAtoms::place_atoms(const Atoms &atoms, const std::vector<int> &order)
{
  for (const int old : order) {
    atomic_numbers.push_back(atoms.atomic_numbers[old]);
    tags.push_back(atoms.tags[old]);
    const double *place = atoms.positions + 3 * static_cast<size_t>(old);
    positions.insert(positions.end(), place, place + 3);
  }
  permuted.atomic_numbers = atomic_numbers.data();
  permuted.tags = tags.data();
  permuted.positions = positions.data();
}

void PermutedAtoms::place_neighbours(const Atoms &atoms, const std::vector<int> &order)
{
  std::vector<int> centre_at(order.size(), -1), begins(atoms.n_centres);
  for (int i = 0, begin = 0; i < atoms.n_centres; begin += atoms.neighbour_counts[i++]) {
    centre_at[atoms.centres[i]] = i;
    begins[i] = begin;
  }
  for (const int old : order) {
    const int i = centre_at[old];
    if (i < 0) continue;
    centres.push_back(places[old]);
    neighbour_counts.push_back(atoms.neighbour_counts[i]);
    for (int k = 0; k < atoms.neighbour_counts[i]; ++k)
      neighbours.push_back(places[(*atoms.neighbours)[begins[i] + k] - 1] + 1);
  }
  permuted.centres = centres.data();
  permuted.neighbour_counts = neighbour_counts.data();
  permuted.neighbours = &neighbours;
}

void check_order(Engine &engine, const Atoms &atoms, double energy)
{
  const PermutedAtoms other(atoms);
  Evaluation result;
  engine.evaluate(other.atoms(), result);
  const double difference = std::fabs(result.energy - energy) / std::max(1, atoms.n_centres);
  if (difference <= largest_difference || !std::isfinite(energy)) return;
  char text[32];
  std::snprintf(text, sizeof text, "%.1e", difference);
  throw std::runtime_error(std::string("the energy depends on the order of the atoms, by ") + text +
                           " eV per atom at the first step: this potential has no energy; use another one, or another "
                           "DECKGEN_QUIP_ENGINE, and please report it");
}

}    // namespace deckgen
