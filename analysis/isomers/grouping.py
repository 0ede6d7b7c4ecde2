"""Groups of quenches: windows that are measured from their lowest member and do not chain."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["group", "group_by_energy_and_fingerprint"]

Array = NDArray[np.float64]
Indices = NDArray[np.intp]


def group(energies_eV: Array, window_eV: float, similar: Callable[[int, Indices], NDArray[np.bool_]]) -> Indices:
    """Group by energy and similarity: the lowest of no group yet represents a new one, of all that are similar to it.

    Parameters
    ----------
    energies_eV : (n,)
        Ascending.
    window_eV
        Largest energy of a member above its representative.
    similar
        Returns which of some candidates (m,) are similar to a representative, (m,) bool; each is given by its index.

    Returns
    -------
    (n,) index of each one's representative, which is the lowest of its group.
    """
    representative = np.full(len(energies_eV), -1, dtype=np.intp)
    ends = np.searchsorted(energies_eV, energies_eV + window_eV, side="right")
    for k in range(len(energies_eV)):
        if representative[k] >= 0:
            continue
        representative[k] = k
        free = k + 1 + np.flatnonzero(representative[k + 1 : ends[k]] < 0)
        representative[free[similar(k, free)]] = k
    return representative


def group_by_energy_and_fingerprint(
    energies_eV: Array, fingerprints: NDArray[np.float32], window_eV: float, tolerance_A: float
) -> Indices:
    """Group by ascending energies (n,) and fingerprints (n, m) whose entries differ by no more than the tolerance.

    Returns
    -------
    (n,) index of each one's representative.
    """

    def similar(k: int, candidates: Indices) -> NDArray[np.bool_]:
        differences = np.abs(fingerprints[candidates] - fingerprints[k])
        return np.asarray(differences.max(axis=1, initial=0.0) <= tolerance_A)

    return group(energies_eV, window_eV, similar)
