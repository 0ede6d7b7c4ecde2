"""From bootstrap curves to intervals, and from halves of the runs to a check of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

from deckgen.analysis.bootstrap import CORRELATIONS, block_lengths
from deckgen.analysis.caloric import caloric_curves
from deckgen.analysis.mbar.reweighting import Reweighting
from deckgen.analysis.melting import Peak, find_melting
from deckgen.analysis.production import Pool
from deckgen.analysis.results import Interval, Intervals

__all__ = ["blocks_near", "curve_band", "half_curves", "peak_intervals", "rungs_under"]

Array = NDArray[np.float64]

LEVEL = 0.95

ENOUGH = 0.9
"""Fraction of the resamples that must show a peak for its interval to mean something."""


def expanded_percentiles(n_blocks: int) -> tuple[float, float]:
    """Return the percentiles of resamples of n independent blocks that make a 95 % interval.

    Few blocks scatter less than what they were drawn from, and their scatter is itself uncertain: the percentiles lie
    as far out as Student's t and n/(n - 1) ask for.

    References
    ----------
    Hesterberg, The American Statistician 69, 371 (2015): the expanded percentile interval.
    """
    n = max(n_blocks, 2)
    tail = 100 * ndtr(-np.sqrt(n / (n - 1)) * stdtrit(n - 1, (1 + LEVEL) / 2))  # scipy.stats is slow to import
    return float(tail), float(100 - tail)


def curve_band(curves: Array, pool: Pool, grid_K: Array) -> Array | None:
    """Return the 95 % band (G, 2) of bootstrap curves (n, G); None where there are none."""
    if not len(curves):
        return None
    percentiles = (expanded_percentiles(blocks_near(pool, temperature)) for temperature in grid_K.tolist())
    return np.stack([np.percentile(curve, ends) for curve, ends in zip(curves.T, percentiles, strict=True)])


def peak_intervals(curves: Array, grid_K: Array, n_atoms: int, n_blocks: int) -> Intervals:
    """Return the 95 % intervals of the melting peak from bootstrap curves (n, G) of so many blocks next to it."""
    found = [find_melting(grid_K, curve, n_atoms) for curve in curves]
    peaks = [peak for peak in found if peak is not None and not peak.at_edge]

    def interval(values: Sequence[float | None]) -> Interval | None:
        known = [value for value in values if value is not None]
        if not known or len(known) < ENOUGH * len(curves):
            return None
        low, high = np.percentile(known, expanded_percentiles(n_blocks))
        return float(low), float(high)

    return Intervals(
        temperature_K=interval([peak.temperature_K for peak in peaks]),
        height_over_c0=interval([peak.height_over_c0 for peak in peaks]),
        fwhm_K=interval([peak.fwhm_K for peak in peaks]),
        latent_heat_eV=interval([peak.latent_heat_eV for peak in peaks]),
    )


def blocks_near(pool: Pool, temperature_K: float, carried: float = np.inf) -> int:
    """Return the number of independent blocks at the two rungs next to a temperature.

    Parameters
    ----------
    pool
        The samples.
    temperature_K
        Where.
    carried
        Kish's number of the independent samples that carry the weight there: between rungs that hardly overlap a few
        do, whatever the runs' lengths.
    """
    above = int(np.clip(np.searchsorted(pool.temperatures_K, temperature_K), 1, len(pool.temperatures_K) - 1))
    runs = zip(pool.lengths, block_lengths(pool), pool.rungs, strict=True)
    near = [(n, length) for n, length, rung in runs if rung in (above - 1, above)]
    return int(min(sum(n // length for n, length in near), carried / CORRELATIONS))


def rungs_under(temperatures_K: Array, peak: Peak) -> list[float]:
    """Return the rungs that make a peak: the two next to it, and those within its width."""
    above = int(np.clip(np.searchsorted(temperatures_K, peak.temperature_K), 1, len(temperatures_K) - 1))
    near = np.abs(temperatures_K - peak.temperature_K) <= (peak.fwhm_K or 0) / 2
    near[above - 1 : above + 1] = True
    return [float(T) for T in temperatures_K[near]]


def half_curves(solved: Reweighting, grid_K: Array, n_atoms: int, sample_weights: Array) -> Array | None:
    """Return C_v/C_0 (2, G) of the first and of the second half of every run; None where a rung has too few samples."""
    pool = solved.pool
    first = np.concatenate([np.arange(n) < n // 2 for n in pool.lengths]).astype(float)
    weights = []
    for counts in (first, 1 - first):
        N_k = np.array([part.sum() for part in np.split(counts, np.cumsum(pool.N_k)[:-1])])
        if (N_k < 2).any():
            return None
        weights.append(solved.weights(counts, N_k, sample_weights))
    return caloric_curves(solved, grid_K, np.stack(weights, axis=1), n_atoms).heat_capacity_over_c0
