// The check that energies do not depend on the order of the atoms: `order_driver fair|unfair` evaluates atoms with a
// periodic image by an engine that adds up pairs, and prints what the check says. The unfair one counts a pair of
// elements by who comes first.
#include "gap/permuted.h"

#include <cmath>
#include <cstdio>
#include <stdexcept>
#include <string>

namespace {

class Pairs : public deckgen::Engine {
 public:
  explicit Pairs(bool is_fair_) : is_fair(is_fair_) {}
  std::string description() const override { return "pairs"; }
  bool trims_neighbours() const override { return true; }
  double load(const std::string &, const std::string &) override { return 0.0; }

  void evaluate(const deckgen::Atoms &atoms, deckgen::Evaluation &result) override
  {
    result.energy = 0.0;
    const int *list = atoms.neighbours->data();
    for (int i = 0; i < atoms.n_centres; list += atoms.neighbour_counts[i++])
      for (int k = 0; k < atoms.neighbour_counts[i]; ++k) result.energy += pair(atoms, atoms.centres[i], list[k] - 1);
  }

 private:
  double pair(const deckgen::Atoms &atoms, int i, int j) const
  {
    double squared = 0.0;
    for (int a = 0; a < 3; ++a) squared += std::pow(atoms.positions[3 * i + a] - atoms.positions[3 * j + a], 2);
    const int number = is_fair || i < j ? atoms.atomic_numbers[i] : atoms.atomic_numbers[j];
    return (number + 0.1 * atoms.tags[i]) / squared;
  }

  bool is_fair;
};

}    // namespace

int main(int argc, char **argv)
{
  if (argc != 2) return 2;
  constexpr int n_local = 6, n = 7;
  const std::vector<int> numbers = {11, 19, 11, 19, 11, 11, 11}, tags = {4, 2, 6, 1, 3, 5, 4};
  std::vector<double> positions;
  for (int i = 0; i < n; ++i) positions.insert(positions.end(), {1.0 * i, 0.3 * i * i, std::sin(3.0 * i)});
  std::vector<int> centres, counts, neighbours;
  for (int i = 0; i < n_local; ++i) {
    centres.push_back(i);
    for (int j = 0; j < n; ++j)
      if (j != i && (i + j) % 3 > 0) neighbours.push_back(j + 1);
    counts.push_back(static_cast<int>(neighbours.size()));
  }
  for (int i = n_local - 1; i > 0; --i) counts[i] -= counts[i - 1];
  deckgen::Atoms atoms;
  atoms.n_local = atoms.n_centres = n_local;
  atoms.n_ghost = n - n_local;
  atoms.atomic_numbers = numbers.data();
  atoms.tags = tags.data();
  atoms.positions = positions.data();
  atoms.centres = centres.data();
  atoms.neighbour_counts = counts.data();
  atoms.neighbours = &neighbours;
  Pairs engine(std::string(argv[1]) == "fair");
  deckgen::Evaluation result;
  engine.evaluate(atoms, result);
  try {
    deckgen::check_order(engine, atoms, result.energy);
    std::printf("the same\n");
  } catch (const std::runtime_error &error) {
    std::printf("%s\n", error.what());
    return 1;
  }
  return 0;
}
