"""The course of each configuration in time: of a run, or of a walker through the rungs of a ladder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.production import Production
from deckgen.samples import TimeSeries
from deckgen.units import KB_EV_K, initial_heat_capacity_over_kB, kinetic_heat_capacity_over_kB

__all__ = ["Course", "courses", "rows_in", "smoothed"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Course:
    """Energies (n,) of one configuration in order of time, less what its vibrations have more than at the peak.

    That of a run; or, with its number, of a walker through the rungs of a ladder, of which `run` is one.
    """

    run: TimeSeries
    energies_eV: Array
    walker: int | None = None

    def rows(self, time_ps: float) -> int:
        """Return the number of rows in a time."""
        return rows_in(self.run, time_ps)


def courses(productions: Sequence[Production], temperature_K: float, n_atoms: int) -> Iterator[Course]:
    """Yield the courses of all runs that exchanged nothing, in order, then those of the walkers of each ladder.

    One at a time, as their energies are copies: all of them may be as large as the samples.
    """
    runs = [run.series for run in productions]
    for run in runs:
        if run.ladder is None:
            yield Course(run, _at(temperature_K, run, n_atoms))
    for ladder in sorted({run.ladder for run in runs if run.ladder is not None}):
        rungs = [
            (run, run.walkers, _at(temperature_K, run, n_atoms))
            for run in runs
            if run.ladder == ladder and run.walkers is not None
        ]
        for walker in sorted({int(number) for _, walkers, _ in rungs for number in np.unique(walkers)}):
            times = np.concatenate([run.time_ps[walkers == walker] for run, walkers, _ in rungs])
            values = np.concatenate([own[walkers == walker] for _, walkers, own in rungs])
            yield Course(rungs[0][0], values[np.argsort(times, kind="stable")], walker)


def _at(temperature_K: float, run: TimeSeries, n_atoms: int) -> Array:
    """Return a run's energies, less what classical vibrations have more at its temperature than at another."""
    freedom = initial_heat_capacity_over_kB(n_atoms) - kinetic_heat_capacity_over_kB(n_atoms)
    return run.potential_energy_eV - KB_EV_K * (run.temperature_K - temperature_K) * freedom


def rows_in(run: TimeSeries, time_ps: float) -> int:
    """Return the number of a run's rows in a time, at least one."""
    interval = run.interval_ps
    return max(round(time_ps / interval), 1) if interval else 1


def smoothed(energies_eV: Array, n: int) -> Array:
    """Return running means (m - n + 1,) of n energies (m,)."""
    sums = np.concatenate([[0.0], np.cumsum(energies_eV - energies_eV[0])])
    return np.asarray((sums[n:] - sums[:-n]) / n + energies_eV[0])
