"""What to do next on the way to a goal, from what the runs so far tell. No files, no LAMMPS."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.results import Thermodynamics
from deckgen.samples import Samples
from deckgen.study import Study
from deckgen.study.runs import Look, Plan, Run
from deckgen.workflows.goal.allocation import divide, lengthened
from deckgen.workflows.goal.budget import Budget
from deckgen.workflows.goal.glasses import glasses, solid_instead
from deckgen.workflows.goal.ladder import lay_rungs, with_replicas
from deckgen.workflows.goal.transition import ABOVE, BELOW, Transition, find_transition

__all__ = ["next_plan"]

FIRST = 2
"""Length of the runs that are laid round the transition, in those of the pilot."""

GROWTH = 0.5
"""Of the dynamics round the transition: extended by this much at most before the next look."""

LEAST_GROWTH = 0.1

CONFIRMATION = 0.25
"""Extended by this much once an interval is narrow enough: that of the next look is to be so too.

The first one that is narrow enough is narrow by chance too often: see `validation.melting.goal`.
"""

SLACK = 1.1
"""How much more than what the interval asks for: it narrows by chance as well."""

NEAR_BELOW, NEAR_ABOVE = 0.93, 1.08
"""Of the melting temperature: where rungs do not reach as far as that, others are laid."""

STARTS = ("starts", "replicas")
"""Checks that fail where runs still tell what they began with."""


def next_plan(study: Study, plan: Plan, samples: Samples, found: Thermodynamics) -> Plan:
    """Return the plan that follows when all runs of one are done; with a verdict where there is nothing more to do.

    Parameters
    ----------
    study
        The study, with a goal.
    plan
        The plan so far.
    samples, found
        What its runs have sampled, and the analysis of that.
    """
    plan = replace(plan, verdict="", reached=False)
    if plan.window_K is None:
        return _lay(study, plan, samples, found)
    width = _width(found)
    goal = study.goal.melting_K or 0.0
    if width is not None and width <= goal and _confirmed(study, plan):
        words = f"the goal is reached: the melting temperature is known to {width:.2g} K, where {goal:g} K were asked"
        return _ended(study, plan, found, words, reached=True)
    glassy = glasses(plan, found)
    if glassy and Budget.of(study).ns(glassy) < Budget.of(study).left_ns(plan):
        return _replaced(study, plan, found, glassy)
    elsewhere = _elsewhere(plan, found)
    if elsewhere is not None:
        laid = _laid(study, plan, found, elsewhere)
        if laid.verdict or (laid.runs, laid.window_K) != (plan.runs, plan.window_K):
            return laid
        if found.melting is None and plan.stage == "extension" and plan.history[-1].melting_K is None:
            return _nowhere(study, plan, found)
    # also where a rung lies near enough to the new end, or none may be hotter
    return _extend(study, plan, found, width)


def _confirmed(study: Study, plan: Plan) -> bool:
    """Return whether the interval was narrow enough at the look before, which was at shorter runs."""
    spent, goal = round(Budget.of(study).spent(plan), 6), study.goal.melting_K or 0.0
    widths = [look.width_K for look in plan.history if look.ns < spent]
    return bool(widths) and widths[-1] is not None and widths[-1] <= goal


def _elsewhere(plan: Plan, found: Thermodynamics) -> Transition | None:
    """Return the transition where it has turned out to lie at the end of its rungs, or beyond; None where it does not.

    Without a peak, that of the pilot was chance: it is then looked for on the whole ladder. The new range takes in the
    old one, so that it cannot go back and forth. Colder rungs are laid only where both starts agree: melts that do not
    freeze make a peak wherever they are, and colder ones do so all the more.
    """
    assert plan.window_K is not None
    (low, high), peak = plan.window_K, found.melting
    if peak is None:
        return _anywhere(plan)
    T = peak.temperature_K
    colder = low > NEAR_BELOW * T and not any(check.name in STARTS and not check.passed for check in found.checks)
    if not colder and high >= NEAR_ABOVE * T:
        return None
    return Transition(T, min(BELOW * T, low), max(ABOVE * T, high), starts_agree=True)


def _replaced(study: Study, plan: Plan, found: Thermodynamics, glassy: list[Run]) -> Plan:
    """Run solids in place of what may be glasses."""
    runs = [run for run in plan.runs if run not in glassy] + solid_instead(glassy, plan.runs)
    note = f"left out: {len(glassy)} runs from the melt below the transition, which may be glasses"
    return replace(
        plan,
        runs=tuple(sorted(runs, key=lambda run: (run.temperature_K, run.replica))),
        left_out=plan.left_out + tuple(glassy),
        stage="ladder",
        history=(*plan.history, _look(study, plan, found, note)),
    )


def _anywhere(plan: Plan) -> Transition:
    """Return the range of the whole ladder: runs too short to show a peak that is low and broad may hide it."""
    low, high = plan.rungs_K[0], plan.rungs_K[-1]
    return Transition((low + high) / 2, low, high, starts_agree=True)


def _lay(study: Study, plan: Plan, samples: Samples, found: Thermodynamics) -> Plan:
    """Lay rungs round the transition that the pilot shows; on the whole ladder where there is no peak."""
    transition = find_transition(samples, found.melting)
    if transition is None and found.melting is None:
        transition = _anywhere(plan)
    return _nowhere(study, plan, found) if transition is None else _laid(study, plan, found, transition)


def _nowhere(study: Study, plan: Plan, found: Thermodynamics) -> Plan:
    low, high = plan.rungs_K[0], plan.rungs_K[-1]
    words = f"there is no transition between {low:g} and {high:g} K: set [ladder] min_K and max_K wider"
    return _ended(study, plan, found, words)


def _laid(study: Study, plan: Plan, found: Thermodynamics, transition: Transition) -> Plan:
    high_K = min(transition.high_K, 0.95 * study.melt_K)
    rungs = lay_rungs(transition.low_K, high_K, plan.rungs_K, found.n_atoms)
    outside = [run for run in plan.runs if not rungs[0] <= run.temperature_K <= rungs[-1]]
    glassy = [] if transition.starts_agree else [r for r in outside if r.melted and r.temperature_K < rungs[0]]
    solid = solid_instead(glassy, plan.runs)
    kept = [run for run in outside if run not in glassy] + solid
    budget = Budget.of(study)
    n_steps = _first_steps(study, plan, rungs, budget.ns(solid))
    how = "both starts agree" if transition.starts_agree else "the starts disagree on either side"
    if n_steps is None:
        T = transition.temperature_K
        words = f"the budget of {budget.max_ns:g} ns does not reach for runs round {T:.0f} K: raise [goal] max_ns"
        return _ended(study, plan, found, words)
    there = with_replicas(rungs, plan.runs, n_steps)
    hidden = transition == _anywhere(plan)
    where = "no peak yet, the whole ladder" if hidden else f"transition near {transition.temperature_K:.0f} K ({how})"
    note = f"{where}: {len(rungs)} rungs, {len(there)} runs"
    note += f"; left out: {len(glassy)} runs from the melt below it, which may be glasses" if glassy else ""
    return replace(
        plan,
        runs=tuple(sorted([*kept, *there], key=lambda run: (run.temperature_K, run.replica))),
        window_K=(rungs[0], rungs[-1]),
        left_out=(*plan.left_out, *glassy),
        stage="ladder",
        history=(*plan.history, _look(study, plan, found, note)),
    )


def _first_steps(study: Study, plan: Plan, rungs: list[float], also_ns: float) -> int | None:
    """Return the length of the first runs round the transition; half of what is left at most; None: not even that."""
    every, wanted = study.nvt.sample_every, FIRST * study.pilot_steps
    budget = Budget.of(study)
    trial = with_replicas(rungs, plan.runs, study.pilot_steps)
    known = [run for run in plan.runs if run.temperature_K in rungs]
    spare = budget.max_ns - budget.spent(plan) - also_ns - (budget.ns(trial) - budget.ns(known))
    if spare < 0:
        return None
    more = int(spare / 2 * 1e6 / budget.timestep_fs / len(trial))
    return (study.pilot_steps + min(more, wanted - study.pilot_steps)) // every * every


def _extend(study: Study, plan: Plan, found: Thermodynamics, width: float | None) -> Plan:
    """Extend the runs that narrow the interval most, by as much as it seems to need and the budget allows."""
    assert plan.window_K is not None
    runs, goal, budget = plan.in_window, study.goal.melting_K or 0.0, Budget.of(study)
    rungs = sorted({run.temperature_K for run in runs})
    steps = np.array([sum(run.n_steps for run in runs if run.temperature_K == kelvin) for kelvin in rungs], dtype=float)
    wanted = GROWTH if width is None else SLACK * (width / goal) ** 2 - 1
    least_growth = CONFIRMATION if width is not None and width <= goal else LEAST_GROWTH
    more = float(np.clip(wanted, least_growth, GROWTH)) * float(steps.sum())
    least = study.nvt.sample_every * len(runs)
    more = min(more, budget.left_steps(plan) - least)  # lengths are rounded up
    if more < least:
        given = "no interval" if width is None else f"an interval of {width:.3g} K"
        once = " (a goal counts once two looks in a row have reached it)" if width is not None and width <= goal else ""
        words = f"the budget of {budget.max_ns:g} ns is used up, with {given} where {goal:g} K were asked{once}"
        return _ended(study, plan, found, words)
    then = divide(steps, _shares(found, rungs), more)
    longer = lengthened(plan.runs, dict(zip(rungs, then.tolist(), strict=True)), study.nvt.sample_every)
    extended = replace(plan, runs=tuple(longer), stage="extension")
    grown = max(rungs, key=lambda kelvin: then[rungs.index(kelvin)] - steps[rungs.index(kelvin)])
    note = f"{budget.spent(extended) - budget.spent(plan):.3g} ns more, most of it at {grown:g} K"
    return replace(extended, history=(*plan.history, _look(study, plan, found, note)))


def _shares(found: Thermodynamics, rungs: list[float]) -> NDArray[np.float64]:
    """Return the share of each rung in the squared error; all alike where it is not known.

    A rung that a failed check names, or that has not equilibrated, counts for as much as all of them: it stands in the
    way of any interval.
    """
    known = {state.temperature_K: state.error_share for state in found.states}
    shares = np.array([known.get(kelvin) or 0.0 for kelvin in rungs])
    shares = shares / shares.sum() if shares.sum() > 0 else np.full(len(rungs), 1 / len(rungs))
    doubted = {check.temperature_K for check in found.checks if not check.passed}
    doubted |= {state.temperature_K for state in found.states if not state.settled}
    return shares + np.isin(rungs, [kelvin for kelvin in doubted if kelvin is not None])


def _width(found: Thermodynamics) -> float | None:
    interval = found.melting_ci95.temperature_K
    return None if interval is None else interval[1] - interval[0]


def _look(study: Study, plan: Plan, found: Thermodynamics, note: str) -> Look:
    """Return the entry of the history for what is known now."""
    spent = Budget.of(study).spent(plan)
    width, goal, peak = _width(found), study.goal.melting_K or 0.0, found.melting
    near = Budget.of(study).ns(plan.in_window)
    return Look(
        stage=plan.stage,
        ns=round(spent, 6),
        n_runs=len(plan.runs),
        melting_K=None if peak is None or peak.at_edge else peak.temperature_K,
        ci95_K=found.melting_ci95.temperature_K,
        forecast_ns=None if width is None else round(spent + near * max((width / goal) ** 2 - 1, 0), 3),
        note=note,
    )


def _ended(study: Study, plan: Plan, found: Thermodynamics, words: str, *, reached: bool = False) -> Plan:
    look = _look(study, plan, found, words)
    before = plan.history
    if before and before[-1].ns == look.ns and before[-1].ci95_K == look.ci95_K:  # looked at again, for another goal
        before = before[:-1]
    return replace(plan, history=(*before, look), verdict=words, reached=reached)
