"""From time series to the pool of samples that reweighting works on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.mbar._pymbar import LARGEST_MATRIX
from deckgen.analysis.uncertainty.correlation import statistical_inefficiency
from deckgen.analysis.uncertainty.equilibration import LATEST, Starts, common_start, thin
from deckgen.errors import AnalysisError
from deckgen.samples import TimeSeries
from deckgen.units import KB_EV_K

__all__ = ["MIN_SAMPLES", "Pool", "Production", "make_pool", "make_productions", "slowest_nearby"]

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
        moments = self.series.principal_moments_uA2
        if moments is None or not self.series.angular_momentum_is_zero:
            return None
        return np.asarray(np.sqrt(np.prod(moments[self.start :], axis=1)))

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
    out: runs that start from one structure remember it together.
    """
    candidates = [Starts(run.potential_energy_eV) for run in runs]
    by_themselves = [_production(run, starts, 0.0) for run, starts in zip(runs, candidates, strict=True)]
    rungs = np.unique([run.temperature_K for run in runs], return_inverse=True)[1]
    slowest_ps = slowest_nearby([run.correlation_ps for run in by_themselves], rungs)
    least_g = [_least_g(run, slowest) for run, slowest in zip(runs, slowest_ps, strict=True)]
    found = [_production(run, starts, g) for run, starts, g in zip(runs, candidates, least_g, strict=True)]
    fraction = common_start([run.potential_energy_eV for run in runs], least_g)
    memories = [min(g / 2 / run.n, LONGEST_MEMORY) if g > 2 else 0.0 for run, g in zip(runs, least_g, strict=True)]
    return [_from_later(run, max(fraction, memory)) for run, memory in zip(found, memories, strict=True)]


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


@dataclass(frozen=True, eq=False)
class Pool:
    """Samples of all rungs, in order of temperature, replica and time.

    They lie equally far apart in all runs: as close as the most frequent rows, or as far apart as memory asks for.
    Spaced by each run's own g instead, a run with rare visits to another basin would count for more the fewer of them
    it happened to make.

    Parameters
    ----------
    temperatures_K : (K,)
        The rungs, ascending.
    energies_eV : (N,)
        Potential energies above the lowest.
    minimum_eV
        The lowest energy, which was subtracted.
    rotation_weights : (N,) or None
        Weights sqrt(det I), of mean one; None where they do not apply to every run.
    lengths
        Samples of each run, in order.
    spacings_ps
        Time between two samples of each run.
    correlations_ps
        Time that makes one independent sample of each run.
    rungs
        Rung (its index) of each run.
    """

    temperatures_K: Array
    energies_eV: Array
    minimum_eV: float
    rotation_weights: Array | None
    lengths: tuple[int, ...]
    spacings_ps: tuple[float, ...]
    correlations_ps: tuple[float, ...]
    rungs: tuple[int, ...]

    @property
    def beta(self) -> Array:
        """Inverse temperatures 1/(k_B T) in 1/eV, (K,)."""
        return 1 / (KB_EV_K * self.temperatures_K)

    @cached_property
    def N_k(self) -> Counts:
        """Samples of each rung, (K,)."""
        return np.bincount(self.rungs, weights=self.lengths, minlength=len(self.temperatures_K)).astype(int)

    @cached_property
    def redundancy(self) -> Array:
        """Samples of its run that make one independent one, for each sample, (N,)."""
        runs = zip(self.correlations_ps, self.spacings_ps, strict=True)
        return np.repeat([max(correlation / spacing, 1.0) for correlation, spacing in runs], self.lengths)

    def by_rung(self) -> list[Array]:
        """Return the energies of each rung."""
        return np.split(self.energies_eV, np.cumsum(self.N_k)[:-1])


def make_pool(productions: Sequence[Production]) -> Pool:
    """Pool the samples of runs that are ordered by temperature.

    Raises
    ------
    AnalysisError
        If there are fewer than two rungs, or the energies do not vary.
    """
    temperatures, rungs = np.unique([run.series.temperature_K for run in productions], return_inverse=True)
    if len(temperatures) < 2:
        have = f"{temperatures[0]:g} K" if len(temperatures) else "none"
        raise AnalysisError(
            f"a heat capacity curve needs samples at two temperatures or more; there is {have}",
            hint=f"run more of the ladder; a run counts from {MIN_SAMPLES} samples on",
        )
    spacing = _spacing_ps(productions, len(temperatures))
    kept = [run.thinned(spacing) for run in productions]
    energies = np.concatenate([run.energies_eV[chosen] for run, chosen in zip(productions, kept, strict=True)])
    minimum = float(energies.min())
    if not np.ptp(energies) > 0:
        raise AnalysisError(f"all potential energies are {minimum} eV: there are no fluctuations to analyse")
    return Pool(
        temperatures_K=temperatures,
        energies_eV=energies - minimum,
        minimum_eV=minimum,
        rotation_weights=_pooled_weights(productions, kept),
        lengths=tuple(len(chosen) for chosen in kept),
        spacings_ps=tuple(max(spacing, run.series.interval_ps) for run in productions),
        correlations_ps=tuple(run.correlation_ps for run in productions),
        rungs=tuple(rungs.tolist()),
    )


def _spacing_ps(productions: Sequence[Production], n_rungs: int) -> float:
    """Return the time between samples that keeps the pool within what pymbar is given."""
    finest = min(run.series.interval_ps for run in productions)
    total = sum(run.n * run.series.interval_ps for run in productions)
    return max(finest, total * n_rungs / LARGEST_MATRIX)


def _pooled_weights(productions: Sequence[Production], kept: Sequence[NDArray[np.intp]]) -> Array | None:
    parts = [
        run.rotation_weights[chosen]
        for run, chosen in zip(productions, kept, strict=True)
        if run.rotation_weights is not None
    ]
    if len(parts) < len(productions):
        return None
    weights = np.concatenate(parts)
    return weights / weights.mean() if (weights > 0).all() else None
