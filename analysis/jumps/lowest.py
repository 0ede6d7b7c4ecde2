"""Melts and freezings of the lowest solid alone, where quenches tell it from those with defects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from deckgen.analysis.crossings import Crossings, RunCrossings
from deckgen.analysis.jumps.melting import find_stays
from deckgen.analysis.jumps.quenches import Quenches, without_defects
from deckgen.analysis.jumps.stays import Stay
from deckgen.analysis.melting import Peak
from deckgen.analysis.production import Production

__all__ = ["of_lowest_solid"]


def of_lowest_solid(
    crossings: Crossings | None,
    productions: Sequence[Production],
    peak: Peak | None,
    n_atoms: int,
    quenches: Quenches | None,
) -> Crossings | None:
    """Return the crossings of runs between the lowest solid and the liquid, and how often they froze to other solids.

    A liquid that freezes to a solid with a defect has not come back: its next melt tells nothing of the lowest one.

    Parameters
    ----------
    crossings
        By the energies alone.
    productions
        The runs.
    peak
        The highest peak.
    n_atoms
        Atoms in the cluster.
    quenches
        What frames of the runs were quenched to; without any, the crossings are returned as they are.
    """
    if crossings is None or peak is None or not quenches:
        return crossings
    stays = find_stays(productions, crossings, peak, n_atoms)
    lowest = without_defects(stays, quenches, peak.temperature_K)
    return replace(crossings, runs=tuple(_count(run, _of(run, stays), _of(run, lowest)) for run in crossings.runs))


def _of(run: RunCrossings, stays: Sequence[Stay]) -> list[Stay]:
    key = run.temperature_K, run.replica
    return [stay for stay in stays if (stay.run.temperature_K, stay.run.replica) == key]


def _count(run: RunCrossings, stays: Sequence[Stay], lowest: Sequence[Stay]) -> RunCrossings:
    """Count the jumps among the stays that are left, and the freezings among those that are not."""
    jumps = [stay for stay in lowest if stay.by_jump]
    melts = sum(stay.liquid for stay in jumps)
    freezings = sum(not stay.liquid and not stay.begins_run for stay in stays)
    solid = sum(not stay.liquid and not stay.begins_run for stay in lowest)
    return replace(run, melts=melts, freezings=len(jumps) - melts, defective_freezings=freezings - solid)
