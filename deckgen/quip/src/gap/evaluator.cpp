#include "gap/evaluator.h"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <string>

namespace deckgen {

namespace {

void clear(const Atoms &atoms, Evaluation &result)
{
  const size_t n = static_cast<size_t>(atoms.n_local) + atoms.n_ghost;
  result.atom_energies.assign(n, 0.0);
  result.atom_virials.assign(9 * n, 0.0);
  result.forces.assign(3 * n, 0.0);
}

void add(const std::vector<double> &part, std::vector<double> &whole)
{
  for (size_t i = 0; i < whole.size(); ++i) whole[i] += part[i];
}

void add_up(Evaluation &result)
{
  result.energy = 0.0;
  std::fill(std::begin(result.virial), std::end(result.virial), 0.0);
  for (size_t i = 0; i < result.atom_energies.size(); ++i) {
    result.energy += result.atom_energies[i];
    for (int k = 0; k < 9; ++k) result.virial[k] += result.atom_virials[9 * i + k];
  }
}

}    // namespace

GapEvaluator::GapEvaluator(const GapModel &model, int n_threads) :
    elements(model.elements), e0(std::begin(model.e0), std::end(model.e0)), shares(static_cast<size_t>(n_threads))
{
#ifndef _OPENMP
  if (n_threads > 1)
    throw std::runtime_error("DECKGEN_QUIP_THREADS=" + std::to_string(n_threads) +
                             ": pair_style quip was built by a compiler without OpenMP; unset it, or name g++ in CXX");
#endif
  for (const GapDescriptor &descriptor : model.descriptors) {
    reach_of_term.push_back(reach_of(descriptor.cutoff()));
    for (Share &share : shares) share.terms.push_back(descriptor.kind->make(descriptor));
  }
}

size_t GapEvaluator::reach_of(double cutoff)
{
  for (size_t i = 0; i < reaches.size(); ++i)
    if (reaches[i].radius() == cutoff) return i;
  reaches.emplace_back(cutoff);
  return reaches.size() - 1;
}

void GapEvaluator::add_isolated_atoms(const Atoms &atoms, Evaluation &result) const
{
  for (int i = 0; i < atoms.n_centres; ++i) {
    const int atom = atoms.centres[i], z = atoms.atomic_numbers[atom];
    if (z >= 0 && z < static_cast<int>(e0.size())) result.atom_energies[atom] += e0[z];
  }
}

void GapEvaluator::add_share(size_t thread, Evaluation &result)
{
  const Share &share = shares[thread];
  for (size_t i = 0; i < share.terms.size(); ++i) {
    const std::vector<Neighbourhood> &neighbourhoods = reaches[reach_of_term[i]].all();
    const size_t first = neighbourhoods.size() * thread / shares.size(),
                 end = neighbourhoods.size() * (thread + 1) / shares.size();
    share.terms[i]->add(neighbourhoods.data() + first, end - first, result);
  }
}

void GapEvaluator::evaluate(const Atoms &atoms, Evaluation &result)
{
  for (Neighbourhoods &reach : reaches) reach.gather(atoms, elements);
  clear(atoms, result);
  add_isolated_atoms(atoms, result);
  const int n_threads = static_cast<int>(shares.size());
#pragma omp parallel for num_threads(n_threads) schedule(static, 1) if (n_threads > 1)
  for (int thread = 0; thread < n_threads; ++thread) {
    if (thread > 0) clear(atoms, shares[thread].part);
    add_share(thread, thread > 0 ? shares[thread].part : result);
  }
  for (size_t thread = 1; thread < shares.size(); ++thread) {
    add(shares[thread].part.atom_energies, result.atom_energies);
    add(shares[thread].part.atom_virials, result.atom_virials);
    add(shares[thread].part.forces, result.forces);
  }
  add_up(result);
}

}    // namespace deckgen
