"""How many samples of a correlated series make one independent one: modes that are slow behind fast ones included.

The integrated correlation is the spectral density at zero frequency, estimated by an autoregressive model whose order
AIC chooses. A vibration hides what is slow behind it: a sum over the correlation function ends at the vibration's
first zero, and a model of the samples spends its orders on the vibration. Averages over blocks lose the vibration and
keep the rest, so the model is fitted to blocks of 1, 2, 4, ... samples, and the shortest blocks count that no longer
ones contradict. The choice among estimators, by measurement: `python -m validation.melting.correlation`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.uncertainty.spectrum import densities_at_zero

__all__ = [
    "FEWEST_FLUCTUATIONS",
    "Correlation",
    "correlation",
    "correlations",
    "standard_error",
    "statistical_inefficiencies",
    "statistical_inefficiency",
]

Array = NDArray[np.float64]

FEWEST_BLOCKS = 40
"""Blocks that a model is fitted to, at least."""

SHORTEST = 8
"""Blocks of a single run, at least."""

HIGHEST_ORDER = 20

ROUNDING = 1e-14
"""Relative deviations that are none."""

LOST_AT_ENDS = 0.5
"""Fluctuations that the products lose in each series: at lag l, n blocks have n - l pairs, but count as n.

A model of first order takes a slow time t in n blocks for t/(1 + t/n), and the slow mode fluctuates n/2t times.
"""

LOST_WITH_MEAN = 2.0
"""Those that a series' own mean takes with it: one from its variance, one from the model's coefficient.

