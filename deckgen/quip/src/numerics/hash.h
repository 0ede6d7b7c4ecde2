// Random numbers that depend on an integer and on nothing else.
#pragma once

#include <cstdint>

namespace deckgen {

// A number in [0, 1) for an atom's tag: its images, and its copies on other ranks, get the same one. (The mixing steps of
// the generator SplitMix64.)
inline double random_number(int tag, int which)
{
  constexpr std::uint64_t seed = 20261123;
  std::uint64_t x = seed + 0x9e3779b97f4a7c15ULL * (4 * static_cast<std::uint64_t>(tag) + which);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return static_cast<double>((x ^ (x >> 31)) >> 11) * 0x1p-53;
}

}    // namespace deckgen
