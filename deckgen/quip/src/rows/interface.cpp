// What Python calls (deckgen/quip/library.py): plain C. Nothing but the making of a descriptor or of a potential can fail.
#include "gap/evaluator.h"
#include "rows/gaussian.h"
#include "rows/soap.h"

#include <algorithm>
#include <stdexcept>
#include <string>

using namespace deckgen;

#define DECKGEN_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

std::string last_error;

// `elements`: two of pairs, or the centre's and two of its neighbours.
std::vector<Instance> instances_of(int order, const Cluster &cluster, const int *elements, double cutoff, double width)
{
  if (order == 2) return pairs_of(cluster, {elements[0], elements[1]}, cutoff, width);
  return triplets_of(cluster, {elements[0], elements[1], elements[2]}, cutoff, width);
}

// What `make` returns; nullptr, and the reason kept, if it throws.
template <class Make> void *made(const Make &make)
{
  try {
    return make();
  } catch (const std::exception &error) {
    last_error = error.what();
    return nullptr;
  }
}

}    // namespace

DECKGEN_EXPORT const char *deckgen_rows_error() { return last_error.c_str(); }

// Writes x [count][dimensions] of the pairs (order 2) or triplets (order 3) where `x` is not null; returns their number.
DECKGEN_EXPORT long deckgen_instances(int order, const int *elements, const double *positions, const int *numbers,
                                      int n, double cutoff, double width, double *x)
{
  const std::vector<Instance> instances = instances_of(order, {positions, numbers, n}, elements, cutoff, width);
  for (const Instance &instance : instances)
    if (x) x = std::copy_n(instance.x, instance.dimensions, x);
  return static_cast<long>(instances.size());
}

DECKGEN_EXPORT void deckgen_gaussian_rows(int order, const int *elements, const double *positions, const int *numbers,
                                          int n, double cutoff, double width, int n_points, const double *theta,
                                          const double *points, const double *weights, double *rows, long stride)
{
  const GaussianKernel kernel = {cutoff, width, n_points, theta, points, weights};
  add_gaussian_rows(instances_of(order, {positions, numbers, n}, elements, cutoff, width), kernel, {rows, stride});
}

// nullptr if the basis is not covered; deckgen_rows_error says why.
DECKGEN_EXPORT void *deckgen_soap_new(int n_max, int l_max, double cutoff, double width, double atom_sigma,
                                      double central_weight, int n_densities, const int *densities)
{
  SoapBasis basis;
  basis.n_max = n_max;
  basis.l_max = l_max;
  basis.atom_sigma = atom_sigma;
  basis.central_weight = central_weight;
  basis.cutoff = {cutoff, width};
  return made([&] { return new SoapVectors(basis, std::vector<int>(densities, densities + n_densities)); });
}

DECKGEN_EXPORT void deckgen_soap_delete(void *soap) { delete static_cast<SoapVectors *>(soap); }

// x [n_centres][size] of some atoms.
DECKGEN_EXPORT void deckgen_soap_values(void *soap, const double *positions, const int *numbers, int n, int n_centres,
                                        const int *centres, double *x)
{
  SoapVectors &vectors = *static_cast<SoapVectors *>(soap);
  for (int i = 0; i < n_centres; ++i)
    vectors.value({positions, numbers, n}, centres[i], x + static_cast<long>(i) * vectors.size());
}

DECKGEN_EXPORT int deckgen_soap_gradients(void *soap, const double *positions, const int *numbers, int n, int centre,
                                          int *atoms, double *out)
{
  return static_cast<SoapVectors *>(soap)->gradients({positions, numbers, n}, centre, atoms, out);
}

DECKGEN_EXPORT void deckgen_soap_rows(const double *products, long products_stride, int n_centres, const int *centres,
                                      const int *counts, const int *atoms, int n_points, const double *weights,
                                      double zeta, double *rows, long stride)
{
  add_soap_rows({products, products_stride, n_centres, centres, counts, atoms}, n_points, weights, zeta,
                {rows, stride});
}

// nullptr if the native evaluator does not cover the potential; deckgen_rows_error says why.
DECKGEN_EXPORT void *deckgen_gap_new(const char *xml)
{
  return made([&] { return new GapEvaluator(read_gap_model(xml, "")); });
}

DECKGEN_EXPORT void deckgen_gap_delete(void *gap) { delete static_cast<GapEvaluator *>(gap); }

// The energy of a free cluster, and its forces [n][3].
DECKGEN_EXPORT double deckgen_gap_evaluate(void *gap, const double *positions, const int *atomic_numbers, int n,
                                           double *forces)
{
  std::vector<int> centres(n), counts(n, n - 1), neighbours;
  for (int i = 0; i < n; ++i) {
    centres[i] = i;
    for (int j = 0; j < n; ++j)
      if (j != i) neighbours.push_back(j + 1);
  }
  Atoms atoms;
  atoms.n_local = atoms.n_centres = n;
  atoms.atomic_numbers = atomic_numbers;
  atoms.tags = atoms.centres = centres.data();
  atoms.positions = positions;
  atoms.neighbour_counts = counts.data();
  atoms.neighbours = &neighbours;
  Evaluation result;
  static_cast<GapEvaluator *>(gap)->evaluate(atoms, result);
  std::copy(result.forces.begin(), result.forces.end(), forces);
  return result.energy;
}
