#include "gap_evaluator.h"

#include <algorithm>
#include <iterator>

namespace deckgen {

namespace {

std::unique_ptr<DescriptorTerm> make_term(const GapDescriptor &descriptor)
{
  switch (descriptor.kind) {
    case GapDescriptor::Kind::two_body: return make_two_body(descriptor);
    case GapDescriptor::Kind::three_body: return make_three_body(descriptor);
    case GapDescriptor::Kind::soap: return make_soap(descriptor);
  }
  throw NotCovered("it has an unknown descriptor");
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

GapEvaluator::GapEvaluator(const GapModel &model) :
    species(model.species), e0(std::begin(model.e0), std::end(model.e0))
{
  for (const GapDescriptor &descriptor : model.descriptors)
    reach_of(descriptor.cutoff()).terms.push_back(make_term(descriptor));
}

GapEvaluator::Reach &GapEvaluator::reach_of(double cutoff)
{
  for (Reach &reach : reaches)
    if (reach.shells.radius() == cutoff) return reach;
  reaches.push_back({Shells(cutoff), {}});
  return reaches.back();
}

// Zeros, and the energies of the isolated atoms.
void GapEvaluator::begin(const Atoms &atoms, Evaluation &result) const
{
  const size_t n = static_cast<size_t>(atoms.n_local) + atoms.n_ghost;
  result.atom_energies.assign(n, 0.0);
  result.atom_virials.assign(9 * n, 0.0);
  result.forces.assign(3 * n, 0.0);
  for (int i = 0; i < atoms.n_centres; ++i) {
    const int atom = atoms.centres[i], z = atoms.atomic_numbers[atom];
    if (z >= 0 && z < static_cast<int>(e0.size())) result.atom_energies[atom] += e0[z];
  }
}

void GapEvaluator::evaluate(const Atoms &atoms, Evaluation &result)
{
  begin(atoms, result);
  for (Reach &reach : reaches) {
    reach.shells.gather(atoms, species);
    for (const auto &term : reach.terms) term->add(reach.shells.all(), result);
  }
  add_up(result);
}

}    // namespace deckgen
