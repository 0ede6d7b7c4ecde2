"""How many samples of a correlated series make one independent one: modes that are slow behind fast ones included.

The integrated correlation is the spectral density at zero frequency, estimated by an autoregressive model whose order
AIC chooses. A vibration hides what is slow behind it: a sum over the correlation function ends at the vibration's
first zero, and a model of the samples spends its orders on the vibration. Averages over blocks lose the vibration and
keep the rest, so the model is fitted to blocks of 1, 2, 4, ... samples, and the largest density counts. The choice
among estimators, by measurement: `python -m validation.melting.correlation`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FEWEST_FLUCTUATIONS", "Correlation", "correlation", "standard_error", "statistical_inefficiency"]

Array = NDArray[np.float64]

FEWEST_BLOCKS = 40
"""Blocks that a model is fitted to, at least."""

SHORTEST = 8
"""Blocks of a single run, at least."""

HIGHEST_ORDER = 20

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
    n = len(series)
    deviation = series - np.mean(series)
    if n < SHORTEST or not np.any(np.abs(deviation) > 1e-14 * np.max(np.abs(series))):
        return float(max(n, 1))
    return float(np.clip(correlation([deviation], [1.0]).time, 1, n))


def standard_error(series: Sequence[Array]) -> float | None:
    """Return the standard error of the common mean of runs with equally spaced samples; None where it is not known."""
    deviations = [run - np.mean(run) for run in series]
    if min(map(len, series)) < SHORTEST:
        return None
    found = correlation(deviations, [1.0] * len(series))
    everything = np.concatenate(deviations)
    return float(everything.std() * np.sqrt(max(found.time, 1.0) / len(everything))) if found.known else None


def correlation(deviations: Sequence[Array], intervals: Sequence[float]) -> Correlation:
    """Estimate the correlation that several series have in common.

    Parameters
    ----------
    deviations
        Evenly spaced deviations from the mean of each series: from the mean that it should have, where that is known
        better than from the series.
    intervals
        Time between the samples of each.

    Returns
    -------
    Correlation
        In the intervals' unit of time. Samples without deviations count as one.

    References
    ----------
    Thompson, "A comparison of methods for computing autocorrelation time", arXiv:1011.0175 (2010);
    Flyvbjerg, Petersen, J. Chem. Phys. 91, 461 (1989).
    """
    spans = np.array([len(x) * dt for x, dt in zip(deviations, intervals, strict=True)])
    squares = [float(x @ x) / len(x) for x in deviations]
    variance = float(spans @ squares / spans.sum())
    if not variance > 0:
        return Correlation(float(spans.sum()), 1.0)
    levels = [_level(blocks, duration) for blocks, duration in _levels(deviations, intervals)]
    n = np.array([level.n for level in levels])
    covariances = np.stack([level.covariance for level in levels])
    densities = _densities(covariances, n)
    longest = max(density * level.duration for density, level in zip(densities.tolist(), levels, strict=True))
    return Correlation(longest / variance, float(np.min(n * covariances[:, 0] / densities)))


def _levels(series: Sequence[Array], intervals: Sequence[float]) -> Iterator[tuple[list[Array], float]]:
    """Yield averages over blocks of the same duration in all series, and that duration; it doubles."""
    duration = max(intervals)
    while True:
        lengths = [max(round(duration / interval), 1) for interval in intervals]
        blocks = [_averages(x, length) for x, length in zip(series, lengths, strict=True)]
        numbers = [len(means) for means in blocks]
        if duration > max(intervals) and (sum(numbers) < FEWEST_BLOCKS or min(numbers) < SHORTEST):
            return
        yield blocks, duration
        duration *= 2


def _averages(series: Array, length: int) -> Array:
    n = max(len(series) // length, 1)
    return np.asarray(series[: n * length].reshape(n, -1).mean(axis=1))


@dataclass(frozen=True, eq=False)
class _Level:
    """Blocks of one duration: their number, and their covariance at lags 0, 1, ...; NaN beyond what a fit may use."""

    duration: float
    n: int
    covariance: Array


def _level(blocks: Sequence[Array], duration: float) -> _Level:
    """Sum up the blocks of all series, each series weighted by its length; the sums over a lag end with the data."""
    n = sum(map(len, blocks))
    highest = min(HIGHEST_ORDER, n // 4, min(map(len, blocks)) - 1)
    covariance = np.full(HIGHEST_ORDER + 1, np.nan)
    for lag in range(highest + 1):
        covariance[lag] = sum(float(x[: len(x) - lag] @ x[lag:]) for x in blocks) / n
    return _Level(duration, n, covariance)


def _densities(covariances: Array, n: NDArray[np.int_]) -> Array:
    """Return the spectral density at zero frequency of each level (L,): n times the variance of the mean of n blocks.

    The Levinson recursion for all levels at once, their orders chosen by Akaike's criterion.

    Parameters
    ----------
    covariances : (L, P + 1)
        At lags 0 to P; NaN beyond the highest order.
    n : (L,)
        Blocks of each level.
    """
    coefficients = np.zeros((len(n), 0))
    error = covariances[:, 0].copy()
    best, densities = n * np.log(error), error.copy()
    for order in range(1, covariances.shape[1]):
        past = np.einsum("lp,lp->l", coefficients, covariances[:, order - 1 : 0 : -1])
        reflection = ((covariances[:, order] - past) / error)[:, None]
        coefficients = np.hstack([coefficients - reflection * coefficients[:, ::-1], reflection])
        error = error * (1 - reflection[:, 0] ** 2)
        with np.errstate(invalid="ignore", divide="ignore"):
            criterion = np.where(error > 0, n * np.log(error) + 2 * order, np.inf)
        better = criterion < best
        best[better] = criterion[better]
        densities[better] = error[better] / (1 - coefficients[better].sum(axis=1)) ** 2
    return densities
