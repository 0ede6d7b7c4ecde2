// What pair_style quip asks of the code that evaluates a potential.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace deckgen {

// Atoms as LAMMPS holds them: local ones first, ghosts (periodic images among them) after. Lengths in angstrom.
struct Atoms {
  int n_local = 0;
  int n_ghost = 0;
  const int *atomic_numbers = nullptr;    // [n_local + n_ghost]
  const int *tags = nullptr;              // [n_local + n_ghost]
  const double *positions = nullptr;      // [n_local + n_ghost][3]
  double lattice[9] = {};                 // three cell vectors, one after the other
  int n_centres = 0;
  const int *centres = nullptr;                    // [n_centres], counted from 0
  const int *neighbour_counts = nullptr;           // [n_centres]
  const std::vector<int> *neighbours = nullptr;    // of one centre after the other, counted from 1
};

// Energies in eV, forces in eV/A, virials in eV. Resized by the caller; per-atom entries cover ghosts too.
struct Evaluation {
  double energy = 0.0;
  double virial[9] = {};
  std::vector<double> atom_energies;    // [n]
  std::vector<double> atom_virials;     // [n][9]
  std::vector<double> forces;           // [n][3]
};

// A way to evaluate a potential. Every member throws std::runtime_error with a message for the user.
class Engine {
 public:
  virtual ~Engine() = default;

  // One line for the log, once a potential is loaded: which engine, of which version, and why.
  virtual std::string description() const = 0;

  // Reads a potential file; `arguments` is QUIP's own argument string. Returns the cutoff in angstrom.
  virtual double load(const std::string &file, const std::string &arguments) = 0;

  // True if neighbours beyond the cutoff may be left out (LAMMPS' lists reach further by the skin).
  virtual bool trims_neighbours() const = 0;

  virtual void evaluate(const Atoms &atoms, Evaluation &result) = 0;

  // A line for the log from the last evaluation, given once; usually empty.
  virtual std::string take_notice() { return {}; }
};

}    // namespace deckgen
