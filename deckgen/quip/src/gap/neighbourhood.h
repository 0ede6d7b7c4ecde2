// The neighbours of each atom within a cutoff, and where their forces go.
#pragma once

#include "engine.h"
#include "numerics/simd.h"

#include <vector>

namespace deckgen {

// The neighbours of one atom: vectors from it, filled up to whole lanes with a harmless unit vector.
struct Shell {
  int centre = 0;
  int count = 0;
  int groups = 0;    // of `lanes` neighbours each
  const double *x = nullptr, *y = nullptr, *z = nullptr, *r = nullptr;
  const int *index = nullptr;
};

// The shells of all centres of one species, of neighbours of that species. Those beyond the cutoff are dropped here,
// before anything is computed.
class Shells {
 public:
  explicit Shells(double cutoff_) : cutoff(cutoff_) {}
  double radius() const { return cutoff; }
  void gather(const Atoms &atoms, int species);
  const std::vector<Shell> &all() const { return shells; }

 private:
  void gather_one(const Atoms &atoms, int species, int centre, const int *list, int n, size_t begin);

  double cutoff;    // angstrom
  std::vector<Shell> shells;
  Buffer x, y, z, r;
  std::vector<int> index;
};

// Adds the gradient g = dE/dr of the neighbour at r, seen from the centre: a force on both, and the virial, which is
// the neighbour's.
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
