"""Second-moment (Gupta) potentials, and their tables for LAMMPS.

    E = sum_i [ sum_{j != i} A exp(-p (r_ij/r0 - 1)) - sqrt( sum_{j != i} xi^2 exp(-2 q (r_ij/r0 - 1)) ) ]

The five parameters are those of the two elements i and j. Sodium: Li, Blaisten-Barojas, Papaconstantopoulos, Phys. Rev.
B 57, 15519 (1998). Copper and gold: Cleri, Rosato, Phys. Rev. B 48, 22 (1993), fitted to copper, gold and Cu3Au.
`python -m deckgen.decks.gupta NAME FILE` writes the table that the package ships as NAME.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deckgen.units import BOHR_A

__all__ = ["COPPER_GOLD", "GUPTA", "SODIUM", "Gupta", "Pair"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Pair:
    """The parameters of a pair of elements."""

    A_eV: float
    xi_eV: float
    p: float
    q: float
    r0_A: float

    def repulsion_eV(self, r_A: ArrayLike) -> Array:
        """Return A exp(-p (r/r0 - 1)), in eV, of distances in A (any shape)."""
        return np.asarray(self.A_eV * np.exp(-self.p * (np.asarray(r_A) / self.r0_A - 1)))

    def density(self, r_A: ArrayLike) -> Array:
        """Return xi^2 exp(-2 q (r/r0 - 1)), in eV^2, of distances in A (any shape)."""
        return np.asarray(self.xi_eV**2 * np.exp(-2 * self.q * (np.asarray(r_A) / self.r0_A - 1)))


@dataclass(frozen=True)
class Gupta:
    """A potential: a pair of parameters for each two elements, and the extent of its table.

    `elements` has what the table says of each: atomic number, mass in u, lattice constant in A, lattice. `cutoff_A`
    cuts no bond of a cluster of 309 atoms, or none that is worth anything. `density_max` is three times the bulk's
    density: what a hot, compressed cluster reaches.
    """

    title: tuple[str, str, str]
    elements: Mapping[str, str]
    pairs: Mapping[frozenset[str], Pair]
    cutoff_A: float
    density_max: float
    n_r: int
    n_density: int = 20_000

    def energy_eV(self, symbols: Sequence[str], positions_A: ArrayLike) -> float:
        """Return the potential energy in eV of a free cluster, by the formula; positions are (N, 3) in A."""
        x = np.asarray(positions_A, dtype=float)
        r = np.linalg.norm(x[:, None] - x[None], axis=2)
        off = ~np.eye(len(x), dtype=bool)
        energy, of = 0.0, np.asarray(symbols)
        for first in self.elements:
            density = np.zeros(np.count_nonzero(of == first))
            for second in self.elements:
                pair, block = self.pairs[frozenset({first, second})], np.ix_(of == first, of == second)
                energy += np.where(off[block], pair.repulsion_eV(r[block]), 0).sum()
                density += np.where(off[block], pair.density(r[block]), 0).sum(axis=1)
            energy -= np.sqrt(density).sum()
        return float(energy)

    def table(self) -> str:
        """Return the potential as a file for LAMMPS: eam/alloy of one element, eam/fs of several."""
        dr, drho = self.cutoff_A / (self.n_r - 1), self.density_max / (self.n_density - 1)
        r, rho = dr * np.arange(self.n_r), drho * np.arange(self.n_density)
        lines = [f"# {line}" for line in self.title]
        lines += [
            f"{len(self.elements)} {' '.join(self.elements)}",
            f"{self.n_density} {drho:.16e} {self.n_r} {dr:.16e} {self.cutoff_A:.1f}",
        ]
        for first, entry in self.elements.items():
            densities = [self.pairs[frozenset({first, second})].density(r) for second in self.elements]
            lines += [entry, *_rows(-np.sqrt(rho)), *(row for column in densities for row in _rows(column))]
        for i, first in enumerate(self.elements):
            for second in list(self.elements)[: i + 1]:
                lines += _rows(r * 2 * self.pairs[frozenset({first, second})].repulsion_eV(r))
        return "\n".join(lines) + "\n"


def _rows(column: Array) -> list[str]:
    return [" ".join(f"{value:.12e}" for value in row) for row in column.reshape(-1, 5)]


SODIUM = Gupta(
    title=(
        "Gupta (second-moment tight-binding) potential of sodium",
        "Li, Blaisten-Barojas, Papaconstantopoulos, Phys. Rev. B 57, 15519 (1998)",
        "A = 0.015955 eV, xi = 0.29113 eV, p = 10.13, q = 1.3, r0 = 6.99 bohr; written by deckgen.gupta",
    ),
    elements={"Na": "11 22.98976928 4.23 bcc"},
    pairs={frozenset({"Na"}): Pair(0.015955, 0.29113, 10.13, 1.30, 6.99 * BOHR_A)},
    cutoff_A=36.0,
    density_max=5.0,
    n_r=10_000,
)

COPPER_GOLD = Gupta(
    title=(
        "Gupta (second-moment tight-binding) potential of copper and gold",
        "Cleri, Rosato, Phys. Rev. B 48, 22 (1993)",
        "without their cutoff, for free clusters; written by deckgen.gupta",
    ),
    elements={"Cu": "29 63.546 3.615 fcc", "Au": "79 196.96657 4.079 fcc"},
    pairs={
        frozenset({"Cu"}): Pair(0.0855, 1.2240, 10.960, 2.2780, 2.556),
        frozenset({"Au"}): Pair(0.2061, 1.7900, 10.229, 4.0360, 2.884),
        frozenset({"Cu", "Au"}): Pair(0.1539, 1.5605, 11.050, 3.0475, 2.556),
    },
    cutoff_A=20.0,
    density_max=120.0,
    n_r=5_000,
)

GUPTA = {"na-gupta": SODIUM, "cuau-gupta": COPPER_GOLD}
"""By the name of the built-in potential."""


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(GUPTA[sys.argv[1]].table())
