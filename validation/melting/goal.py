"""Studies with a goal, in a model with an exact answer: how often the interval that they end with holds it.

    python -m validation.melting.goal

A cluster with a solid and a liquid, much like Na55 with the Gupta potential: it melts at 170 K, a liquid freezes once
in 270 ps, and colder than 140 K not at all. `deckgen.workflows.goal` decides what is run, from the pilot on the default
ladder to the end; only the dynamics is replaced, by a Markov chain with the right populations.

Stopping as soon as an interval is narrow enough favours intervals that are narrow by chance: what that costs is what is
counted here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.caloric import temperature_grid
from deckgen.analysis.melting import find_melting
from deckgen.analysis.thermodynamics import thermodynamics
from deckgen.samples import Samples, TimeSeries
from deckgen.study import Study
from deckgen.study.runs import Plan, Run, pilot_runs
from deckgen.workflows.goal.decide import Budget, next_plan
from validation.melting.intervals.models import N_ATOMS, TWO_BASINS, chain, vibrational

Array = NDArray[np.float64]

STUDIES = 200
BOOTSTRAPS = 100
FREEZING_PS, GLASS_K, GLASS_WIDTH_K = 270.0, 140.0, 8.0
STUDY = {
    "cluster": {"element": "Na", "size": N_ATOMS},
    "nvt": {"sample_every": 100},
    "goal": {"melting_K": 5.0, "max_ns": 200.0},
}


@dataclass(frozen=True)
class Outcome:
    """How a study ended."""

    reached: bool
    ns: float
    looks: int
    estimate_K: float | None
    low_K: float | None
    high_K: float | None
    forecast_ns: float | None


def exact_K() -> float:
    """Return the exact melting temperature, on the grid of the analysis."""
    grid = temperature_grid(np.array([60.0, 330.0]), 1.0)
    peak = find_melting(grid, TWO_BASINS.heat_capacity_over_c0(grid), N_ATOMS)
    assert peak is not None
    return peak.temperature_K


def sampled(run: Run, seed: int, interval_ps: float, timestep_fs: float) -> TimeSeries:
    """Draw a run; a longer one begins as the shorter."""
    n = round(run.n_steps * timestep_fs / 1000 / interval_ps)
    populations = TWO_BASINS.populations(run.temperature_K)
    slow = FREEZING_PS * np.exp(max(GLASS_K - run.temperature_K, 0) / GLASS_WIDTH_K)
    relaxation = max(slow * populations[0] / interval_ps, 1e-3)
    key = [seed, round(1000 * run.temperature_K), run.replica]
    states = chain(populations, relaxation, n, np.random.default_rng([*key, 0]), int(run.melted))
    vibrations = vibrational(run.temperature_K, n, np.random.default_rng([*key, 1]), vibration=False)
    return TimeSeries(
        run.temperature_K,
        np.arange(1, n + 1) * interval_ps,
        vibrations + np.array(TWO_BASINS.energies_eV)[states],
        replica=run.replica,
        start="melted" if run.melted else "minimum",
    )


def pursue(study: Study, seed: int) -> tuple[Plan, float]:
    """Have a study reach its goal; return its last plan and the dynamics it took."""
    plan, interval_ps = Plan(pilot_runs(study)), study.nvt.sample_every * study.nvt.timestep_fs / 1000
    while not plan.verdict:
        runs = tuple(sampled(run, seed, interval_ps, study.nvt.timestep_fs) for run in plan.runs)
        samples = Samples(n_atoms=N_ATOMS, series=runs)
        plan = next_plan(study, plan, samples, thermodynamics(samples, bootstraps=BOOTSTRAPS))
    return plan, Budget.of(study).spent(plan)


def outcome(study: Study, seed: int) -> Outcome:
    """Return how one study ended."""
    plan, ns = pursue(study, seed)
    last = plan.history[-1]
    first = next((look.forecast_ns for look in plan.history if look.forecast_ns is not None), None)
    low, high = last.ci95_K or (None, None)
    return Outcome(plan.reached, ns, len(plan.history), last.melting_K, low, high, first)
