#include "gap/descriptors/soap/expansion.h"

#include <algorithm>
#include <cmath>

namespace deckgen {

namespace {

constexpr int tile = 4;                            // radial functions at a time
constexpr int widest = lanes == 8 ? 6 : 2;         // harmonics at a time, forwards
constexpr int widest_back = lanes == 8 ? 7 : 4;    // and backwards

// Calls body(std::integral_constant<int, M>) for M = count, 1 <= count <= largest.
template <int largest, class Body> DECKGEN_INLINE void with_constant(int count, const Body &body)
{
  if constexpr (largest > 0) {
    if (count == largest)
      body(std::integral_constant<int, largest>());
    else
      with_constant<largest - 1>(count, body);
  }
}

// Splits `total` things into the fewest portions of at most `largest`, as even as possible.
template <int largest, class Body> DECKGEN_INLINE void in_portions(int total, const Body &body)
{
  for (int begin = 0, left = (total + largest - 1) / largest; left > 0; --left) {
    const int size = (total - begin + left - 1) / left;
    with_constant<largest>(size, [&](auto constant) { body(begin, constant); });
    begin += size;
  }
}

// sums[m][n] = sum over groups of angular[m] values[n], for M harmonics and `tile` radial functions.
template <int M> void contract_tile(const double *angular, const double *values, int groups, double *sums, int row)
{
  Simd acc[M][tile] = {};
  const int stride = groups * lanes;
  for (int g = 0; g < groups; ++g) {
    Simd v[tile];
    for (int n = 0; n < tile; ++n) v[n] = load(values + n * stride + g * lanes);
#pragma GCC unroll 8
    for (int m = 0; m < M; ++m) {
      const Simd y = load(angular + m * stride + g * lanes);
#pragma GCC unroll 4
      for (int n = 0; n < tile; ++n) acc[m][n] += y * v[n];
    }
  }
#pragma GCC unroll 8
  for (int m = 0; m < M; ++m)
#pragma GCC unroll 4
    for (int n = 0; n < tile; ++n) store(sums + (m * row + n) * lanes, acc[m][n]);
}

template <int M>
void contract_back_tile(const double *d, int row, int n_max, const double *values, const double *slopes, int stride,
                        double *d_values, double *d_slopes)
{
  Simd value[M] = {}, slope[M] = {};
  for (int n = 0; n < n_max; ++n) {
    const Simd v = load(values + n * stride), s = load(slopes + n * stride);
#pragma GCC unroll 8
    for (int m = 0; m < M; ++m) {
      const Simd weight = broadcast(d[m * row + n]);
      value[m] += weight * v;
      slope[m] += weight * s;
    }
  }
#pragma GCC unroll 8
  for (int m = 0; m < M; ++m) {
    store(d_values + m * lanes, value[m]);
    store(d_slopes + m * lanes, slope[m]);
  }
}

// Six rows of the table, weighted.
DECKGEN_INLINE void interpolate(const HermiteWeights &w, const double (&weights)[6], int stride, double *out)
{
  Simd k[6];
  for (int i = 0; i < 6; ++i) k[i] = broadcast(weights[i]);
  for (int f = 0; f < stride; f += lanes) {
    Simd total = k[0] * load(w.rows + f);
#pragma GCC unroll 5
    for (int i = 1; i < 6; ++i) total += k[i] * load(w.rows + i * stride + f);
    store(out + f, total);
  }
}

}    // namespace

static size_t place(int m, int n, const SoapExpansion::Layout &layout)
{
  return static_cast<size_t>(m) * layout.row + static_cast<size_t>(n) * layout.stride;
}

SoapExpansion::SoapExpansion(const SoapBasis &basis_) :
    basis(basis_), n_row(round_up(basis_.n_max, tile)), n_harmonics((basis_.l_max + 1) * (basis_.l_max + 1)),
    radial(basis_, n_row), harmonics(basis_.l_max)
{
  by_neighbour.clear(static_cast<size_t>(2 * lanes) * radial.table().stride());
  sums.clear(static_cast<size_t>(round_up(n_harmonics * n_row, lanes)) * lanes);
  totals.clear(static_cast<size_t>(round_up(n_harmonics * n_row, lanes)));
  d_values.clear(static_cast<size_t>(n_harmonics) * lanes);
  d_slopes.clear(static_cast<size_t>(n_harmonics) * lanes);
}

// R_ln of a group of neighbours, the cutoff function included: interpolated for each neighbour, then transposed.
void SoapExpansion::tabulate(const Neighbours &neighbours, int group, bool with_slopes)
{
  const int stride = radial.table().stride();
  for (int w = 0; w < lanes; ++w) {
    const int k = group * lanes + w;
    HermiteWeights weights = radial.table().weights(neighbours.r[k]);
    double cut = 0.0, cut_slope = 0.0;
    if (k < neighbours.count) basis.cutoff.evaluate(neighbours.r[k], cut, cut_slope);
    for (int i = 0; i < 6; ++i) {
      weights.slope[i] = cut * weights.slope[i] + cut_slope * weights.value[i];
      weights.value[i] *= cut;
    }
    interpolate(weights, weights.value, stride, by_neighbour.data() + w * stride);
    if (with_slopes) interpolate(weights, weights.slope, stride, by_neighbour.data() + (lanes + w) * stride);
  }
  for (int part = 0; part < (with_slopes ? 2 : 1); ++part) {
    double *out = (part == 0 ? values : slopes).data() + group * lanes;
    const double *in = by_neighbour.data() + part * lanes * stride;
    for (int f = 0; f < stride; f += lanes) {
      Simd rows[lanes];
      for (int w = 0; w < lanes; ++w) rows[w] = load(in + w * stride + f);
      transpose(rows);
      for (int i = 0; i < lanes; ++i) store(out + static_cast<size_t>(f + i) * neighbours.groups * lanes, rows[i]);
    }
  }
}

void SoapExpansion::set_directions(const Neighbours &neighbours, int group)
{
  const int k = group * lanes;
  const Simd inverse = 1.0 / load(neighbours.r + k);
  harmonics.set(load(neighbours.x + k) * inverse, load(neighbours.y + k) * inverse, load(neighbours.z + k) * inverse);
}

void SoapExpansion::harmonics_of(const Neighbours &neighbours)
{
  const int stride = neighbours.groups * lanes;
  for (int g = 0; g < neighbours.groups; ++g) {
    set_directions(neighbours, g);
    for (int l = 0; l <= basis.l_max; ++l) {
      double *out = angular.data() + static_cast<size_t>(l) * l * stride + g * lanes;
      store(out, harmonics.legendre(l, 0));
      for (int m = 1; m <= l; ++m) {
        const Simd q = harmonics.legendre(l, m);
        store(out + (2 * m - 1) * stride, q * harmonics.cosine(m));
        store(out + 2 * m * stride, q * harmonics.sine(m));
      }
    }
  }
}

void SoapExpansion::contract(const Neighbours &neighbours)
{
  const size_t stride = static_cast<size_t>(neighbours.groups) * lanes;
  for (int l = 0; l <= basis.l_max; ++l)
    in_portions<widest>(2 * l + 1, [&](int first, auto m_count) {
      const int m = l * l + first;
      for (int n = 0; n < n_row; n += tile)
        contract_tile<m_count>(angular.data() + m * stride, values.data() + (l * n_row + n) * stride, neighbours.groups,
                               sums.data() + static_cast<size_t>(m * n_row + n) * lanes, n_row);
    });
}

void SoapExpansion::expand(const Neighbours &neighbours, bool with_centre, double *c, const Layout &layout)
{
  const size_t width = static_cast<size_t>(neighbours.groups) * lanes;
  values.resize(radial.table().stride() * width);
  angular.resize(n_harmonics * width);
  for (int g = 0; g < neighbours.groups; ++g) tabulate(neighbours, g, false);
  harmonics_of(neighbours);
  contract(neighbours);
  for (int k = 0; k < n_harmonics * n_row; k += lanes) {
    Simd rows[lanes];
    for (int i = 0; i < lanes; ++i) rows[i] = load(sums.data() + static_cast<size_t>(k + i) * lanes);
    transpose(rows);
    Simd total = rows[0];
    for (int i = 1; i < lanes; ++i) total += rows[i];
    store(totals.data() + k, total);
  }
  for (int m = 0; m < n_harmonics; ++m)
    for (int n = 0; n < basis.n_max; ++n) c[place(m, n, layout)] = totals[m * n_row + n];
  const double y00 = std::sqrt(0.25 / 3.14159265358979323846);
  for (int n = 0; with_centre && n < basis.n_max; ++n) c[place(0, n, layout)] += y00 * radial.of_centre()[n];
}

void SoapExpansion::contract_back(int groups, int group, const double *d)
{
  const size_t stride = static_cast<size_t>(groups) * lanes;
  for (int l = 0; l <= basis.l_max; ++l) {
    const size_t radials = l * n_row * stride + group * lanes;
    in_portions<widest_back>(2 * l + 1, [&](int first, auto m_count) {
      const int m = l * l + first;
      contract_back_tile<m_count>(d + m * n_row, n_row, basis.n_max, values.data() + radials, slopes.data() + radials,
                                  static_cast<int>(stride), d_values.data() + m * lanes, d_slopes.data() + m * lanes);
    });
  }
}

// The energy's dependence on a neighbour is sum_lm G_lm(r) Y_lm; here G is d_values and dG/dr is d_slopes.
void SoapExpansion::gradients_of(const Neighbours &neighbours, int group, Evaluation &result)
{
  Simd along = {}, gx = {}, gy = {}, gz = {};
  for (int l = 0; l <= basis.l_max; ++l) {
    const double *value = d_values.data() + l * l * lanes, *slope = d_slopes.data() + l * l * lanes;
    along += load(slope) * harmonics.legendre(l, 0);
    gz += load(value) * harmonics.slope(l, 0);
    for (int m = 1; m <= l; ++m) {
      const int of_cosine = (2 * m - 1) * lanes, of_sine = 2 * m * lanes;
      const Simd c = harmonics.cosine(m), s = harmonics.sine(m), q = harmonics.legendre(l, m);
      const Simd vc = load(value + of_cosine), vs = load(value + of_sine);
      const Simd c1 = harmonics.cosine(m - 1), s1 = harmonics.sine(m - 1), mq = static_cast<double>(m) * q;
      along += q * (load(slope + of_cosine) * c + load(slope + of_sine) * s);
      gx += mq * (vc * c1 + vs * s1);
      gy += mq * (vs * c1 - vc * s1);
      gz += harmonics.slope(l, m) * (vc * c + vs * s);
    }
  }
  const int k = group * lanes;
  const Simd inverse = 1.0 / load(neighbours.r + k);
  const Simd x = load(neighbours.x + k) * inverse, y = load(neighbours.y + k) * inverse,
             z = load(neighbours.z + k) * inverse;
  const Simd radial_part = along - (x * gx + y * gy + z * gz) * inverse;
  gx = gx * inverse + radial_part * x;
  gy = gy * inverse + radial_part * y;
  gz = gz * inverse + radial_part * z;
  for (int w = 0; w < std::min(lanes, neighbours.count - k); ++w)
    add_gradient(result, neighbours.centre, neighbours.index[k + w],
                 {neighbours.x[k + w], neighbours.y[k + w], neighbours.z[k + w]}, {gx[w], gy[w], gz[w]});
}

void SoapExpansion::add_gradients(const Neighbours &neighbours, const double *d, const Layout &layout,
                                  Evaluation &result)
{
  for (int m = 0; m < n_harmonics; ++m)
    for (int n = 0; n < basis.n_max; ++n) totals[m * n_row + n] = d[place(m, n, layout)];
  const size_t width = static_cast<size_t>(neighbours.groups) * lanes;
  values.resize(radial.table().stride() * width);
  slopes.resize(radial.table().stride() * width);
  for (int g = 0; g < neighbours.groups; ++g) {
    tabulate(neighbours, g, true);
    set_directions(neighbours, g);
    contract_back(neighbours.groups, g, totals.data());
    gradients_of(neighbours, g, result);
  }
}

}    // namespace deckgen
