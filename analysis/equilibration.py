"""Where a run has equilibrated, and how far apart its samples must be to count as independent."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

__all__ = ["Equilibration", "block_error", "detect_equilibration", "statistical_inefficiency", "thin"]

Array = NDArray[np.float64]

N_STARTS = 50
"""Candidate ends of the equilibration, evenly spaced: this bounds the cost."""

MIN_LAG = 3
"""Correlation is summed at least to this lag, however noisy."""

N_BLOCKS = 50
MIN_BLOCKS = 5


@dataclass(frozen=True)
class Equilibration:
    """Where a series has equilibrated.

    Parameters
    ----------
    start
        First sample of the equilibrated part; never beyond half of the series.
    g
        Statistical inefficiency of that part (>= 1): the number of samples that make one independent one.
    settled
        Whether the series settled within its first half. If not, what happens later is as likely a slow fluctuation as
        the end of the equilibration: it is kept, and g tells how slow it is.
    """

    start: int
    g: float
    settled: bool = True


def statistical_inefficiency(series: Array) -> float:
    """Return g = 1 + 2 sum_t (1 - t/n) C(t), summed until the correlation C first falls to zero.

    The same estimate as `pymbar.timeseries.statistical_inefficiency`, by FFT.

    Parameters
    ----------
    series : (n,)
        Evenly spaced samples.

    Returns
    -------
    float
        g, between 1 and n. A constant series counts as one sample: g = n.

    References
    ----------
    Chodera, Swope, Pitera, Seok, Dill, J. Chem. Theory Comput. 3, 26 (2007).
    """
    n = len(series)
    deviation = series - np.mean(series)
    if n < MIN_LAG + 2 or not np.any(np.abs(deviation) > 1e-14 * np.max(np.abs(series))):
        return float(max(n, 1))
    spectrum = rfft(deviation, next_fast_len(2 * n, real=True))
    covariance = irfft(np.abs(spectrum) ** 2, next_fast_len(2 * n, real=True))[: n - 1]
    lag = np.arange(n - 1)
    correlation = covariance / covariance[0] * n / (n - lag)
    fallen = np.flatnonzero((correlation <= 0) & (lag > MIN_LAG))
    end = fallen[0] if len(fallen) else n - 1
    g = 1 + 2 * np.sum(correlation[1:end] * (1 - lag[1:end] / n))
    return float(np.clip(g, 1, n))


def detect_equilibration(series: Array, least_g: float = 1.0) -> Equilibration:
    """Return the start, within the first half, that leaves most independent samples, n_left / g.

    It lies behind the first passage of the level about which the second half fluctuates.

    Parameters
    ----------
    series : (n,)
        Evenly spaced samples, n >= 1.
    least_g
        No part is taken to have a g below this one. A rare visit to another basin makes g large; without a limit, a
        start behind it would look better, and visits would be left out for being rare.

    References
    ----------
    Chodera, J. Chem. Theory Comput. 12, 1799 (2016).
    """
    n = len(series)
    starts = np.unique(np.linspace(0, 0.9 * n, N_STARTS, endpoint=False).astype(int))
    found = [Equilibration(int(start), statistical_inefficiency(series[start:])) for start in starts]
    settled = max(found, key=lambda candidate: (n - candidate.start) / candidate.g).start <= n / 2
    early = [candidate for candidate in found if candidate.start <= n / 2]
    best = max(early, key=lambda candidate: (n - candidate.start) / max(candidate.g, least_g))
    passage = _first_passage(series)
    if passage > best.start:
        best = Equilibration(passage, statistical_inefficiency(series[passage:]))
    return replace(best, settled=settled)


def _first_passage(series: Array) -> int:
    """Return the first sample, within the first half, beyond the median of the second half as seen from the start."""
    half = len(series) // 2
    level = np.median(series[half:])
    passed = np.flatnonzero((series[:half] >= level) != (series[0] >= level))
    return int(passed[0]) if len(passed) else half


def thin(n: int, g: float) -> NDArray[np.intp]:
    """Return the indices of n samples that lie g apart, from the first."""
    return np.unique(np.floor(np.arange(0, n, max(g, 1.0))).astype(np.intp))


def block_error(series: Array, g: float) -> float | None:
    """Return the standard error of the mean, from the scatter of blocks longer than g.

    Parameters
    ----------
    series : (n,)
        Evenly spaced samples.
    g
        Their statistical inefficiency; a block is at least twice as long.

    Returns
    -------
    float or None
        None where there are fewer than five blocks.
    """
    length = max(int(np.ceil(2 * g)), len(series) // N_BLOCKS, 1)
    n_blocks = len(series) // length
    if n_blocks < MIN_BLOCKS:
        return None
    means = series[: n_blocks * length].reshape(n_blocks, length).mean(axis=1)
    return float(means.std(ddof=1) / np.sqrt(n_blocks))
