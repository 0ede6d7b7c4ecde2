// What Python calls (deckgen/quip/rows.py): plain C. Nothing but the making of a descriptor can fail.
#include "rows/gaussian.h"
#include "rows/soap.h"

#include <algorithm>
#include <stdexcept>
#include <string>

using namespace deckgen;

#define DECKGEN_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

std::string last_error;

std::vector<Instance> instances_of(int order, const Cluster &cluster, double cutoff, double width)
{
  return order == 2 ? pairs_of(cluster, cutoff, width) : triplets_of(cluster, cutoff, width);
}

}    // namespace

DECKGEN_EXPORT const char *deckgen_rows_error() { return last_error.c_str(); }

// Writes x [count][dimensions] of the pairs (order 2) or triplets (order 3) where `x` is not null; returns their number.
DECKGEN_EXPORT long deckgen_instances(int order, const double *positions, int n, double cutoff, double width, double *x)
{
  const std::vector<Instance> instances = instances_of(order, {positions, n}, cutoff, width);
  for (const Instance &instance : instances)
    if (x) x = std::copy_n(instance.x, instance.dimensions, x);
  return static_cast<long>(instances.size());
}

DECKGEN_EXPORT void deckgen_gaussian_rows(int order, const double *positions, int n, double cutoff, double width,
                                          int n_points, const double *theta, const double *points,
                                          const double *weights, double *rows, long stride)
{
  const GaussianKernel kernel = {cutoff, width, n_points, theta, points, weights};
  add_gaussian_rows(instances_of(order, {positions, n}, cutoff, width), kernel, {rows, stride});
}

// nullptr if the basis is not covered; deckgen_rows_error says why.
DECKGEN_EXPORT void *deckgen_soap_new(int n_max, int l_max, double cutoff, double width, double atom_sigma,
                                      double central_weight)
{
  SoapBasis basis;
  basis.n_max = n_max;
  basis.l_max = l_max;
  basis.atom_sigma = atom_sigma;
  basis.central_weight = central_weight;
  basis.cutoff = {cutoff, width};
  try {
    return new SoapVectors(basis);
  } catch (const std::exception &error) {
    last_error = error.what();
    return nullptr;
  }
}

DECKGEN_EXPORT void deckgen_soap_delete(void *soap) { delete static_cast<SoapVectors *>(soap); }

// x [n][size] of all atoms; returns the number of ordered pairs of neighbours.
DECKGEN_EXPORT long deckgen_soap_values(void *soap, const double *positions, int n, double *x)
{
  SoapVectors &vectors = *static_cast<SoapVectors *>(soap);
  long total = 0;
  for (int i = 0; i < n; ++i) total += vectors.value({positions, n}, i, x + static_cast<long>(i) * vectors.size());
  return total;
}

DECKGEN_EXPORT int deckgen_soap_gradients(void *soap, const double *positions, int n, int centre, int *atoms,
                                          double *out)
{
  return static_cast<SoapVectors *>(soap)->gradients({positions, n}, centre, atoms, out);
}

DECKGEN_EXPORT void deckgen_soap_rows(const double *products, long products_stride, int n_centres, const int *centres,
                                      const int *counts, const int *atoms, int n_points, const double *weights,
                                      double zeta, double *rows, long stride)
{
  add_soap_rows({products, products_stride, n_centres, centres, counts, atoms}, n_points, weights, zeta,
                {rows, stride});
}
