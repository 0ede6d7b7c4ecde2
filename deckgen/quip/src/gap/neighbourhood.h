// The neighbours of each atom within a cutoff, element by element, and where their forces go.
#pragma once

#include "engine.h"
#include "numerics/simd.h"

#include <vector>

namespace deckgen {

// The neighbours of one atom that are of one element: vectors from it, padded to whole groups with a harmless unit vector.
struct Neighbours {
  int centre = 0;
  int count = 0;
  int groups = 0;    // of `lanes` neighbours each
  const double *x = nullptr, *y = nullptr, *z = nullptr, *r = nullptr;
  const int *index = nullptr;
};

// The elements of a model, by atomic number, in the order in which neighbours are kept; 0 alone stands for any element.
class Elements {
 public:
  explicit Elements(const std::vector<int> &numbers_);
  int count() const { return static_cast<int>(numbers.size()); }
  int number(int place) const { return numbers[place]; }

  // The place of an element in that order, or -1.
  int place(int number) const { return number >= 0 && number < 119 ? places[number] : -1; }

 private:
  std::vector<int> numbers;
  int places[119];
};

// One atom and its neighbours.
struct Neighbourhood {
  int centre = 0;
  int element = 0;    // atomic number of the centre, or 0 in a model of any element
  const Elements *elements = nullptr;
  const Neighbours *by_element = nullptr;    // [elements->count()]

  // The neighbours of an element of the model.
  const Neighbours &of(int number) const { return by_element[elements->place(number)]; }
};

// The neighbourhoods of all centres of the model's elements; neighbours of other elements, and those beyond the cutoff,
// are dropped before anything is computed.
class Neighbourhoods {
 public:
  explicit Neighbourhoods(double cutoff_) : cutoff(cutoff_) {}
  double radius() const { return cutoff; }

  // The elements must live as long as the neighbourhoods are used.
  void gather(const Atoms &atoms, const Elements &elements);
  const std::vector<Neighbourhood> &all() const { return neighbourhoods; }

 private:
  void reserve(const Atoms &atoms, const Elements &elements);
  Neighbours gather_element(const Atoms &atoms, int element, int centre, const int *list, int n, size_t begin);

  double cutoff;    // angstrom
  std::vector<Neighbourhood> neighbourhoods;
  std::vector<Neighbours> neighbours;    // [centre][element]
  Buffer x, y, z, r;
  std::vector<int> index;
};

// Adds the gradient g = dE/dr, where r is the vector from the centre to the neighbour: a force on both, and a virial,
// which is counted with the neighbour.
DECKGEN_INLINE void add_gradient(Evaluation &result, int centre, int neighbour, const double (&r)[3],
                                 const double (&g)[3])
{
  double *virial = &result.atom_virials[9 * static_cast<size_t>(neighbour)];
  for (int a = 0; a < 3; ++a) {
    result.forces[3 * static_cast<size_t>(centre) + a] += g[a];
    result.forces[3 * static_cast<size_t>(neighbour) + a] -= g[a];
    for (int b = 0; b < 3; ++b) virial[3 * a + b] -= r[a] * g[b];
  }
}

}    // namespace deckgen
