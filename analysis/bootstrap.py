"""Errors by resampling blocks of the runs, longer than their correlation, and solving everything anew."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.caloric import caloric_curves
from deckgen.analysis.mbar.reweighting import Reweighting
from deckgen.analysis.production import Pool, slowest_nearby

__all__ = ["CORRELATIONS", "block_lengths", "bootstrap_curves", "resample"]

Array = NDArray[np.float64]

BATCH = 32
"""Resamples whose curves are computed together."""

CORRELATIONS = 3
"""Length of a block in correlation times."""

BLOCKS = 50
"""Blocks of a run, where it has twice as many independent samples or more."""


def block_lengths(pool: Pool) -> list[int]:
    """Return the length of each run's blocks, in samples of the pool.

    Three times the longest correlation time at the run's rung and the two next to it, and at least a fiftieth of the
    run.
    """
    times = CORRELATIONS * np.array(slowest_nearby(pool.correlations_ps, pool.rungs))
    wanted = [round(time / spacing) for time, spacing in zip(times.tolist(), pool.spacings_ps, strict=True)]
    return [min(n, max(2, n // BLOCKS, length)) for n, length in zip(pool.lengths, wanted, strict=True)]


def resample(pool: Pool, generator: np.random.Generator) -> Array:
    """Return how often each sample (N,) occurs in a circular block bootstrap of every run.

    Each run keeps its number of samples.

    References
    ----------
    Politis, Romano, in: Exploring the Limits of Bootstrap (Wiley, 1992), p. 263.
    """
    counts = []
    for n, length in zip(pool.lengths, block_lengths(pool), strict=True):
        starts = generator.integers(n, size=-(-n // length))
        chosen = (starts[:, None] + np.arange(length)).ravel()[:n] % n
        counts.append(np.bincount(chosen, minlength=n))
    return np.concatenate(counts).astype(float)


def bootstrap_curves(
    solved: Reweighting, grid_K: Array, n_atoms: int, sample_weights: Array, *, n: int, seed: int
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
    sample_weights : (N,)
        Weights of the samples in averages (ones, or the rotational weights).
    n, seed
        Number of resamples, and the seed that makes them reproducible.

    Raises
    ------
    AnalysisError
        If MBAR cannot be solved for a resample.
    """
    generator = np.random.default_rng(seed)
    curves = [np.empty((0, len(grid_K)))]
    for first in range(0, n, BATCH):
        size = min(BATCH, n - first)
        weights = np.stack(list(_weights(solved, sample_weights, generator, size)), axis=1)
        curves.append(caloric_curves(solved, grid_K, weights, n_atoms).heat_capacity_over_c0)
    return np.concatenate(curves)


def _weights(solved: Reweighting, sample_weights: Array, generator: np.random.Generator, size: int) -> Iterator[Array]:
    for _ in range(size):
        chosen = resample(solved.pool, generator)
        yield solved.weights(chosen, solved.pool.N_k, sample_weights)
