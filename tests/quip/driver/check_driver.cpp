// The check of the native engine against another one, with an engine that is wrong on purpose in QUIP's place:
// `check_driver GAP.xml FORCE ENERGY MOVED` evaluates a dimer twice with a reference whose first force is off by FORCE
// eV/A and whose energy by ENERGY eV, and whose first force is off by MOVED eV/A in its second evaluation. It prints what
// the engine says: its notice, or its error with exit code 1.
#include "gap/native_engine.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace {

int evaluations = 0;

class Wrong : public deckgen::Engine {
 public:
  Wrong(double force_, double energy_, double moved_) : force(force_), energy(energy_), moved(moved_) {}
  std::string description() const override { return "a wrong engine"; }
  bool trims_neighbours() const override { return true; }

  double load(const std::string &file, const std::string &arguments) override
  {
    const deckgen::GapModel model = deckgen::read_gap_model(file, arguments);
    evaluator = std::make_unique<deckgen::GapEvaluator>(model);
    return model.cutoff();
  }

  void evaluate(const deckgen::Atoms &atoms, deckgen::Evaluation &result) override
  {
    evaluator->evaluate(atoms, result);
    result.forces[0] += evaluations == 0 ? force : moved;
    result.energy += energy;
    ++evaluations;
  }

 private:
  double force, energy, moved;
  std::unique_ptr<deckgen::GapEvaluator> evaluator;
};

}    // namespace

int main(int argc, char **argv)
{
  if (argc != 5) return 2;
  const std::vector<int> numbers = {11, 11}, tags = {1, 2}, centres = {0, 1}, counts = {1, 1}, neighbours = {2, 1};
  const std::vector<double> positions = {0.0, 0.0, 0.0, 3.1, 1.2, 0.4};
  deckgen::Atoms atoms;
  atoms.n_local = atoms.n_centres = 2;
  atoms.atomic_numbers = numbers.data();
  atoms.tags = tags.data();
  atoms.positions = positions.data();
  atoms.centres = centres.data();
  atoms.neighbour_counts = counts.data();
  atoms.neighbours = &neighbours;
  try {
    auto wrong = std::make_unique<Wrong>(std::atof(argv[2]), std::atof(argv[3]), std::atof(argv[4]));
    deckgen::NativeEngine engine(deckgen::NativeEngine::Otherwise::error, std::move(wrong));
    engine.load(argv[1], "");
    deckgen::Evaluation result;
    for (int i = 0; i < 2; ++i) engine.evaluate(atoms, result);
    std::printf("%s; %d evaluations by %s\n", engine.take_notice().c_str(), evaluations, engine.description().c_str());
  } catch (const std::runtime_error &error) {
    std::printf("%s\n", error.what());
    return 1;
  }
  return 0;
}
