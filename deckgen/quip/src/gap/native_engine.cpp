#include "gap/native_engine.h"

#include "gap/permuted.h"
#include "numerics/hash.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>
#include <utility>

namespace deckgen {

namespace {

constexpr double largest_difference = 1e-6;    // eV/A in a force, eV per atom in the energy
constexpr double displacement = 0.1;           // angstrom

std::vector<double> displaced(const Atoms &atoms)
{
  constexpr double pi = 3.14159265358979323846;
  const int n = atoms.n_local + atoms.n_ghost;
  std::vector<double> positions(atoms.positions, atoms.positions + 3 * static_cast<size_t>(n));
  for (int i = 0; i < n; ++i) {
    const double z = 2.0 * random_number(atoms.tags[i], 0) - 1.0, phi = 2.0 * pi * random_number(atoms.tags[i], 1);
    const double across = std::sqrt(1.0 - z * z);
    const double direction[3] = {across * std::cos(phi), across * std::sin(phi), z};
    for (int k = 0; k < 3; ++k) positions[3 * static_cast<size_t>(i) + k] += displacement * direction[k];
  }
  return positions;
}

std::string scientific(double value)
{
  char text[32];
  std::snprintf(text, sizeof text, "%.1e", value);
  return text;
}

}    // namespace

NativeEngine::NativeEngine(Otherwise otherwise_, std::unique_ptr<Engine> quip_, int n_threads_) :
    otherwise(otherwise_), n_threads(n_threads_), quip(std::move(quip_))
{
}

std::string NativeEngine::description() const
{
  const std::string threads = n_threads > 1 ? " (" + std::to_string(n_threads) + " threads)" : "";
  if (evaluator) return "native" + threads + ", to be checked at the first step against " + quip->description();
  return quip->description() + " (not native: " + why_quip + ")";
}

double NativeEngine::load(const std::string &file, const std::string &arguments)
{
  evaluator.reset();
  is_checked = false;
  const double cutoff = quip->load(file, arguments);
  try {
    evaluator = std::make_unique<GapEvaluator>(read_gap_model(file, arguments), n_threads);
  } catch (const NotCovered &reason) {
    why_quip = reason.what();
    if (otherwise == Otherwise::error)
      throw std::runtime_error("the native engine does not cover the potential " + file + ": " + why_quip +
                               "; use DECKGEN_QUIP_ENGINE=auto or quip");
  }
  return cutoff;
}

void NativeEngine::evaluate(const Atoms &atoms, Evaluation &result)
{
  if (!evaluator) return quip->evaluate(atoms, result);
  evaluator->evaluate(atoms, result);
  if (!is_checked) check(atoms, result);
}

void NativeEngine::check(const Atoms &atoms, const Evaluation &result)
{
  const double here = difference_from_quip(atoms, result);
  const std::vector<double> positions = displaced(atoms);
  Atoms moved = atoms;
  moved.positions = positions.data();
  const PermutedAtoms other(moved);
  Evaluation of_other;
  evaluator->evaluate(other.atoms(), of_other);
  const double difference = std::max(here, difference_from_quip(other.atoms(), of_other));
  notice = "native engine checked against QUIP: forces differ by at most " + scientific(difference) + " eV/A";
  is_checked = true;
}

// The largest difference of a component of a force. Throws if that, or the difference of the energy, is too large.
double NativeEngine::difference_from_quip(const Atoms &atoms, const Evaluation &result)
{
  Evaluation reference;
  quip->evaluate(atoms, reference);
  double of_forces = 0.0;
  bool is_finite = true;
  for (size_t i = 0; i < result.forces.size(); ++i) {
    const double difference = std::fabs(result.forces[i] - reference.forces[i]);
    of_forces = std::max(of_forces, difference);
    is_finite = is_finite && std::isfinite(difference);
  }
  const double of_energy = std::fabs(result.energy - reference.energy) / std::max(1, atoms.n_centres);
  if (is_finite && of_forces <= largest_difference && of_energy <= largest_difference) return of_forces;
  throw std::runtime_error("the native engine disagrees with QUIP at the first step: forces by " +
                           (is_finite ? scientific(of_forces) : "a number that is not finite") + " eV/A, energies by " +
                           scientific(of_energy) + " eV per atom; use DECKGEN_QUIP_ENGINE=quip, and please report it");
}

std::string NativeEngine::take_notice()
{
  std::string taken;
  std::swap(taken, notice);
  return taken;
}

}    // namespace deckgen
