"""What is decided on the way to a goal, from samples of clusters whose transition is known."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deckgen.analysis.melting import Peak
from deckgen.analysis.results import Check
from deckgen.analysis.thermodynamics import thermodynamics
from deckgen.samples import Samples, TimeSeries
from deckgen.study import Study
from deckgen.study.runs import Plan, Run, pilot_runs, planned_runs
from deckgen.units import KB_EV_K
from deckgen.workflows.goal.allocation import divide, lengthened
from deckgen.workflows.goal.budget import Budget
from deckgen.workflows.goal.decide import next_plan
from deckgen.workflows.goal.ladder import lay_rungs, with_replicas
from deckgen.workflows.goal.transition import find_transition

N_ATOMS, T_M, GAP_EV = 55, 170.0, 0.45
SHAPE = (3 * N_ATOMS - 6) / 2
PEAK = Peak(T_M, 2.0, 10.0, 0.45, at_edge=False)
PEAK_WITHOUT_WIDTH = replace(PEAK, fwhm_K=None)


def study_of(**goal: float) -> Study:
    return Study.model_validate(
        {
            "cluster": {"element": "Na", "size": N_ATOMS},
            "ladder": {"min_K": 110, "max_K": 250, "count": 8},
            "nvt": {"sample_every": 20},
            "goal": {"melting_K": 5.0, "max_ns": 60.0} | goal,
        }
    )


def sample(run: Run, liquid: np.ndarray | float, seed: int = 1) -> TimeSeries:
    """Energies of independent vibrations; `liquid`: which part of the run is."""
    rng, n = np.random.default_rng([seed, round(run.temperature_K), run.replica]), run.n_steps // 20
    states = rng.random(n) < liquid
    energies = rng.gamma(SHAPE, KB_EV_K * run.temperature_K, n) + GAP_EV * states
    start = "melted" if run.melted else "minimum"
    return TimeSeries(run.temperature_K, np.arange(1, n + 1) * 0.04, energies, replica=run.replica, start=start)


def ergodic(run: Run) -> float:
    """Share of the liquid."""
    return float(1 / (1 + np.exp(GAP_EV / KB_EV_K * (1 / run.temperature_K - 1 / T_M))))


def solid(_: Run) -> float:
    """Vibrations alone."""
    return 0.0


def samples_of(runs: tuple[Run, ...], liquid) -> Samples:
    return Samples(n_atoms=N_ATOMS, series=tuple(sample(run, liquid(run)) for run in runs))


def test_where_both_starts_agree_the_transition_is_the_peak() -> None:
    pilot = samples_of(pilot_runs(study_of()), ergodic)
    found = find_transition(pilot, PEAK)
    assert found is not None
    assert (found.temperature_K, found.starts_agree) == (T_M, True)
    assert found.low_K == pytest.approx(0.87 * T_M)
    assert found.high_K == pytest.approx(1.21 * T_M)
    assert find_transition(pilot, None) is None
    assert find_transition(pilot, replace(PEAK, at_edge=True)) is None


def test_rungs_of_a_broad_peak_reach_beyond_its_width() -> None:
    found = find_transition(samples_of(pilot_runs(study_of()), ergodic), replace(PEAK, fwhm_K=100.0))
    assert found is not None
    assert found.low_K < T_M - 50
    assert found.high_K > T_M + 50


def test_rungs_of_a_peak_of_unknown_width_reach_far_but_not_beyond_the_ladder() -> None:
    """It does not fall to half of its height: 0.6 to 1.4 times 170 K are 102 and 238 K; the ladder ends at 110 K."""
    found = find_transition(samples_of(pilot_runs(study_of()), ergodic), PEAK_WITHOUT_WIDTH)
    assert found is not None
    assert found.low_K == pytest.approx(110)
    assert found.high_K == pytest.approx(238)


def test_a_pilot_too_short_to_show_a_peak_is_followed_by_runs_on_the_whole_ladder() -> None:
    """Unless its heat capacity is highest at an end: then the ladder ends too early."""
    study = study_of()
    plan = Plan(pilot_runs(study))
    samples = samples_of(plan.runs, solid)
    found = thermodynamics(samples, bootstraps=0, grid_K=2)
    assert found.melting is None
    laid = next_plan(study, plan, samples, found)
    assert (laid.verdict, laid.window_K) == ("", (110.0, 250.0))
    assert "no peak yet" in laid.history[0].note
    at_end = next_plan(study, plan, samples, replace(found, melting=replace(PEAK, at_edge=True)))
    assert "no transition between 110 and 250 K" in at_end.verdict


def test_a_peak_that_was_chance_is_looked_for_on_the_whole_ladder() -> None:
    """Vibrations alone have none; once runs everywhere were extended, that is the answer."""
    study = study_of()
    plan = Plan(pilot_runs(study))
    pilot = samples_of(plan.runs, ergodic)
    plan = next_plan(study, plan, pilot, thermodynamics(pilot, bootstraps=0, grid_K=2))
    assert plan.window_K is not None
    for stage in ("ladder", "extension"):
        samples = samples_of(plan.runs, solid)
        found = thermodynamics(samples, bootstraps=0, grid_K=2)
        assert found.melting is None
        plan = next_plan(study, plan, samples, found)
        assert (plan.verdict, plan.stage, plan.window_K) == ("", stage, (110.0, 250.0))
        assert {sum(run.temperature_K == T for run in plan.runs) for T in plan.rungs_K} == {4}
    assert "no peak yet" in plan.history[1].note
    samples = samples_of(plan.runs, solid)
    ended = next_plan(study, plan, samples, thermodynamics(samples, bootstraps=0, grid_K=2))
    assert "no transition between 110 and 250 K" in ended.verdict
    assert not ended.reached
    back = samples_of(plan.runs, ergodic)
    assert next_plan(study, plan, back, thermodynamics(back, bootstraps=0, grid_K=2)).verdict == ""


@pytest.mark.parametrize(
    ("freezes_below", "melts_above", "expected"),
    [(141, 175, np.sqrt(150 * 170)), (115, 205, 210 / 1.08), (0, 185, 170 / 1.08)],
)
def test_where_the_starts_disagree_the_transition_lies_between_them(
    freezes_below: float, melts_above: float, expected: float
) -> None:
    """Both phases last as long as the runs: the melt down to the first temperature, the solid up to the second."""

    def hysteresis(run: Run) -> float:
        T = run.temperature_K
        return float(melts_above < T or (run.melted and freezes_below < T))

    found = find_transition(samples_of(pilot_runs(study_of()), hysteresis), PEAK)
    assert found is not None
    assert not found.starts_agree
    assert found.temperature_K == pytest.approx(expected)


def test_a_melt_that_stays_a_glass_does_not_hide_that_others_freeze_where_solids_last() -> None:
    """At 130 K it does not freeze, and solids beside it are far below it. At 170 and 210 K melts do, and the solid at
    190 K still is one: the transition lies there, not above the last solid that differs from a melt, 150 K."""

    def glass(run: Run) -> float:
        return float(run.temperature_K > 220 or (run.melted and run.temperature_K < 150))

    found = find_transition(samples_of(pilot_runs(study_of()), glass), PEAK)
    assert found is not None
    assert not found.starts_agree
    assert found.temperature_K == pytest.approx(max(np.sqrt(210 * 190), 210 / 1.08))


def test_runs_from_the_melt_below_the_transition_are_replaced_by_solid_ones() -> None:
    """They may be glasses: what is paid for them counts, what they sampled does not."""
    study = study_of()
    plan = Plan(pilot_runs(study))
    pilot = samples_of(plan.runs, lambda run: float(run.temperature_K > 185 or run.melted))
    found = next_plan(study, plan, pilot, thermodynamics(pilot, bootstraps=0, grid_K=2))
    assert found.window_K is not None
    low = found.window_K[0]
    assert [(run.temperature_K, run.melted) for run in found.left_out] == [(130.0, True)]
    assert [(run.replica, run.melted) for run in found.runs if run.temperature_K == 130] == [(2, False)]
    assert not any(run.melted for run in found.runs if run.temperature_K < low)
    assert Budget.of(study).spent(found) == pytest.approx(
        (sum(run.n_steps for run in (*found.runs, *found.left_out)) * 2e-6)
        + 0.02 * sum(run.melted for run in (*found.runs, *found.left_out))
    )
    assert "left out: 1 runs from the melt" in found.history[0].note


def test_melts_that_stay_glasses_on_the_whole_ladder_are_replaced_by_solids() -> None:
    """Half of all runs there are from the melt; those far below the transition would forbid any interval for ever."""
    study = study_of(melting_K=4.0)
    runs = tuple(with_replicas([110, 130, 150, 160, 170, 180, 190, 210, 230, 250], [], 20_000))
    plan = Plan(runs, window_K=(110.0, 250.0), stage="ladder")

    def glass(run: Run) -> float:
        return 1.0 if run.melted and run.temperature_K < 140 else ergodic(run)

    samples = samples_of(runs, glass)
    found = thermodynamics(samples, bootstraps=20, grid_K=2)
    assert any(check.name == "starts" and not check.passed for check in found.checks)
    left = next_plan(study, plan, samples, found)
    assert {(run.temperature_K, run.melted) for run in left.left_out} == {(110, True), (130, True)}
    assert [(run.replica, run.melted) for run in left.runs if run.temperature_K == 110] == [
        (1, False),
        (3, False),
        (5, False),
        (6, False),
    ]
    assert {run.n_steps for run in left.runs} == {20_000}
    assert with_replicas(left.rungs_K, left.runs, 20_000) == list(
        left.runs
    )  # as many as there are to be, none comes back
    assert "4 runs from the melt" in left.history[-1].note
    again = samples_of(left.runs, ergodic)
    then = next_plan(study, left, again, thermodynamics(again, bootstraps=0, grid_K=2))
    assert then.left_out == left.left_out
    poor = next_plan(study_of(melting_K=4.0, max_ns=Budget.of(study).spent(plan) + 0.1), plan, samples, found)
    assert poor.left_out == ()


def test_a_goal_is_reached_and_said_to_be() -> None:
    study = study_of(melting_K=4.0)
    plan = Plan(pilot_runs(study))
    for _ in range(10):
        samples = samples_of(plan.runs, ergodic)
        found = thermodynamics(samples, bootstraps=30, grid_K=2)
        plan = next_plan(study, plan, samples, found)
        if plan.verdict:
            break
    assert plan.reached
    assert "goal is reached" in plan.verdict
    last = plan.history[-1]
    assert last.width_K is not None
    assert last.width_K <= 4.0
    assert last.melting_K is not None
    assert abs(last.melting_K - 169.3) < last.width_K  # the maximum of C_v lies a little below T_M
    assert [look.ns for look in plan.history] == sorted(look.ns for look in plan.history)
    tighter = next_plan(study_of(melting_K=last.width_K / 2), plan, samples, found)
    assert tighter.verdict == ""
    assert sum(run.n_steps for run in tighter.runs) > sum(run.n_steps for run in plan.runs)
    assert next_plan(study, plan, samples, found) == plan  # looked at again, nothing new


def test_a_goal_counts_as_reached_once_two_looks_in_a_row_have_reached_it() -> None:
    """The first interval that is narrow enough is so by chance too often; the second is of runs a quarter longer."""
    study = study_of(melting_K=4.0)
    pilot = samples_of(pilot_runs(study), ergodic)
    wide = thermodynamics(pilot, bootstraps=0, grid_K=2)
    narrow = replace(wide, melting_ci95=replace(wide.melting_ci95, temperature_K=(167.5, 171.4)))
    plan = next_plan(study, Plan(pilot_runs(study)), pilot, wide)

    def steps(plan: Plan) -> int:
        return sum(run.n_steps for run in plan.in_window)

    once = next_plan(study, plan, pilot, narrow)
    assert once.verdict == ""
    assert steps(once) == pytest.approx(1.25 * steps(plan), rel=0.02)
    assert next_plan(study, once, pilot, narrow).reached
    again = next_plan(study, once, pilot, wide)
    assert again.verdict == ""
    assert next_plan(study, again, pilot, narrow).verdict == ""
    spent = Budget.of(study).spent(plan)
    ended = next_plan(study_of(melting_K=4.0, max_ns=spent + 1e-5), plan, pilot, narrow)
    assert not ended.reached
    assert "two looks in a row" in ended.verdict
    assert next_plan(study, ended, pilot, narrow).verdict == ""  # looked at again with a larger budget, the same runs


def test_no_decision_costs_more_than_the_budget() -> None:
    pilot = samples_of(pilot_runs(study_of()), ergodic)
    found = thermodynamics(pilot, bootstraps=0, grid_K=2)
    for max_ns in (0.4, 0.8, 1.0, 1.5, 2.5, 20.0):
        study = study_of(melting_K=0.01, max_ns=max_ns)
        plan = Plan(pilot_runs(study))
        for _ in range(20):
            plan = next_plan(study, plan, pilot, found)
            assert Budget.of(study).spent(plan) <= max_ns
            if plan.verdict:
                break
        assert "budget" in plan.verdict
        assert not plan.reached


def test_every_decision_adds_rungs_or_dynamics_wherever_the_peak_is_said_to_be() -> None:
    """Also near the end of its rungs, where no other is missing, and at the hottest that may be laid."""
    study = study_of(melting_K=0.01)
    pilot = samples_of(pilot_runs(study), ergodic)
    found = thermodynamics(pilot, bootstraps=0, grid_K=2)
    first = next_plan(study, Plan(pilot_runs(study)), pilot, found)
    for T in np.linspace(100, 300, 41):
        plan = first
        for _ in range(4):
            then = next_plan(study, plan, pilot, replace(found, melting=replace(PEAK, temperature_K=float(T))))
            assert then.verdict == ""
            assert then.window_K != plan.window_K or Budget.of(study).spent(then) > Budget.of(study).spent(plan)
            plan = then


def test_a_rung_that_a_failed_check_names_is_extended() -> None:
    """However little its own error counts: without it there is no interval at all."""
    study = study_of(melting_K=0.01)
    pilot = samples_of(pilot_runs(study), ergodic)
    found = thermodynamics(pilot, bootstraps=0, grid_K=2)
    plan = next_plan(study, Plan(pilot_runs(study)), pilot, found)
    low, *_ = rungs = sorted({run.temperature_K for run in plan.in_window})
    settled = tuple(replace(found.states[0], temperature_K=kelvin, error_share=float(kelvin > low)) for kelvin in rungs)
    known = replace(found, states=settled)

    def longest(checks: tuple[Check, ...]) -> float:
        then = next_plan(study, plan, pilot, replace(known, checks=checks))
        return max(then.in_window, key=lambda run: run.n_steps).temperature_K

    assert longest(()) > low
    assert longest((Check("starts", 9.0, 1e-9, low),)) == low
    assert longest((Check("starts", 1.0, 0.5, low),)) > low


@given(
    st.lists(st.tuples(st.floats(1e3, 1e6), st.floats(0, 1)), min_size=2, max_size=8),
    st.floats(1e2, 1e7),
)
def test_steps_go_where_the_next_one_is_worth_most(rungs: list[tuple[float, float]], more: float) -> None:
    """What is given away is given away; where a rung got some, its next step is worth as much as anywhere, or more."""
    steps, shares = np.array(rungs).T
    then = divide(steps, shares, more)
    assert then.sum() == pytest.approx(steps.sum() + more)
    assert (then >= steps * (1 - 1e-9)).all()
    worth = np.sqrt((shares + 0.2 / len(shares)) * steps) / then  # square root of c/t, with c t what it is now
    grown = then > steps * (1 + 1e-6)
    assert worth[grown].min() == pytest.approx(worth[grown].max())
    assert (worth[~grown] <= worth[grown].max() * (1 + 1e-6)).all()


def test_a_budget_counts_the_melts_that_runs_begin_with() -> None:
    runs = [Run(100.0, 1, 400, melted=False), Run(100.0, 2, 1000, melted=True)]
    assert Budget(timestep_fs=2.0, max_ns=60.0, melt_ps=50.0).ns(runs) == pytest.approx(0.0028 + 0.05)


def test_runs_of_a_rung_get_one_length_in_whole_rows_and_none_is_cut() -> None:
    runs = [Run(100.0, 1, 400, melted=False), Run(100.0, 2, 1000, melted=True), Run(120.0, 1, 500, melted=False)]
    found = lengthened(runs, {100.0: 1701.0}, every=50)
    assert [run.n_steps for run in found] == [900, 1000, 500]


@given(st.floats(50, 300), st.floats(1.2, 2.0), st.integers(3, 30), st.integers(13, 500))
def test_rungs_reach_over_the_range_and_keep_those_that_there_are(
    low: float, ratio: float, count: int, n_atoms: int
) -> None:
    high, known = low * ratio, np.round(np.linspace(40, 400, count), 3).tolist()
    rungs = lay_rungs(low, high, known, n_atoms)
    widest = min((high - low) / 5, 2 * low / np.sqrt(1.5 * n_atoms))
    assert {kelvin for kelvin in known if low <= kelvin <= high} <= set(rungs)
    assert rungs == sorted(set(rungs))
    assert rungs[0] - low <= widest / 2 + 0.1
    assert high - rungs[-1] <= widest / 2 + 0.1
    assert max(b - a for a, b in pairwise(rungs)) <= 1.25 * widest + 0.2


@pytest.mark.parametrize("melted", [True, False])
def test_half_of_the_replicas_begin_with_the_melt_whatever_was_there(melted: bool) -> None:
    there = [Run(100.0, 1, 400, melted)]
    found = with_replicas([100.0, 110.0], there, 300)
    assert found[0] == there[0]
    assert [(run.temperature_K, run.replica) for run in found] == [(T, r) for T in (100.0, 110.0) for r in range(1, 5)]
    assert [sum(run.melted for run in found if run.temperature_K == T) for T in (100.0, 110.0)] == [2, 2]
    assert {run.n_steps for run in found[1:]} == {300}


def test_without_a_goal_the_runs_are_those_of_the_ladder() -> None:
    study = Study.model_validate(
        {"cluster": {"element": "Na", "size": 13}, "nvt": {"replicas": 2, "start": "alternate"}}
    )
    runs = planned_runs(study)
    assert len(runs) == 42
    assert [run.melted for run in runs[:4]] == [False, True, True, False]
    assert {run.n_steps for run in runs} == {200_000}
