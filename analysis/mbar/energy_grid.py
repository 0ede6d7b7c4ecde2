"""Samples assigned to a fine grid of energies.

All states share one potential and differ in temperature only, so whatever MBAR sums over samples is a smooth function
of the energy alone. A sum over samples is then a sum over a few thousand nodes: each sample is divided among its
four nearest nodes by cubic interpolation, which leaves the sum of any smooth function as it was (to about 1e-8).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from deckgen.analysis.pool import Pool

__all__ = ["EnergyGrid", "assign"]

Array = NDArray[np.float64]

PER_DEVIATION = 40
"""Nodes within the narrowest rung's standard deviation."""

FINEST = 0.02
"""Never finer than this over the ladder's span of beta: the functions are smooth on that scale."""


@dataclass(frozen=True, eq=False)
class EnergyGrid:
    """The occupied nodes of the energy grid.

    Parameters
    ----------
    energies_eV : (M,)
        Ascending.
    fractions : (M, N), sparse
        Fraction of each sample at each node; every column sums to one.
    """

    energies_eV: Array
    fractions: csc_array

    def sum(self, weights: Array) -> Array:
        """Return the sum of weights (N,) of the samples at each node (M,)."""
        return np.asarray(self.fractions @ weights, dtype=float)


def assign(pool: Pool) -> EnergyGrid:
    """Return the grid with the energies of a pool assigned to its nodes."""
    step = _step(pool)
    cell, t = np.divmod(pool.energies_eV / step, 1.0)
    coefficients = np.stack(
        [
            -t * (t - 1) * (t - 2) / 6,
            (t + 1) * (t - 1) * (t - 2) / 2,
            -(t + 1) * t * (t - 2) / 2,
            (t + 1) * t * (t - 1) / 6,
        ]
    )
    nodes = cell.astype(np.int64)[None, :] + np.arange(-1, 3)[:, None]
    occupied, rows = np.unique(nodes.T.ravel(), return_inverse=True)
    n = len(pool.energies_eV)
    columns = np.arange(0, 4 * n + 1, 4)
    fractions = csc_array((coefficients.T.ravel(), rows, columns), shape=(len(occupied), n))
    return EnergyGrid(energies_eV=occupied * step, fractions=fractions)


def _step(pool: Pool) -> float:
    deviations = [float(np.std(energies)) for energies in pool.by_rung()]
    narrowest = min((d for d in deviations if d > 0), default=0.0)
    return max(narrowest / PER_DEVIATION, FINEST / float(np.ptp(pool.beta)))
