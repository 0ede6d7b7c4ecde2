// pair_style quip: the style of LAMMPS' ML-QUIP package, with the same commands, for a LAMMPS built without it.
#pragma once

#include "engine.h"

#include "pair.h"

#include <memory>
#include <string>
#include <vector>

namespace deckgen {

class PairQuip : public LAMMPS_NS::Pair {
 public:
  explicit PairQuip(LAMMPS_NS::LAMMPS *host);
  ~PairQuip() override;
  void settings(int narg, char **arg) override;
  void coeff(int narg, char **arg) override;
  void init_style() override;
  double init_one(int i, int j) override;
  void compute(int eflag, int vflag) override;
  void *extract(const char *name, int &dimension) override;
  double memory_usage() override;

 private:
  void allocate();
  void set_atomic_numbers(char **arg);
  void load(const std::string &file, const std::string &arguments);
  void log(const std::string &line);
  void stop_together(const std::string &reason);
  void check(const Atoms &atoms);
  void gather_neighbours();
  Atoms gather_atoms();
  void add_forces();
  void tally();

  std::unique_ptr<Engine> engine;
  bool is_checked = false;          // since the potential was loaded
  double cutoff = 0.0;              // angstrom
  double scale = 1.0;               // for fix adapt
  std::vector<int> type_numbers;    // atomic number of each atom type, -1 where the type is not QUIP's
  std::vector<int> atomic_numbers, neighbour_counts, neighbours;
  Evaluation result;
};

}    // namespace deckgen
