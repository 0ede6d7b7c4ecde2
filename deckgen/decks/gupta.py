"""The second-moment (Gupta) potential of sodium, and its eam/alloy table.

    E = sum_i [ sum_{j != i} A exp(-p (r_ij/r0 - 1)) - sqrt( sum_{j != i} xi^2 exp(-2 q (r_ij/r0 - 1)) ) ]

Li, Blaisten-Barojas, Papaconstantopoulos, Phys. Rev. B 57, 15519 (1998). `python -m deckgen.decks.gupta FILE`
writes the table that the package ships.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deckgen.units import BOHR_A

__all__ = ["CUTOFF_A", "density", "eam_alloy_table", "energy_eV", "pair_eV"]

A_eV, XI_eV, P, Q, R0_A = 0.015955, 0.29113, 10.13, 1.30, 6.99 * BOHR_A
CUTOFF_A = 36.0
"""Above the diameter of Na309: it cuts no bond of a cluster up to that size."""
DENSITY_MAX = 5.0
"""Three times the bulk's density: what a hot, compressed cluster reaches."""
N_R, N_DENSITY = 10_000, 20_000
MASS_U = 22.98976928

Array = NDArray[np.float64]


def pair_eV(r_A: ArrayLike) -> Array:
    """Return the pair function of the eam form, 2 A exp(-p (r/r0 - 1)), in eV, of distances in A (any shape)."""
    return np.asarray(2 * A_eV * np.exp(-P * (np.asarray(r_A) / R0_A - 1)))


def density(r_A: ArrayLike) -> Array:
    """Return the density function, xi^2 exp(-2 q (r/r0 - 1)), in eV^2, of distances in A (any shape)."""
    return np.asarray(XI_eV**2 * np.exp(-2 * Q * (np.asarray(r_A) / R0_A - 1)))


def energy_eV(positions_A: ArrayLike) -> float:
    """Return the potential energy in eV of a free cluster, by the formula; positions are (N, 3) in A."""
    x = np.asarray(positions_A, dtype=float)
    r = np.linalg.norm(x[:, None] - x[None], axis=2)
    off = ~np.eye(len(x), dtype=bool)
    repulsion = np.where(off, pair_eV(r) / 2, 0).sum()
    return float(repulsion - np.sqrt(np.where(off, density(r), 0).sum(axis=1)).sum())


def eam_alloy_table() -> str:
    """Return the potential as a LAMMPS eam/alloy (setfl) file."""
    dr, drho = CUTOFF_A / (N_R - 1), DENSITY_MAX / (N_DENSITY - 1)
    r, rho = dr * np.arange(N_R), drho * np.arange(N_DENSITY)
    lines = [
        "# Gupta (second-moment tight-binding) potential of sodium",
        "# Li, Blaisten-Barojas, Papaconstantopoulos, Phys. Rev. B 57, 15519 (1998)",
        f"# A = {A_eV} eV, xi = {XI_eV} eV, p = {P}, q = {Q}, r0 = 6.99 bohr; written by deckgen.gupta",
        "1 Na",
        f"{N_DENSITY} {drho:.16e} {N_R} {dr:.16e} {CUTOFF_A:.1f}",
        f"11 {MASS_U} 4.23 bcc",
    ]
    for column in (-np.sqrt(rho), density(r), r * pair_eV(r)):
        lines += [" ".join(f"{value:.12e}" for value in row) for row in column.reshape(-1, 5)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(eam_alloy_table())
