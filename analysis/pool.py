"""The pool of samples that reweighting works on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.mbar._pymbar import LARGEST_MATRIX
from deckgen.analysis.production import MIN_SAMPLES, Production
from deckgen.errors import AnalysisError
from deckgen.units import KB_EV_K

__all__ = ["Pool", "make_pool"]

Array = NDArray[np.float64]
Counts = NDArray[np.int_]


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
    starts
        What each run began with, `minimum` or `melted`; empty where unknown.
    ladders
        Ladder of each run, whose rungs exchanged configurations; None where they did not. The runs of a ladder have
        their samples at the same times.
    """

    temperatures_K: Array
    energies_eV: Array
    minimum_eV: float
    rotation_weights: Array | None
    lengths: tuple[int, ...]
    spacings_ps: tuple[float, ...]
    correlations_ps: tuple[float, ...]
    rungs: tuple[int, ...]
    starts: tuple[str, ...] = ()
    ladders: tuple[int, ...] | None = None

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
        starts=tuple(run.series.start for run in productions),
        ladders=_ladders(productions),
    )


def _ladders(productions: Sequence[Production]) -> tuple[int, ...] | None:
    """Return the ladder of each run; a run that exchanged nothing, among others that did, is a ladder of its own."""
    known = [run.series.ladder for run in productions]
    if all(ladder is None for ladder in known):
        return None
    return tuple(-1 - i if ladder is None else ladder for i, ladder in enumerate(known))


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
