// Smooth functions of one variable, tabulated once and interpolated by quintic Hermite polynomials. Interpolated, a sum of
// exponentials or Bessel functions costs six products; with two derivatives at each node, a table of 1e-12 fits the cache.
#pragma once

#include "numerics/simd.h"

#include <functional>

namespace deckgen {

// Of one distance: where its six rows of the table begin, and the weight of each row in the value and in the slope.
struct HermiteWeights {
  const double *rows = nullptr;
  double value[6] = {};
  double slope[6] = {};
};

// Values of one function and of its first two derivatives.
struct Jet {
  long double value = 0.0L, slope = 0.0L, curvature = 0.0L;
};

class HermiteTable {
 public:
  // Writes the jets of all functions at one place.
  using Sampler = std::function<void(long double r, std::vector<Jet> &jets)>;

  // The nodes are half a `width` apart, the length over which the functions change, or closer: the spacing is halved
  // until, between nodes, values are right to `tolerance`, relative where they are large, and slopes to ten times that.
  // To these come `rounding`, by which the sampler itself may be off. Throws std::runtime_error if that takes more than
  // 4096 intervals.
  HermiteTable(int n_functions, double range, double width, double tolerance, const Sampler &sampler,
               double rounding = 0.0);

  // Six rows of n_functions follow each other; a row's length is rounded up to whole vectors.
  int stride() const { return row; }

  // 0 <= r <= range
  HermiteWeights weights(double r) const;

  // The first function: its value and its slope.
  void evaluate(double r, double &value, double &slope) const;

 private:
  void fill(int n_intervals, double range, const Sampler &sampler);
  bool is_exact(double tolerance, double rounding, const Sampler &sampler) const;

  int n_functions;
  int row;
  int n_intervals = 0;
  double spacing = 0.0, inverse_spacing = 0.0;
  Buffer nodes;    // [node][value, slope, curvature][function]
};

}    // namespace deckgen
