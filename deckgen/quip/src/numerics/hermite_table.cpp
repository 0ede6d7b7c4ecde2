#include "numerics/hermite_table.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace deckgen {

HermiteTable::HermiteTable(int n, double range, double width, double tolerance, const Sampler &sampler,
                           double rounding) : n_functions(n), row(round_up(n, lanes))
{
  constexpr int finest = 4096;
  for (double intervals = std::ceil(2.0 * range / width); intervals <= finest; intervals *= 2.0) {
    fill(static_cast<int>(intervals), range, sampler);
    if (is_exact(tolerance, rounding, sampler)) return;
  }
  throw std::runtime_error("its functions of the distance are too steep to be tabulated");
}

void HermiteTable::fill(int intervals, double range, const Sampler &sampler)
{
  n_intervals = intervals;
  spacing = range / intervals;
  inverse_spacing = intervals / range;
  nodes.clear(static_cast<size_t>(intervals + 1) * 3 * row);
  std::vector<Jet> jets(n_functions);
  for (int i = 0; i <= intervals; ++i) {
    sampler(static_cast<long double>(i) * spacing, jets);
    double *node = nodes.data() + static_cast<size_t>(i) * 3 * row;
    for (int f = 0; f < n_functions; ++f) {
      node[f] = static_cast<double>(jets[f].value);
      node[row + f] = static_cast<double>(jets[f].slope);
      node[2 * row + f] = static_cast<double>(jets[f].curvature);
    }
  }
}

// The error of the value is largest in the middle of an interval, that of the slope at 0.28 of it.
bool HermiteTable::is_exact(double tolerance, double rounding, const Sampler &sampler) const
{
  std::vector<Jet> jets(n_functions);
  for (int i = 0; i < n_intervals; ++i)
    for (const double part : {0.2764, 0.5}) {
      const double r = (i + part) * spacing;
      sampler(r, jets);
      const HermiteWeights w = weights(r);
      for (int f = 0; f < n_functions; ++f) {
        long double value = -jets[f].value, slope = -jets[f].slope;
        for (int k = 0; k < 6; ++k) {
          value += w.value[k] * w.rows[k * row + f];
          slope += w.slope[k] * w.rows[k * row + f];
        }
        const long double size = 1.0L + std::fabs(jets[f].value) + std::fabs(jets[f].slope);
        const long double allowed = tolerance * size + rounding;
        if (std::fabs(value) > allowed || std::fabs(slope) > 10.0L * allowed) return false;
      }
    }
  return true;
}

HermiteWeights HermiteTable::weights(double r) const
{
  const int i = std::min(static_cast<int>(r * inverse_spacing), n_intervals - 1);
  const double h = spacing, t = r * inverse_spacing - i;
  const double t2 = t * t, t3 = t2 * t, u = 1.0 - t, u2 = u * u;
  HermiteWeights w;
  w.rows = nodes.data() + static_cast<size_t>(i) * 3 * row;
  w.value[3] = t3 * (10.0 + t * (-15.0 + 6.0 * t));
  w.value[0] = 1.0 - w.value[3];
  w.value[1] = h * t * u2 * u * (1.0 + 3.0 * t);
  w.value[4] = -h * t3 * u * (4.0 - 3.0 * t);
  w.value[2] = 0.5 * h * h * t2 * u2 * u;
  w.value[5] = 0.5 * h * h * t3 * u2;
  w.slope[3] = 30.0 * t2 * u2 * inverse_spacing;
  w.slope[0] = -w.slope[3];
  w.slope[1] = u2 * (1.0 + t * (2.0 - 15.0 * t));
  w.slope[4] = t2 * (-12.0 + t * (28.0 - 15.0 * t));
  w.slope[2] = 0.5 * h * t * u2 * (2.0 - 5.0 * t);
  w.slope[5] = 0.5 * h * t2 * u * (3.0 - 5.0 * t);
  return w;
}

void HermiteTable::evaluate(double r, double &value, double &slope) const
{
  const HermiteWeights w = weights(r);
  value = slope = 0.0;
  for (int k = 0; k < 6; ++k) {
    value += w.value[k] * w.rows[k * row];
    slope += w.slope[k] * w.rows[k * row];
  }
}

}    // namespace deckgen
