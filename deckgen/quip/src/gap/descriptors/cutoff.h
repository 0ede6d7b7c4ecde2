// The cutoff function of a descriptor: 1, then half a cosine wave of the transition's width, then 0.
#pragma once

#include <cmath>

namespace deckgen {

struct Cutoff {
  double radius = 0.0, width = 0.0;    // angstrom

  void evaluate(double r, double &value, double &slope) const
  {
    constexpr double pi = 3.14159265358979323846;
    value = r < radius ? 1.0 : 0.0;
    slope = 0.0;
    if (r < radius - width || r >= radius) return;
    const double phase = pi * (r - radius + width) / width;
    value = 0.5 * (std::cos(phase) + 1.0);
    slope = -0.5 * pi / width * std::sin(phase);
  }
};

}    // namespace deckgen
