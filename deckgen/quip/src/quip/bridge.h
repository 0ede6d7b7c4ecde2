// The bridge: a small library of its own between the pair style and QUIP. Only it is linked with QUIP, so that LAMMPS
// loads QUIP when a potential is asked for and not before. No exception crosses this border: a function returns 0, or 1
// with the reason in `message`.
#pragma once

#include <cstddef>

extern "C" {

// QUIP's own argument list for one evaluation, by address as Fortran takes it.
struct quip_bridge_atoms {
  int n_local, n_ghost, n_centres, n_neighbours;
  const int *atomic_numbers, *tags, *centres, *neighbour_counts, *neighbours;
  const double *lattice, *positions;
};

struct quip_bridge_result {
  double *energy, *atom_energies, *virial, *atom_virials, *forces;
};

typedef int (*quip_bridge_load_function)(const char *file, const char *arguments, double *cutoff, char *message,
                                         size_t message_size);
typedef int (*quip_bridge_evaluate_function)(const quip_bridge_atoms *atoms, const quip_bridge_result *result,
                                             char *message, size_t message_size);
}
