#include "gap/descriptors/soap/kernel.h"

#include <algorithm>
#include <cmath>

namespace deckgen {

namespace {

constexpr int rows_at_once = lanes == 8 ? 8 : 4;    // with three vectors, the accumulators fill the registers

// More rows where there are fewer vectors: enough independent sums to hide the latency of one.
template <int V> constexpr int rows_of = V == 1 ? 2 * rows_at_once : rows_at_once;

// products[s] = x . x_s for R sparse points and V vectors of atoms.
template <int R, int V>
DECKGEN_INLINE void products(const double *points, int n_row, const double *x, Simd (&acc)[R][V])
{
  for (int k = 0; k < n_row; ++k) {
    Simd v[V];
#pragma GCC unroll 3
    for (int j = 0; j < V; ++j) v[j] = load(x + (k * V + j) * lanes);
#pragma GCC unroll 16
    for (int s = 0; s < R; ++s) {
      const Simd p = broadcast(points[static_cast<size_t>(s) * n_row + k]);
#pragma GCC unroll 3
      for (int j = 0; j < V; ++j) acc[s][j] += p * v[j];
    }
  }
}

// gradient[k] += sum_s factors[s] x_s[k] for R components.
template <int R, int V>
DECKGEN_INLINE void combine(const double *points, int n_row, int n_points, const double *factors, double *gradient)
{
  Simd acc[R][V];
#pragma GCC unroll 16
  for (int k = 0; k < R; ++k)
#pragma GCC unroll 3
    for (int j = 0; j < V; ++j) acc[k][j] = load(gradient + (k * V + j) * lanes);
  for (int s = 0; s < n_points; ++s) {
    Simd f[V];
#pragma GCC unroll 3
    for (int j = 0; j < V; ++j) f[j] = load(factors + (s * V + j) * lanes);
#pragma GCC unroll 16
    for (int k = 0; k < R; ++k) {
      const Simd p = broadcast(points[static_cast<size_t>(s) * n_row + k]);
#pragma GCC unroll 3
      for (int j = 0; j < V; ++j) acc[k][j] += p * f[j];
    }
  }
#pragma GCC unroll 16
  for (int k = 0; k < R; ++k)
#pragma GCC unroll 3
    for (int j = 0; j < V; ++j) store(gradient + (k * V + j) * lanes, acc[k][j]);
}

DECKGEN_INLINE Simd power(Simd x, double exponent)
{
  const int whole = static_cast<int>(exponent);
  Simd result = broadcast(1.0);
  if (whole == exponent && whole >= 0) {
    for (int i = 0; i < whole; ++i) result *= x;
  } else {
    for (int w = 0; w < lanes; ++w) result[w] = x[w] > 0.0 ? std::pow(x[w], exponent) : 0.0;
  }
  return result;
}

template <int V>
void add_panel_block(const double *points, const double *weights, int n_row, int n_points, double zeta, const double *x,
                     double *energies, double *factors, double *gradient)
{
  constexpr int R = rows_of<V>;
  for (int s = 0; s < n_points; s += R) {
    Simd acc[R][V] = {};
    products<R, V>(points + static_cast<size_t>(s) * n_row, n_row, x, acc);
    for (int i = 0; i < R; ++i)
      for (int j = 0; j < V; ++j) {
        const Simd lower = weights[s + i] * power(acc[i][j], zeta - 1.0);
        double *energy = energies + j * lanes;
        store(energy, load(energy) + lower * acc[i][j]);
        store(factors + ((s + i) * V + j) * lanes, zeta * lower);
      }
  }
  for (int k = 0; k < n_row; k += R) combine<R, V>(points + k, n_row, n_points, factors, gradient + k * V * lanes);
}

}    // namespace

std::vector<Panel> make_panels(int n_atoms)
{
  const int vectors = (n_atoms + lanes - 1) / lanes;
  const int count = (vectors + Panel::widest - 1) / Panel::widest;
  std::vector<Panel> panels(count);
  for (int i = 0, first = 0; i < count; ++i) {
    panels[i].first = first;
    panels[i].vectors = (vectors - first + count - i - 1) / (count - i);
    first += panels[i].vectors;
  }
  return panels;
}

SoapKernel::SoapKernel(const std::vector<double> &points_, const std::vector<double> &weights_, int n_components,
                       double zeta_) :
    n_row(round_up(n_components, rows_of<1>)), n_sparse(round_up(static_cast<int>(weights_.size()), rows_of<1>)),
    zeta(zeta_), weights(weights_)
{
  constexpr int cache = 32768;    // numbers: a quarter of a megabyte, of the second-level cache
  block = std::max(1, cache / n_row / rows_of<1>) * rows_of<1>;
  weights.resize(n_sparse, 0.0);
  points.clear(static_cast<size_t>(n_sparse) * n_row);
  for (size_t s = 0; s < weights_.size(); ++s)
    for (int k = 0; k < n_components; ++k) points[s * n_row + k] = points_[s * n_components + k];
  factors.resize(static_cast<size_t>(block) * Panel::widest * lanes);
}

void SoapKernel::evaluate(const std::vector<Panel> &panels, const double *x, double *energies, double *gradient)
{
  for (const Panel &panel : panels) {
    std::fill_n(energies + panel.offset(1), panel.width(), 0.0);
    std::fill_n(gradient + panel.offset(n_row), static_cast<size_t>(panel.width()) * n_row, 0.0);
  }
  for (int first = 0; first < n_sparse; first += block)
    for (const Panel &panel : panels)
      add_block(panel, first, std::min(block, n_sparse - first), x + panel.offset(n_row), energies + panel.offset(1),
                gradient + panel.offset(n_row));
}

void SoapKernel::add_block(const Panel &panel, int first, int count, const double *x, double *energies,
                           double *gradient)
{
  const double *rows = points.data() + static_cast<size_t>(first) * n_row, *w = weights.data() + first;
  // The width is a template argument, so that the accumulators of all its vectors stay in registers.
  constexpr decltype(&add_panel_block<1>) of_width[] = {add_panel_block<1>, add_panel_block<2>, add_panel_block<3>};
  of_width[panel.vectors - 1](rows, w, n_row, count, zeta, x, energies, factors.data(), gradient);
}

}    // namespace deckgen
