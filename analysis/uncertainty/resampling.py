"""Errors by resampling: what other runs of the same length would have found.

Blocks of the runs themselves will not do where jumps between solid and liquid are rare: a run that happened to make
none has no variance to resample, yet MBAR takes it as firm evidence. Instead each rung is drawn anew from MBAR's own
distribution, with as many independent samples as its runs are worth (`modes`), and everything is solved anew. The
share of the liquid is drawn with the independent samples of the jumps over the mean energy at the peak, and the
energies on either side with those of what the jumps leave of the quantity. A quantity's projection on the influence of
the peak's temperature will not do in place of the jumps: what remains beside it jumps too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.caloric import caloric_curves
from deckgen.analysis.mbar.reweighting import Reweighting
from deckgen.analysis.uncertainty.modes import Mode, find_mode

__all__ = ["remainder", "resampled_curves"]

Array = NDArray[np.float64]

BATCH = 32
"""Resamples that are solved together."""

NOTHING = 1e-10
"""A fraction of a variance that rounding leaves."""


def remainder(solved: Reweighting, influence: Array, slow: Mode, divide_eV: float) -> Mode | None:
    """Return what an influence function (M,) is without its part along the slow mode; None where nothing remains."""
    means = solved.distributions @ influence
    values = influence - means[:, None]
    along = (solved.distributions * values * slow.values).sum(axis=1)
    share = np.divide(along, slow.variance, out=np.zeros_like(along), where=slow.variance > 0)
    rest = values - share[:, None] * slow.values
    variance = (solved.distributions * rest**2).sum(axis=1)
    whole = (solved.distributions * values**2).sum(axis=1)
    return find_mode(solved, rest, divide_eV=divide_eV) if (variance > NOTHING * whole).any() else None


def resampled_curves(
    solved: Reweighting,
    grid_K: Array,
    n_atoms: int,
    node_weights: Array,
    slow: Mode,
    rest: Mode | None,
    *,
    n: int,
    generator: np.random.Generator,
) -> Array:
    """Return n curves C_v/C_0 (n, G), each of a resample with MBAR solved anew.

    Parameters
    ----------
    solved
        The solution for all samples.
    grid_K : (G,)
        Temperatures.
    n_atoms
        Atoms in the cluster.
    node_weights : (M,)
        Weights in averages at the nodes (ones, or the rotational weights).
    slow, rest
        The slow mode, and what remains of the quantity of interest beside it; None: nothing.
    n, generator
        Number of resamples, and what they are drawn with.

    Raises
    ------
    AnalysisError
        If MBAR cannot be solved for a resample.
    """
    curves = [np.empty((0, len(grid_K)))]
    for first in range(0, n, BATCH):
        counts = _counts(solved, slow, rest, min(BATCH, n - first), generator)
        weights = solved.weights_of(counts, node_weights)
        curves.append(caloric_curves(solved, grid_K, weights, n_atoms).heat_capacity_over_c0)
    return np.concatenate(curves)


def _counts(solved: Reweighting, slow: Mode, rest: Mode | None, size: int, generator: np.random.Generator) -> Array:
    """Return counts at the nodes (B, M) of resamples of all rungs together."""
    total = np.zeros((size, len(solved.counts)))
    for k, N in enumerate(solved.pool.N_k):
        distribution = solved.distributions[k]
        drawn = _draw(distribution, (slow if rest is None else rest).independent[k], size, generator)
        if rest is not None and slow.variance[k] > 0:
            jumped = _draw(distribution, slow.independent[k], size, generator)
            amplitude = (jumped - drawn) @ slow.values[k] / slow.variance[k]
            drawn += np.outer(amplitude, distribution * slow.values[k])
        total += N * drawn
    # a large amplitude of the slow mode can leave a node with fewer than no samples
    total = np.maximum(total, 0)
    return np.asarray(total * (solved.pool.N_k.sum() / total.sum(axis=1, keepdims=True)))


def _draw(distribution: Array, independent: float, size: int, generator: np.random.Generator) -> Array:
    """Return the distributions (B, M) of so many independent samples; a fraction of one is drawn with that chance."""
    n = np.floor(independent + generator.random(size)).astype(int)
    return np.asarray(generator.multinomial(np.maximum(n, 1), distribution) / np.maximum(n, 1)[:, None])
