// QUIP itself, of the quippy-ase wheel, as an engine.
#pragma once

#include "engine.h"
#include "quip/bridge.h"

namespace deckgen {

// How QUIP is linked. plain: as the loader does it by default. tuned: with fast string functions (strings.cpp), its
// own BLAS instead of LAMMPS', kernels of that BLAS for this processor, and no neighbours beyond the cutoff.
enum class QuipLink { plain, tuned };

class QuipEngine : public Engine {
 public:
  explicit QuipEngine(QuipLink link);
  ~QuipEngine() override;
  std::string description() const override;
  double load(const std::string &file, const std::string &arguments) override;
  bool trims_neighbours() const override { return link == QuipLink::tuned; }
  void evaluate(const Atoms &atoms, Evaluation &result) override;

 private:
  void forget_previous_atoms();

  QuipLink link;
  quip_bridge_load_function bridge_load = nullptr;
  quip_bridge_evaluate_function bridge_evaluate = nullptr;
};

}    // namespace deckgen
