#include "gap/descriptors/soap/radial.h"

#include "gap/model.h"

#include <cmath>

namespace deckgen {

namespace {

using Matrix = std::vector<long double>;    // n by n, row by row

constexpr long double pi = 3.14159265358979323846264338327950288L;

// Lower triangle of the Cholesky factor. QUIP solves in double precision: where the basis loses more than six digits,
// its result differs.
Matrix cholesky(const Matrix &a, int n)
{
  Matrix lower(a.size(), 0.0L);
  for (int i = 0; i < n; ++i)
    for (int j = 0; j <= i; ++j) {
      long double rest = a[i * n + j];
      for (int k = 0; k < j; ++k) rest -= lower[i * n + k] * lower[j * n + k];
      if (i == j && !(rest > 1e-6L * a[i * n + i]))
        throw NotCovered("the radial basis of its soap is nearly linearly dependent");
      lower[i * n + j] = i == j ? std::sqrt(rest) : rest / lower[j * n + j];
    }
  return lower;
}

// X of A X = B, where A = L L^T.
Matrix solve_cholesky(const Matrix &lower, const Matrix &b, int n)
{
  Matrix x = b;
  for (int column = 0; column < n; ++column) {
    for (int i = 0; i < n; ++i) {
      for (int k = 0; k < i; ++k) x[i * n + column] -= lower[i * n + k] * x[k * n + column];
      x[i * n + column] /= lower[i * n + i];
    }
    for (int i = n - 1; i >= 0; --i) {
      for (int k = i + 1; k < n; ++k) x[i * n + column] -= lower[k * n + i] * x[k * n + column];
      x[i * n + column] /= lower[i * n + i];
    }
  }
  return x;
}

// exp(-x) i_l(x) for l = 0 .. n-1, i_l the modified spherical Bessel function: ratios i_l / i_(l-1) by downward
// recursion, which is stable, then i_0.
void scaled_bessel(long double x, int n, long double *values)
{
  const int start = n + 40 + static_cast<int>(7.0L * std::sqrt(x));
  long double ratio = 0.0L;    // i_l / i_(l-1)
  for (int l = start; l >= 1; --l) {
    ratio = x / (2 * l + 1 + x * ratio);
    if (l < n) values[l] = ratio;
  }
  values[0] = x > 0.0L ? -std::expm1(-2.0L * x) / (2.0L * x) : 1.0L;
  for (int l = 1; l < n; ++l) values[l] *= values[l - 1];
}

}    // namespace

SoapRadial::SoapRadial(const SoapBasis &basis, int row)
{
  solve(basis);
  constexpr double tolerance = 1e-12;
  const auto sampler = [&](long double r, std::vector<Jet> &jets) { sample(basis, row, r, jets); };
  try {
    functions = std::make_unique<HermiteTable>((basis.l_max + 1) * row, basis.cutoff.radius, basis.atom_sigma,
                                               tolerance, sampler);
  } catch (const std::runtime_error &error) {
    throw NotCovered(std::string("the radial basis of its soap: ") + error.what());
  }
}

void SoapRadial::solve(const SoapBasis &basis)
{
  const int n = basis.n_max;
  const long double sigma = basis.atom_sigma, a = 0.5L / (sigma * sigma);
  // The basis reaches to where the Gaussian of an atom at the cutoff has fallen to 1e-10.
  const long double reach = basis.cutoff.radius + sigma * std::sqrt(20.0L * std::log(10.0L));
  alpha = a;
  for (int i = 0; i < n; ++i) positions.push_back(i * reach / n);
  Matrix gaussians(n * n), overlap(n * n);
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) {
      const long double sum = positions[i] + positions[j], difference = positions[i] - positions[j];
      gaussians[i * n + j] = std::exp(-a * difference * difference);
      const long double edge = std::exp(-a * (positions[i] * positions[i] + positions[j] * positions[j]));
      const long double bulk = a * std::exp(-0.5L * a * difference * difference) * std::sqrt(pi) *
                               (1.0L + a * sum * sum) * (1.0L + std::erf(std::sqrt(0.5L * a) * sum));
      const long double edges = edge * std::sqrt(2.0L) * a * std::sqrt(a) * sum;
      overlap[i * n + j] = (edges + bulk) / std::sqrt(128.0L * std::pow(a, 5));
    }
  const Matrix lower = cholesky(overlap, n);
  combinations = solve_cholesky(cholesky(gaussians, n), lower, n);
  for (int i = 0; i < n; ++i) centre.push_back(static_cast<double>(basis.central_weight * lower[i]));
}

// h_lb(r) = exp(-alpha (r^2 + r_b^2)) i_l(2 alpha r r_b) and its derivatives, summed with T. Those of i_l come from
// (2l+1) i_l' = l i_(l-1) + (l+1) i_(l+1), which holds at r = 0 as well.
void SoapRadial::sample(const SoapBasis &basis, int row, long double r, std::vector<Jet> &jets) const
{
  const int n = basis.n_max, n_l = basis.l_max + 1;
  std::vector<long double> i0(n_l + 2), i1(n_l + 1), i2(n_l);
  const auto differentiate = [](const std::vector<long double> &f, std::vector<long double> &slope) {
    for (int l = 0; l < static_cast<int>(slope.size()); ++l)
      slope[l] = ((l > 0 ? l * f[l - 1] : 0.0L) + (l + 1) * f[l + 1]) / (2 * l + 1);
  };
  jets.assign(n_l * row, Jet());
  for (int b = 0; b < n; ++b) {
    const long double slope_of_x = 2.0L * alpha * positions[b], distance = r - positions[b];
    const long double gaussian = std::exp(-alpha * distance * distance);
    scaled_bessel(slope_of_x * r, n_l + 2, i0.data());
    differentiate(i0, i1);
    differentiate(i1, i2);
    for (int l = 0; l < n_l; ++l) {
      const long double h = gaussian * i0[l], k = gaussian * slope_of_x * i1[l];
      const long double h1 = k - 2.0L * alpha * r * h;
      const long double h2 = gaussian * slope_of_x * slope_of_x * i2[l] - 4.0L * alpha * r * k +
                             (4.0L * alpha * alpha * r * r - 2.0L * alpha) * h;
      for (int m = 0; m < n; ++m) {
        const long double t = combinations[b * n + m];
        Jet &jet = jets[l * row + m];
        jet.value += t * h;
        jet.slope += t * h1;
        jet.curvature += t * h2;
      }
    }
  }
}

}    // namespace deckgen
