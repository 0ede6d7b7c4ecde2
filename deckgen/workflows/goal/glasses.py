"""Runs from the melt that are far below the transition: they may be glasses, and solid ones take their place."""

from __future__ import annotations

from collections.abc import Sequence

from deckgen.analysis.results import Thermodynamics
from deckgen.study.runs import Plan, Run
from deckgen.workflows.goal.transition import BELOW

__all__ = ["glasses", "solid_instead"]


def glasses(plan: Plan, found: Thermodynamics) -> list[Run]:
    """Return the runs that may be glasses, where rungs were laid on the whole ladder and the two starts disagree.

    Those from the melt, colder than rungs of a sharp transition would be. As long as they are there, no interval is
    given, however long they run.
    """
    peak = found.melting
    disagree = any(check.name == "starts" and not check.passed for check in found.checks)
    if peak is None or peak.at_edge or not disagree or plan.window_K != (plan.rungs_K[0], plan.rungs_K[-1]):
        return []
    return [run for run in plan.runs if run.melted and run.temperature_K < BELOW * peak.temperature_K]


def solid_instead(glassy: Sequence[Run], runs: Sequence[Run]) -> list[Run]:
    """Return solid runs of the same lengths as some of the runs, with numbers of their own."""
    solid: list[Run] = []
    for run in glassy:
        taken = [other.replica for other in (*runs, *solid) if other.temperature_K == run.temperature_K]
        solid.append(Run(run.temperature_K, max(taken) + 1, run.n_steps, melted=False))
    return solid
