"""Where a run has equilibrated: by itself, and judged over all runs together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfc, gammaincc

from deckgen.analysis.uncertainty.correlation import statistical_inefficiencies

__all__ = ["LATEST", "Equilibration", "Starts", "common_start", "detect_equilibration", "thin"]

Array = NDArray[np.float64]

STARTS = (*np.linspace(0, 0.5, 11), 0.6, 0.7, 0.8, 0.9)
"""Candidate ends of the equilibration, fractions of the run; one in its second half says that it has not settled."""

GAIN = 1.5
"""By how much the independent samples must grow for a part to be left out: g itself is known to some 40 % only."""

RARE = 0.01
"""Fraction of the second half below, and above, which an energy is foreign to it."""

LATEST = 0.5
"""Fraction of a run by which it must have equilibrated."""

PARTS = 20
"""Parts of a run whose means are compared with that of its second half."""

CHANCE = 1e-3
"""Chance that runs in equilibrium are found to approach it."""


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
        Whether no part of its second half looks better. If one does, what happens before is as likely a slow
        fluctuation as the equilibration: it is kept, and g tells how slow it is.
    """

    start: int
    g: float
    settled: bool = True


class Starts:
    """Candidate ends of a series' equilibration, and the independent samples that each would leave.

    Parameters
    ----------
    series : (n,)
        Evenly spaced samples, n >= 1.
    """

    def __init__(self, series: Array) -> None:
        self.n = len(series)
        starts = np.unique((np.array(STARTS) * self.n).astype(int))
        starts = np.append(starts, _first_passage(series))
        found = statistical_inefficiencies([series[start:] for start in starts])
        *self._found, self._passage = (Equilibration(int(start), g) for start, g in zip(starts, found, strict=True))

    def best(self, least_g: float = 1.0) -> Equilibration:
        """Return the start, within the first half, that leaves most independent samples, n_left / g.

        It lies behind the first passage of the level about which the second half fluctuates.

        Parameters
        ----------
        least_g
            No part is taken to have a g below this one. A rare visit to another basin makes g large; without a limit, a
            start behind it would look better, and visits would be left out for being rare.

        References
        ----------
        Chodera, J. Chem. Theory Comput. 12, 1799 (2016).
        """
        early = [candidate for candidate in self._found if candidate.start <= self.n / 2]
        left = partial(self._left, least_g=least_g)
        best = max(early, key=left)
        best = best if left(best) >= GAIN * left(early[0]) else early[0]
        best = self._passage if self._passage.start > best.start else best
        latest = max(self._found, key=left)
        late = latest.start > self.n / 2 and left(latest) > GAIN * max(map(left, early))
        return replace(best, settled=not late)

    def _left(self, candidate: Equilibration, least_g: float) -> float:
        """Return the independent samples that a start leaves."""
        return (self.n - candidate.start) / max(candidate.g, least_g)


def detect_equilibration(series: Array, least_g: float = 1.0) -> Equilibration:
    """Return where a series (n,) has equilibrated; see `Starts.best`."""
    return Starts(series).best(least_g)


def _first_passage(series: Array) -> int:
    """Return the first sample, within the first half, beyond the median of the second half as seen from the start.

    0 where the way there is nothing that the second half would not do as well: a visit to another basin is no approach.
    """
    half = len(series) // 2
    later = series[half:]
    level = np.median(later)
    passed = np.flatnonzero((series[:half] >= level) != (series[0] >= level))
    passage = int(passed[0]) if len(passed) else half
    low, high = np.quantile(later, (RARE, 1 - RARE))
    return passage if passage and not low <= np.median(series[:passage]) <= high else 0


def thin(n: int, g: float) -> NDArray[np.intp]:
    """Return the indices of n samples that lie g apart, from the first."""
    return np.unique(np.floor(np.arange(0, n, max(g, 1.0))).astype(np.intp))


def common_start(runs: Sequence[Array], correlations: Sequence[float]) -> float:
    """Return the fraction of all runs, at most a half, over which they approach equilibrium together.

    What is lost in the noise of one run shows in all of them: each twentieth of the runs is compared with their second
    half, by the sum of the deviations in standard errors and by the sum of their squares. Runs that start on either
    side of equilibrium cancel in the first and show in the second.

    Parameters
    ----------
    runs
        Evenly spaced energies of each.
    correlations
        Samples that make one independent one in each.
    """
    deviations = np.array([_deviations(run, g) for run, g in zip(runs, correlations, strict=True)])
    if not len(deviations):
        return 0.0
    together = np.abs(deviations.sum(axis=0)) / np.sqrt(len(deviations))
    squares = (deviations**2).sum(axis=0)
    p = np.minimum(erfc(together / np.sqrt(2)), gammaincc(len(deviations) / 2, squares / 2))
    off = p < CHANCE / PARTS
    return float((1 + np.flatnonzero(off)[-1]) / PARTS) if off.any() else 0.0


def _deviations(run: Array, g: float) -> Array:
    """Return how far the mean of each part of the first half lies from that of the second, in standard errors.

    A part that is shorter than the correlation time has the scatter of a single sample.
    """
    n, later = len(run), run[len(run) // 2 :]
    ends = np.linspace(0, n // 2, PARTS // 2 + 1).astype(int)
    if n < 2 * PARTS or not run.std() > 0:
        return np.zeros(PARTS // 2)
    means = np.add.reduceat(run[: n // 2], ends[:-1]) / np.diff(ends)
    error = run.std() * np.sqrt(np.minimum(g / np.diff(ends), 1) + min(g / len(later), 1))
    return np.asarray((means - later.mean()) / error)
