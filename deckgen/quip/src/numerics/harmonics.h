// Real spherical harmonics, orthonormal, for one direction per lane at once. Y_lm = Q_lm(z) times the
// real (m > 0) or imaginary part of (x + i y)^m; no factor of (1 - z^2)^(m/2) is ever divided by.
#pragma once

#include "numerics/simd.h"

#include <cmath>
#include <vector>

namespace deckgen {

class Harmonics {
 public:
  explicit Harmonics(int l_max_) : l_max(l_max_)
  {
    constexpr double pi = 3.14159265358979323846;
    q.resize(static_cast<size_t>(triangle(l_max + 1, 0)) * lanes);
    powers.resize(static_cast<size_t>(2 * (l_max + 1)) * lanes);
    double diagonal = std::sqrt(0.25 / pi);
    for (int m = 0; m <= l_max; ++m) {
      if (m > 0) diagonal *= std::sqrt((2.0 * m + 1.0) / (2.0 * m));
      diagonals.push_back(m > 0 ? std::sqrt(2.0) * diagonal : diagonal);
    }
    for (int l = 0; l <= l_max; ++l)
      for (int m = 0; m <= l; ++m) {
        const double ll = static_cast<double>(l) * l, mm = static_cast<double>(m) * m, k = l - 1.0;
        up.push_back(l > m ? std::sqrt((4.0 * ll - 1.0) / (ll - mm)) : 0.0);
        down.push_back(l > m + 1 ? std::sqrt((k * k - mm) / (4.0 * k * k - 1.0)) : 0.0);
        slopes.push_back(std::sqrt((l - m) * (l + m + 1.0)) * (m > 0 ? 1.0 : std::sqrt(0.5)));
      }
  }

  static int triangle(int l, int m) { return l * (l + 1) / 2 + m; }

  // For unit vectors.
  void set(Simd x, Simd y, Simd z)
  {
    store(powers.data(), broadcast(1.0));
    store(powers.data() + lanes, Simd{});
    for (int m = 1; m <= l_max; ++m) {
      const Simd c = cosine(m - 1), s = sine(m - 1);
      store(powers.data() + 2 * m * lanes, x * c - y * s);
      store(powers.data() + (2 * m + 1) * lanes, x * s + y * c);
    }
    for (int m = 0; m <= l_max; ++m) {
      Simd before = {}, last = broadcast(diagonals[m]);
      store(at(m, m), last);
      for (int l = m + 1; l <= l_max; ++l) {
        const int k = triangle(l, m);
        const Simd next = up[k] * (z * last - down[k] * before);
        store(at(l, m), next);
        before = last;
        last = next;
      }
    }
  }

  DECKGEN_INLINE Simd legendre(int l, int m) const { return load(q.data() + triangle(l, m) * lanes); }
  DECKGEN_INLINE Simd cosine(int m) const { return load(powers.data() + 2 * m * lanes); }
  DECKGEN_INLINE Simd sine(int m) const { return load(powers.data() + (2 * m + 1) * lanes); }

  // dQ_lm/dz
  DECKGEN_INLINE Simd slope(int l, int m) const { return m < l ? slopes[triangle(l, m)] * legendre(l, m + 1) : Simd{}; }

 private:
  double *at(int l, int m) { return q.data() + triangle(l, m) * lanes; }

  int l_max;
  std::vector<double> diagonals, up, down, slopes;
  Buffer q, powers;
};

}    // namespace deckgen
