// Vectors of doubles as wide as the processor's registers (one double per lane), by the extension that GCC and Clang
// share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

// Everything that takes or returns a vector is inlined: no calling convention is involved.
#define DECKGEN_INLINE inline __attribute__((always_inline))

namespace deckgen {

#if defined(__AVX512F__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif

typedef double Simd __attribute__((vector_size(lanes * sizeof(double)), may_alias));
typedef std::int64_t SimdBits __attribute__((vector_size(lanes * sizeof(double)), may_alias));

constexpr int round_up(int n, int multiple) { return (n + multiple - 1) / multiple * multiple; }

DECKGEN_INLINE Simd load(const double *aligned) { return *reinterpret_cast<const Simd *>(aligned); }
DECKGEN_INLINE void store(double *aligned, Simd value) { *reinterpret_cast<Simd *>(aligned) = value; }
DECKGEN_INLINE Simd broadcast(double value) { return value - Simd{}; }

DECKGEN_INLINE double sum(Simd value)
{
  double total = 0.0;
  for (int w = 0; w < lanes; ++w) total += value[w];
  return total;
}

DECKGEN_INLINE Simd shuffle(Simd a, Simd b, SimdBits order)
{
#if defined(__clang__)
  Simd mixed;
  for (int w = 0; w < lanes; ++w) mixed[w] = order[w] < lanes ? a[order[w]] : b[order[w] - lanes];
  return mixed;
#else
  return __builtin_shuffle(a, b, order);
#endif
}

// rows[i][j] becomes rows[j][i]: blocks of half the size are exchanged, then blocks of a quarter, and so on.
DECKGEN_INLINE void transpose(Simd (&rows)[lanes])
{
#pragma GCC unroll 3
  for (int step = lanes / 2; step > 0; step /= 2) {
    SimdBits low = {}, high = {};
#pragma GCC unroll 8
    for (int w = 0; w < lanes; ++w) {
      low[w] = w & step ? lanes + w - step : w;
      high[w] = w & step ? lanes + w : w + step;
    }
#pragma GCC unroll 8
    for (int i = 0; i < lanes; ++i) {
      if (i & step) continue;
      const Simd a = rows[i], b = rows[i + step];
      rows[i] = shuffle(a, b, low);
      rows[i + step] = shuffle(a, b, high);
    }
  }
}

// exp(x) for x <= 0, to 2e-16 of its value; 0 below -708. Argument reduction by ln 2, then Taylor's series.
DECKGEN_INLINE Simd exp_of_negative(Simd x)
{
  const double ln2_high = 0x1.62e42fefa3800p-1, ln2_low = 0x1.ef35793c76730p-45, shifter = 0x1.8p52;
  const SimdBits in_range = x > -708.0;
  x = in_range ? x : Simd{};
  const Simd shifted = x * 0x1.71547652b82fep0 + shifter;    // the nearest integer of x / ln 2 is in the last bits
  const Simd n = shifted - shifter;
  const Simd r = (x - n * ln2_high) - n * ln2_low;
  Simd p = broadcast(1.0 / 6227020800.0);
  const double inverse_factorials[] = {1.0 / 479001600.0,
                                       1.0 / 39916800.0,
                                       1.0 / 3628800.0,
                                       1.0 / 362880.0,
                                       1.0 / 40320.0,
                                       1.0 / 5040.0,
                                       1.0 / 720.0,
                                       1.0 / 120.0,
                                       1.0 / 24.0,
                                       1.0 / 6.0,
                                       0.5,
                                       1.0,
                                       1.0};
#pragma GCC unroll 13
  for (const double c : inverse_factorials) p = p * r + c;
  const SimdBits power = (reinterpret_cast<SimdBits>(n + shifter) + 1023) << 52;
  const Simd value = p * reinterpret_cast<Simd>(power);
  return in_range ? value : Simd{};
}

// Memory for vectors, aligned for them. It only grows: after the first steps of a run nothing is allocated.
class Buffer {
 public:
  void resize(size_t n)
  {
    if (blocks.size() * 8 < n) blocks.resize((n + 7) / 8);
  }
  double *data() { return reinterpret_cast<double *>(blocks.data()); }
  const double *data() const { return reinterpret_cast<const double *>(blocks.data()); }
  double &operator[](size_t i) { return data()[i]; }
  double operator[](size_t i) const { return data()[i]; }
  void clear(size_t n)
  {
    resize(n);
    for (size_t i = 0; i < n; ++i) data()[i] = 0.0;
  }

 private:
  struct alignas(64) Block {
    double values[8];
  };
  std::vector<Block> blocks;
};

}    // namespace deckgen
