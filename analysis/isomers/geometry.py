"""Lengths, neighbours and moments of inertia of a cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ase.data import atomic_masses, atomic_numbers
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import pdist, squareform

__all__ = [
    "BOND",
    "BondLengths",
    "bond_lengths",
    "centred",
    "coordination_histogram",
    "masses_u",
    "neighbours",
    "principal_moments",
]

Array = NDArray[np.float64]

BOND = 1.25
"""Longest bond: times the shortest distance for mean lengths, times the median nearest distance for neighbours.

The second shell of a close-packed solid lies at 1.41.
"""


@dataclass(frozen=True)
class BondLengths:
    """Bond lengths of a cluster in A.

    Parameters
    ----------
    shortest_A
        Shortest distance between two atoms, r_min.
    mean_nearest_A
        Mean over the atoms of the distance to the nearest atom.
    mean_bond_A
        Mean of all distances below 1.25 r_min.
    """

    shortest_A: float
    mean_nearest_A: float
    mean_bond_A: float


def centred(positions_A: ArrayLike) -> Array:
    """Return positions (N, 3) with their mean at the origin."""
    positions = np.asarray(positions_A, dtype=float)
    return np.asarray(positions - positions.mean(axis=0))


def masses_u(symbols: Sequence[str]) -> Array:
    """Return the standard atomic masses (N,) in u."""
    return np.array([atomic_masses[atomic_numbers[symbol]] for symbol in symbols])


def principal_moments(symbols: Sequence[str], positions_A: ArrayLike) -> tuple[Array, float]:
    """Return the principal moments of inertia about the centre of mass, ascending (3,) in u A^2, and the mass in u."""
    masses, positions = masses_u(symbols), np.asarray(positions_A, dtype=float)
    positions = positions - masses @ positions / masses.sum()
    second = (masses[:, None] * positions).T @ positions
    # rounding may leave a moment of a linear cluster below zero
    moments = np.linalg.eigvalsh(np.trace(second) * np.eye(3) - second).clip(min=0)
    return moments, float(masses.sum())


def bond_lengths(positions_A: ArrayLike) -> BondLengths:
    """Return the bond lengths of a cluster (N, 3), N >= 2."""
    pairs = pdist(np.asarray(positions_A, dtype=float))
    distances = squareform(pairs)
    np.fill_diagonal(distances, np.inf)
    shortest = float(pairs.min())
    return BondLengths(shortest, float(distances.min(axis=1).mean()), float(pairs[pairs < BOND * shortest].mean()))


def neighbours(positions_A: ArrayLike) -> NDArray[np.bool_]:
    """Return which atoms are neighbours, (N, N): nearer than 1.25 times the median distance to the nearest atom."""
    distances = squareform(pdist(np.asarray(positions_A, dtype=float)))
    np.fill_diagonal(distances, np.inf)
    return np.asarray(distances < BOND * np.median(distances.min(axis=1)))


def coordination_histogram(bonded: NDArray[np.bool_]) -> dict[int, int]:
    """Return how many atoms have how many neighbours, by the number of neighbours, from `neighbours` (N, N)."""
    return dict(sorted(Counter(bonded.sum(axis=1).tolist()).items()))
