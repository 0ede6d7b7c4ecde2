// The neighbours of each atom within a cutoff, and where their forces go.
#pragma once

#include "engine.h"
#include "numerics/simd.h"

#include <vector>

namespace deckgen {

// The neighbours of one atom: vectors from it, padded to whole groups with a harmless unit vector.
struct Neighbourhood {
  int centre = 0;
  int count = 0;
  int groups = 0;    // of `lanes` neighbours each
  const double *x = nullptr, *y = nullptr, *z = nullptr, *r = nullptr;
  const int *index = nullptr;
};

// The neighbourhoods of all centres of one species; neighbours of other species, and those beyond the cutoff, are dropped
// before anything is computed.
class Neighbourhoods {
 public:
  explicit Neighbourhoods(double cutoff_) : cutoff(cutoff_) {}
  double radius() const { return cutoff; }
  void gather(const Atoms &atoms, int species);
  const std::vector<Neighbourhood> &all() const { return neighbourhoods; }

 private:
  void gather_one(const Atoms &atoms, int species, int centre, const int *list, int n, size_t begin);

  double cutoff;    // angstrom
  std::vector<Neighbourhood> neighbourhoods;
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
