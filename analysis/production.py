"""The equilibrated part of every run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.uncertainty.correlation import statistical_inefficiency
from deckgen.analysis.uncertainty.equilibration import (
    LATEST,
    Equilibration,
    Starts,
    common_start,
    thin,
)
from deckgen.samples import TimeSeries

__all__ = ["MIN_SAMPLES", "Production", "make_productions", "slowest_nearby"]

Array = NDArray[np.float64]
Counts = NDArray[np.int_]

MIN_SAMPLES = 10
"""A run with fewer samples is left out."""


LONGEST_MEMORY = 0.25
"""Fraction of a run that is left out, at most, because it remembers its start."""


@dataclass(frozen=True, eq=False)
class Production:
    """The equilibrated part of one run.

    Parameters
    ----------
    series
        The run, whole.
    start
        Its first equilibrated sample.
    g
        Statistical inefficiency of the potential energy from there on.
    settled
        Whether the energy settled within the first half of the run.
    """

    series: TimeSeries
    start: int
    g: float
    settled: bool

    @property
    def n(self) -> int:
        """Number of equilibrated samples."""
        return self.series.n - self.start

    @property
    def n_effective(self) -> float:
        """Number of independent samples."""
        return self.n / self.g

    @property
    def equilibration_ps(self) -> float:
        """Time left out at the start."""
        return self.start * self.series.interval_ps

    @property
    def energies_eV(self) -> Array:
        """Potential energies of the equilibrated samples, (n,)."""
        return self.series.potential_energy_eV[self.start :]

    @cached_property
    def rotation_weights(self) -> Array | None:
        """Weights sqrt(det I) of the equilibrated samples, (n,), of mean one; None where they do not apply.

        A run that keeps its zero angular momentum samples exp(-V/kT)/sqrt(det I); the weights turn that into the
        canonical distribution.
        """
        return self.series.rotation_weights(self.start) if self.series.angular_momentum_is_zero else None

    @property
    def correlation_ps(self) -> float:
        """Time that makes one independent sample."""
        return self.g * self.series.interval_ps

    def thinned(self, spacing_ps: float) -> NDArray[np.intp]:
        """Return the indices, into the equilibrated samples, of those that lie `spacing_ps` apart, or all."""
        return thin(self.n, spacing_ps / self.series.interval_ps if self.series.interval_ps else 1.0)


def make_productions(runs: Sequence[TimeSeries]) -> list[Production]:
    """Find the equilibrated part of every run: by itself, then by what all runs together show.

    No run is taken to relax faster than those at the rungs next to it. Its first relaxation time, g/2 samples, is left
    out: runs that start from one structure remember it together. The rungs of a ladder that exchanged configurations
    begin together.
    """
    plain = _plain([run for run in runs if run.ladder is None])
    ladders = _ladders(runs)
    energies = [run.series.potential_energy_eV for run, _ in plain] + [one.energies_eV for one in ladders.values()]
    fraction = common_start(energies, [g for _, g in plain] + [one.settled.g for one in ladders.values()])
    later = iter([_from_later(run, max(fraction, _memory(run.series.n, g))) for run, g in plain])
    return [next(later) if run.ladder is None else ladders[run.ladder].production(run, fraction) for run in runs]


def _plain(runs: Sequence[TimeSeries]) -> list[tuple[Production, float]]:
    """Find the equilibrated part of runs that are independent of one another, and the g of the slowest next to each."""
    candidates = [Starts(run.potential_energy_eV) for run in runs]
    by_themselves = [_production(run, starts, 0.0) for run, starts in zip(runs, candidates, strict=True)]
    rungs = np.unique([run.temperature_K for run in runs], return_inverse=True)[1]
    slowest_ps = slowest_nearby([run.correlation_ps for run in by_themselves], rungs)
    least_g = [_least_g(run, slowest) for run, slowest in zip(runs, slowest_ps, strict=True)]
    return [(_production(run, starts, g), g) for run, starts, g in zip(runs, candidates, least_g, strict=True)]


@dataclass(frozen=True, eq=False)
class _Ladder:
    """The sum (n,) of the energies of rungs that exchanged configurations, and where it has settled."""

    energies_eV: Array
    settled: Equilibration

    def production(self, run: TimeSeries, fraction: float) -> Production:
        """Return a rung, which begins with the ladder, and not before this fraction of its length."""
        n = len(self.energies_eV)
        # a configuration forgets the start at the rungs that jump, and has to get there first
        begin = max(fraction, self.settled.start / n, _memory(n, 2 * self.settled.g))
        start = int(np.ceil(begin * run.n))
        g = statistical_inefficiency(run.potential_energy_eV[start:])
        return Production(run, start, g, self.settled.settled and begin < LATEST)


def _ladders(runs: Sequence[TimeSeries]) -> dict[int, _Ladder]:
    """Sum up the rungs of each ladder: what leaves one rung goes on at another, and settles with it."""
    totals = {}
    for ladder in {run.ladder for run in runs if run.ladder is not None}:
        energies = [run.potential_energy_eV for run in runs if run.ladder == ladder]
        totals[ladder] = np.sum([values[: min(map(len, energies))] for values in energies], axis=0)
    candidates = {ladder: Starts(total) for ladder, total in totals.items()}
    slowest = max((starts.best().g for starts in candidates.values()), default=1.0)
    return {ladder: _Ladder(totals[ladder], starts.best(slowest)) for ladder, starts in candidates.items()}


def _memory(n: int, g: float) -> float:
    """Return the fraction of n samples that remembers the start."""
    return min(g / 2 / n, LONGEST_MEMORY) if g > 2 else 0.0


def _production(series: TimeSeries, starts: Starts, least_g: float) -> Production:
    found = starts.best(least_g)
    return Production(series, found.start, found.g, found.settled)


def _least_g(series: TimeSeries, slowest_ps: float) -> float:
    return slowest_ps / series.interval_ps if series.interval_ps else 1.0


def _from_later(run: Production, fraction: float) -> Production:
    """Return the run without this fraction of its beginning; half of it are no end of the approach."""
    start = int(np.ceil(fraction * run.series.n))
    settled = run.settled and fraction < LATEST
    if start <= run.start:
        return replace(run, settled=settled)
    return Production(run.series, start, statistical_inefficiency(run.series.potential_energy_eV[start:]), settled)


def slowest_nearby(correlations_ps: Sequence[float], rungs: Sequence[int] | Counts) -> list[float]:
    """Return the longest correlation time of each run's rung and the two next to it.

    Next to a rung that goes back and forth between solid and liquid there is one with rare visits to the other, which
    last as long but hardly show in its own correlation.

    Parameters
    ----------
    correlations_ps, rungs
        Of each run.
    """
    times, at = np.array(correlations_ps), np.array(rungs)
    return [float(times[np.abs(at - rung) <= 1].max()) for rung in at]
