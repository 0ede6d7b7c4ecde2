"""Units and constants: eV, angstrom, ps, K and u throughout, as LAMMPS' `units metal`."""

from __future__ import annotations

__all__ = [
    "BOHR_A",
    "HIGHEST_K",
    "KB_EV_K",
    "KCAL_MOL_EV",
    "LOWEST_K",
    "initial_heat_capacity_over_kB",
    "kinetic_heat_capacity_over_kB",
]

KB_EV_K = 8.617333262e-5
"""Boltzmann's constant in eV/K (CODATA 2018). LAMMPS' `units metal` differs by 1.1e-6 of it: 0.0003 K at 300 K."""

KCAL_MOL_EV = 4184 / 96485.33212
"""A kcal/mol in eV, by Faraday's constant (CODATA 2018)."""

BOHR_A = 0.529177210903
"""The bohr in angstrom (CODATA 2018)."""

LOWEST_K, HIGHEST_K = 1e-3, 1e5
"""Temperatures out of this range are a mistake; decks are named by theirs to 0.001 K."""


def kinetic_heat_capacity_over_kB(n_atoms: int) -> float:
    """Kinetic part of a free cluster's heat capacity, (3N - 3)/2, in units of k_B (the centre of mass left out)."""
    return (3 * n_atoms - 3) / 2


def initial_heat_capacity_over_kB(n_atoms: int) -> float:
    """Classical heat capacity at T -> 0, C0/k_B = 3N - 9/2: 3N - 6 vibrations and three rotations.

    Of two atoms, which are always linear, 3N - 4: one vibration and two rotations.
    """
    return 3 * n_atoms - 4.5 if n_atoms > 2 else 2.0
