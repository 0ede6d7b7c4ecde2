"""Groups of quenches: windows that are measured from their lowest member and do not chain."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["group", "group_by_energy_and_fingerprint"]

Array = NDArray[np.float64]
Indices = NDArray[np.intp]


def group(energies_eV: Array, window_eV: float, alike: Callable[[int, Indices], NDArray[np.bool_]]) -> Indices:
    """Group by energy and likeness: the lowest that belongs to no group yet founds one and takes all that are like it.

    Parameters
    ----------
    energies_eV : (n,)
        Ascending.
    window_eV
        How far above its founder a member may lie.
    alike
        Tells which of some candidates (m,) are like a founder, (m,); each is given by its index.

    Returns
    -------
    (n,) index of each one's founder, which is the lowest of its group.
    """
    founder = np.full(len(energies_eV), -1, dtype=np.intp)
    ends = np.searchsorted(energies_eV, energies_eV + window_eV, side="right")
    for k in range(len(energies_eV)):
        if founder[k] >= 0:
            continue
        founder[k] = k
        free = k + 1 + np.flatnonzero(founder[k + 1 : ends[k]] < 0)
        founder[free[alike(k, free)]] = k
    return founder


def group_by_energy_and_fingerprint(
    energies_eV: Array, fingerprints: NDArray[np.float32], window_eV: float, tolerance_A: float
) -> Indices:
    """Group by ascending energies (n,) and fingerprints (n, m) whose entries differ by no more than the tolerance.

    Returns
    -------
    (n,) index of each one's founder.
    """

    def alike(k: int, candidates: Indices) -> NDArray[np.bool_]:
        differences = np.abs(fingerprints[candidates] - fingerprints[k])
        return np.asarray(differences.max(axis=1, initial=0.0) <= tolerance_A)

    return group(energies_eV, window_eV, alike)
