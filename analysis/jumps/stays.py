"""The stays of each run in the solid and in the liquid, one after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deckgen.samples import TimeSeries

__all__ = ["Stay", "stays_of"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Stay:
    """One stay of a run in a phase.

    Parameters
    ----------
    run
        The run.
    liquid
        The phase.
    first, last
        Its first row, and the row after its last.
    after_defect
        Whether the run was in a solid before that does not count.
    """

    run: TimeSeries
    liquid: bool
    first: int
    last: int
    after_defect: bool = False

    @property
    def length_ps(self) -> float:
        """How long it lasted; up to the end of the run for its last one."""
        return (self.last - self.first) * self.run.interval_ps

    @property
    def begins_run(self) -> bool:
        """Whether the run began with it: no jump led there."""
        return self.first == 0

    @property
    def by_jump(self) -> bool:
        """Whether a jump between the two phases led there."""
        return not self.begins_run and not self.after_defect

    def energies_eV(self, margin_ps: float) -> Array:
        """Return its potential energies without its first and last picoseconds; none where it is too short."""
        margin = round(margin_ps / self.run.interval_ps) if self.run.interval_ps else 0
        return self.run.potential_energy_eV[self.first + margin : max(self.last - margin, 0)]


def stays_of(run: TimeSeries, smoothed_eV: Array, low_eV: float, high_eV: float) -> list[Stay]:
    """Divide a run into its stays.

    Parameters
    ----------
    run
        n rows.
    smoothed_eV : (m,)
        Running means of its energies over n - m + 1 rows.
    low_eV, high_eV
        Edges of the core sets: a run is in the phase whose core it was in last.
    """
    visits = np.where(smoothed_eV <= low_eV, -1, np.where(smoothed_eV >= high_eV, 1, 0))
    seen = np.flatnonzero(visits)
    if not len(seen):
        return []
    arrivals = seen[np.flatnonzero(np.diff(visits[seen], prepend=-visits[seen[0]]))]
    firsts = arrivals + (run.n - len(smoothed_eV)) // 2
    firsts[0] = 0
    ends = np.append(firsts[1:], run.n)
    return [
        Stay(run, bool(visits[arrival] > 0), int(first), int(last))
        for arrival, first, last in zip(arrivals, firsts, ends, strict=True)
    ]
