"""Whether runs that began with the solid and runs that began with the melt agree, rung by rung."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from deckgen.analysis.mbar.reweighting import Reweighting
from deckgen.analysis.results import Check
from deckgen.analysis.uncertainty.modes import find_mode, run_deviations

__all__ = ["check_starts"]

Array = NDArray[np.float64]

KINDS = ("minimum", "melted")


def check_starts(solved: Reweighting, influence: Array) -> Check | None:
    """Compare runs from the solid with runs from the melt by the influence (K, M) of their samples on the peak.

    As the check of the replicas, with one number per rung in place of one per run: what a start leaves behind has the
    same sign in all runs that share it.

    Parameters
    ----------
    solved, influence
        As in `deckgen.analysis.uncertainty.checks.check_replicas`; runs whose start is unknown are left out.

    Returns
    -------
    Check or None
        None where no rung has runs of both kinds, or where they exchanged configurations.
    """
    pool = solved.pool
    if pool.ladders is not None or not set(KINDS) <= set(pool.starts):
        return None
    slow = find_mode(solved, influence, parts=1)
    deviations = [values.sum() for values in run_deviations(solved, slow.values)]
    sizes = [_by_rung(solved, pool.lengths, kind) for kind in KINDS]
    sums = [_by_rung(solved, deviations, kind) for kind in KINDS]
    both = np.flatnonzero((sizes[0] > 0) & (sizes[1] > 0))
    if not len(both):
        return None
    solid, melt = (total[both] / size[both] for total, size in zip(sums, sizes, strict=True))
    independent = [np.maximum(slow.independent * size / pool.N_k, 1)[both] for size in sizes]
    error = np.sqrt(slow.variance[both] * (1 / independent[0] + 1 / independent[1]))
    z = np.divide(melt - solid, error, out=np.zeros_like(error), where=error > 0)
    mean_square = float(z @ z) / len(both)
    p = float(fdtrc(len(both), max(slow.independent_near(pool.N_k) - 1, 1), mean_square))
    return Check("starts", float(np.sqrt(mean_square)), p, float(pool.temperatures_K[both[np.argmax(np.abs(z))]]))


def _by_rung(solved: Reweighting, values: Sequence[float], kind: str) -> Array:
    """Return the sum of a number of each run over the runs of one start at each rung (K,)."""
    chosen = np.array(values, dtype=float) * (np.array(solved.pool.starts) == kind)
    return np.bincount(solved.pool.rungs, weights=chosen, minlength=len(solved.pool.N_k)).astype(float)
