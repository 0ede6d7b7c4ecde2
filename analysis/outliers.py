"""Single rows whose energy no other row of the study comes near: damaged, or a dynamics that broke down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deckgen.samples import TimeSeries

__all__ = ["Outlier", "find_outliers", "without_outliers"]

GAP = 10.0
"""Standard deviations to the nearest other energy; solid and liquid of Na147 are eight apart."""

MOST = 10
LARGEST_FRACTION = 1e-3
"""More rows than this in a run are no accident: they stay, and other checks speak."""


@dataclass(frozen=True)
class Outlier:
    """A row far from all others.

    Parameters
    ----------
    temperature_K, replica
        The run.
    row
        Its index in the run.
    time_ps, potential_energy_eV
        The row.
    gap_eV
        How far the nearest other energy of the study is.
    """

    temperature_K: float
    replica: int
    row: int
    time_ps: float
    potential_energy_eV: float
    gap_eV: float


def find_outliers(runs: Sequence[TimeSeries]) -> list[Outlier]:
    """Return the few rows beyond a gap in the energies of all runs."""
    width = max(_width(run.potential_energy_eV) for run in runs)
    if not width > 0:
        return []
    few = min(MOST, max(int(LARGEST_FRACTION * sum(run.n for run in runs)), 1))
    low = _lowest((run.potential_energy_eV for run in runs), few + 1)
    high = -_lowest((-run.potential_energy_eV for run in runs), few + 1)[::-1]
    below, above = (np.flatnonzero(np.diff(energies) > GAP * width) for energies in (low, high))
    found = []
    for run in runs:
        U = run.potential_energy_eV
        if len(below):
            at = below[-1]
            found += [_outlier(run, row, low[at + 1] - low[at]) for row in np.flatnonzero(low[at] >= U)]
        if len(above):
            at = above[0]
            found += [_outlier(run, row, high[at + 1] - high[at]) for row in np.flatnonzero(high[at] < U)]
    return found


def _lowest(runs: Iterable[NDArray[np.float64]], count: int) -> NDArray[np.float64]:
    """Return the lowest energies (count,) of all runs, ascending, with the memory of one run: all may be many GB."""
    parts = [
        np.partition(energies, count - 1)[:count].copy() if len(energies) > count else energies for energies in runs
    ]
    return np.sort(np.concatenate(parts))[:count]


def _width(energies_eV: NDArray[np.float64]) -> float:
    """Return the standard deviation as the median absolute deviation has it, which a few rows do not change."""
    return 1.4826 * float(np.median(np.abs(energies_eV - np.median(energies_eV))))


def _outlier(run: TimeSeries, row: np.intp, gap_eV: float) -> Outlier:
    time, energy = float(run.time_ps[row]), float(run.potential_energy_eV[row])
    return Outlier(run.temperature_K, run.replica, int(row), time, energy, float(gap_eV))


def without_outliers(run: TimeSeries, outliers: Sequence[Outlier]) -> TimeSeries:
    """Return the run with the row before, or after, in place of each outlier: rows stay evenly spaced."""
    own = {one.row for one in outliers if (one.temperature_K, one.replica) == (run.temperature_K, run.replica)}
    if not own or len(own) == run.n:
        return run
    good = np.array([row for row in range(run.n) if row not in own])
    taken = good[np.maximum(np.searchsorted(good, np.arange(run.n), side="right") - 1, 0)]

    def pick(values: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
        return None if values is None else values[taken]

    return replace(
        run,
        potential_energy_eV=run.potential_energy_eV[taken],
        kinetic_temperature_K=pick(run.kinetic_temperature_K),
        principal_moments_uA2=pick(run.principal_moments_uA2),
        root_determinants=pick(run.root_determinants),
    )