Marriott, Pope, Biometrika 41, 390 (1954).
"""

MARGIN = 0.5
"""Standard errors by which longer blocks must exceed shorter ones to count: what is slow shows, but chance less."""

FEWEST_FLUCTUATIONS = 20.0
"""A mode that fluctuates fewer times than this in a run has no known correlation time."""


@dataclass(frozen=True)
class Correlation:
    """What one or several series of the same kind say of their correlation.

    Parameters
    ----------
    time
        Statistical inefficiency times the interval: the time that makes one independent sample.
    n_fluctuations
        How often the slowest mode that shows fluctuates in all of the series.
    """

    time: float
    n_fluctuations: float

    @property
    def known(self) -> bool:
        """Whether the slowest mode has fluctuated often enough for its correlation time to be known."""
        return self.n_fluctuations >= FEWEST_FLUCTUATIONS


def statistical_inefficiency(series: Array) -> float:
    """Return g, the number of samples that make one independent one: n var(mean)/var(sample).

    Parameters
    ----------
    series : (n,)
        Evenly spaced samples.

    Returns
    -------
    float
        Between 1 and n. A constant series counts as one sample: g = n.
    """
    return statistical_inefficiencies([series])[0]


def statistical_inefficiencies(series: Sequence[Array]) -> list[float]:
    """Return the statistical inefficiency of each series."""
    # not own_means: to put back what a mean takes with it would call slow runs unequilibrated that only jump rarely
    found = correlations([_deviations(x) for x in series], [1.0] * len(series), [[i] for i in range(len(series))])
    return [float(np.clip(one.time, 1, len(x))) for one, x in zip(found, series, strict=True)]


def _deviations(series: Array) -> Array:
    """Return the deviations from the mean; none where rounding makes them, or where the series is too short."""
    deviations = series - np.mean(series)
    varies = len(series) >= SHORTEST and np.abs(deviations).max() > ROUNDING * np.abs(series).max()
    return deviations if varies else np.zeros_like(deviations)


def standard_error(series: Sequence[Array]) -> float | None:
    """Return the standard error of the common mean of runs with equally spaced samples; None where it is not known."""
    deviations = [run - np.mean(run) for run in series]
    if min(map(len, series)) < SHORTEST:
        return None
    found = correlation(deviations, [1.0] * len(series), own_means=True)
    everything = np.concatenate(deviations)
    return float(everything.std() * np.sqrt(max(found.time, 1.0) / len(everything))) if found.known else None


def correlation(deviations: Sequence[Array], intervals: Sequence[float], *, own_means: bool = False) -> Correlation:
    """Estimate the correlation that several series have in common.

    Parameters
    ----------
    deviations
        Evenly spaced deviations from the mean of each series: from the mean that it should have, where that is known
        better than from the series.
    intervals
        Time between the samples of each.
    own_means
        Whether the deviations of each series are from its own mean.

    Returns
    -------
    Correlation
        In the intervals' unit of time. Samples without deviations count as one.

    References
    ----------
    Thompson, "A comparison of methods for computing autocorrelation time", arXiv:1011.0175 (2010);
    Flyvbjerg, Petersen, J. Chem. Phys. 91, 461 (1989).
    """
    return correlations(deviations, intervals, [range(len(deviations))], own_means=own_means)[0]


def correlations(
    deviations: Sequence[Array],
    intervals: Sequence[float],
    groups: Sequence[Sequence[int]],
    *,
    own_means: bool = False,
) -> list[Correlation]:
    """Estimate the correlation that the series of each group have in common; a series may be in several groups.

    Parameters
    ----------
    deviations, intervals, own_means
        As for `correlation`.
    groups
        Indices of the series in each group.
    """
    if not groups:
        return []
    spans = np.array([len(x) * dt for x, dt in zip(deviations, intervals, strict=True)])
    squares = np.array([x @ x for x in deviations]) / [len(x) for x in deviations]
    base = max(intervals)
    blocks = [list(_blocks(x, base / dt)) for x, dt in zip(deviations, intervals, strict=True)]
    levels = [list(_levels([blocks[run] for run in group])) for group in groups]
    covariances = np.stack([level.covariance for group in levels for level in group])
    n = np.array([level.n for group in levels for level in group])
    ends = np.cumsum([len(group) for group in levels])
    densities = densities_at_zero(covariances, n)
    fluctuations = np.divide(n * covariances[:, 0], densities, out=np.full_like(densities, np.inf), where=densities > 0)
    found = []
    for group, first, end in zip(groups, [0, *ends[:-1]], ends, strict=True):
        whole = spans[list(group)]
        variance = float(whole @ squares[list(group)] / whole.sum())
        if not variance > 0:
            found.append(Correlation(float(whole.sum()), 1.0))
            continue
        lost = (LOST_AT_ENDS + LOST_WITH_MEAN * own_means) * len(group) / fluctuations[first:end]
        times = base * 2.0 ** np.arange(end - first) * densities[first:end] / variance / (1 - np.minimum(lost, 0.5))
        level = _uncontradicted(times, fluctuations[first:end])
        found.append(Correlation(float(times[level]), float(fluctuations[first:end].min())))
    return found


def _uncontradicted(times: Array, fluctuations: Array) -> int:
    """Return the first level whose time no later one exceeds by more than chance.

    The relative variance of a density is some four in the number of fluctuations: Priestley, section 6.2.
    """
    limits = times / (1 + MARGIN * np.sqrt(4 / fluctuations))
    return int(np.argmax([(limits[level + 1 :] <= times[level]).all() for level in range(len(times))]))


@dataclass(frozen=True, eq=False)
class _Blocks:
    """Blocks of one duration: their number, and the sums of products of their averages at lags 0, 1, ... (P + 1,)."""

    n: int
    products: Array


def _blocks(series: Array, length: float) -> Iterator[_Blocks]:
    """Yield the blocks of a series, `length` samples long at first, twice as long each time."""
    means, joined = series, 1
    while True:
        samples = max(round(length), 1)
        means, more = (means, samples // joined) if samples % joined == 0 else (series, samples)
        n, joined = max(len(means) // more, 1), samples
        means = means[: n * more].reshape(n, -1).mean(axis=1) if more > 1 else means
        yield _Blocks(n, np.correlate(np.concatenate([means, np.zeros(HIGHEST_ORDER)]), means, "valid"))
        if n < 2 * SHORTEST:
            return
        length *= 2


@dataclass(frozen=True, eq=False)
class _Level:
    """Blocks of one duration of all series: their number, and their covariance; NaN beyond what a fit may use."""

    n: int
    covariance: Array


def _levels(series: Sequence[Sequence[_Blocks]]) -> Iterator[_Level]:
    """Sum up the blocks of all series, duration by duration; the sums over a lag end with the data."""
    for blocks in zip(*series, strict=False):
        numbers = [block.n for block in blocks]
        n, fewest = sum(numbers), min(numbers)
        if blocks[0] is not series[0][0] and (n < FEWEST_BLOCKS or fewest < SHORTEST):
            return
        covariance = np.sum([block.products for block in blocks], axis=0) / n
        covariance[min(HIGHEST_ORDER, n // 4, fewest - 1) + 1 :] = np.nan
        yield _Level(n, covariance)
