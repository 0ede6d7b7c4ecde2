"""Studies with a goal, in a model with an exact answer: how often the interval that they end with holds it.

    python -m validation.melting.goal

A cluster with a solid and a liquid, much like Na55 with the Gupta potential: it melts at 170 K, a liquid freezes once
in 270 ps, and colder than 140 K not at all. `deckgen.workflows.goal` decides what is run, from the pilot on the default
ladder to the end; only the dynamics is replaced, by a Markov chain with the right populations.

Stopping as soon as an interval is narrow enough favours intervals that are narrow by chance: what that costs is what is
counted here. The criterion, set before the run: 93 to 98 % of the intervals hold the exact value.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.caloric import temperature_grid
from deckgen.analysis.findings import about_states
from deckgen.analysis.headline import Headline
from deckgen.analysis.mbar.reweighting import reweight
from deckgen.analysis.melting import find_melting
from deckgen.analysis.pool import make_pool
from deckgen.analysis.production import make_productions
from deckgen.analysis.states import rung_state
from deckgen.analysis.uncertainty import intervals
from deckgen.analysis.uncertainty.verdict import judge
from deckgen.samples import Samples, TimeSeries
from deckgen.study import Study
from deckgen.study.runs import Plan, Run, pilot_runs
from deckgen.workflows.goal.decide import Budget, next_plan
from validation.common import record, work_folder
from validation.melting.intervals.models import N_ATOMS, TWO_BASINS, chain, vibrational

Array = NDArray[np.float64]

STUDIES, GOAL_K = 200, 8.0
BOOTSTRAPS = 60
FREEZING_PS, GLASS_K, GLASS_WIDTH_K = 270.0, 140.0, 8.0
STUDY = {
    "cluster": {"element": "Na", "size": N_ATOMS},
    "nvt": {"sample_every": 200},
    "goal": {"melting_K": GOAL_K, "max_ns": 200.0},
}
HELD = (0.93, 0.98)

intervals.QUANTITIES = intervals.SUMMIT  # those of the width and the latent heat take time, and decide nothing


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


@dataclass(frozen=True)
class Found:
    """What decisions need of an analysis."""

    n_atoms: int
    melting: Any
    melting_ci95: Any
    states: tuple[Any, ...]
    checks: tuple[Any, ...]


def found_in(samples: Samples) -> Any:
    """Analyse samples as `deckgen.analysis.thermodynamics` does, without pymbar, tables and figures."""
    productions = make_productions(samples.series)
    solved = reweight(make_pool(productions), pymbar=False)
    grid = temperature_grid(solved.pool.temperatures_K, 1.0)
    headline = Headline(solved, grid, N_ATOMS, weighted=False)
    curve = headline.curves(headline.sample_weights).heat_capacity_over_c0[0]
    rungs = [[run for run in productions if run.series.temperature_K == T] for T in solved.pool.temperatures_K]
    states = [rung_state(runs, float(U)) for runs, U in zip(rungs, solved.rung_means_eV(), strict=True)]
    verdict = judge(headline, curve, about_states(states), bootstraps=BOOTSTRAPS, seed=1)
    shares = [None] * len(states) if verdict.error_shares is None else verdict.error_shares.tolist()
    shared = tuple(replace(state, error_share=share) for state, share in zip(states, shares, strict=True))
    return Found(N_ATOMS, verdict.melting, verdict.intervals, shared, verdict.checks)


def pursue(study: Study, seed: int) -> tuple[Plan, float]:
    """Have a study reach its goal; return its last plan and the dynamics it took."""
    plan, interval_ps = Plan(pilot_runs(study)), study.nvt.sample_every * study.nvt.timestep_fs / 1000
    while not plan.verdict:
        runs = tuple(sampled(run, seed, interval_ps, study.nvt.timestep_fs) for run in plan.runs)
        samples = Samples(n_atoms=N_ATOMS, series=runs)
        plan = next_plan(study, plan, samples, found_in(samples))
    return plan, Budget.of(study).spent(plan)


def outcome(study: Study, seed: int) -> Outcome:
    """Return how one study ended."""
    plan, ns = pursue(study, seed)
    last = plan.history[-1]
    first = next((look.forecast_ns for look in plan.history if look.forecast_ns is not None), None)
    low, high = last.ci95_K or (None, None)
    return Outcome(plan.reached, ns, len(plan.history), last.melting_K, low, high, first)


def main() -> None:
    """Count, and record."""
    with work_folder(__doc__) as arguments:
        done = _studies(arguments.folder, arguments.workers)
    exact = exact_K()
    found = [one for one in done if one.low_K is not None and one.high_K is not None and one.estimate_K is not None]
    held = float(np.mean([(one.low_K or 0) <= exact <= (one.high_K or 0) for one in found]))
    numbers = {
        "reached": float(np.mean([one.reached for one in done])),
        "held": held,
        "median width (K)": float(np.median([(one.high_K or 0) - (one.low_K or 0) for one in found])),
        "3.92 s.d. of the estimates (K)": float(3.92 * np.std([one.estimate_K for one in found])),
        "mean of the estimates less the exact value (K)": float(np.mean([one.estimate_K for one in found]) - exact),
        "dynamics, median (ns)": float(np.median([one.ns for one in done])),
        "looks, median": float(np.median([one.looks for one in done])),
        "first forecast over what was used, median": float(
            np.median([one.forecast_ns / one.ns for one in done if one.forecast_ns is not None])
        ),
    }
    record(
        "melting/goal",
        f"{len(done)} studies with the goal of {GOAL_K:g} K",
        {"the intervals hold as often as they should": HELD[0] <= held <= HELD[1]},
        [("quantity", "value"), *((name, f"{value:.3g}") for name, value in numbers.items())],
        exact_K=exact,
        numbers=numbers,
    )


def _studies(folder: Path, workers: int | None) -> Sequence[Outcome]:
    """Return all studies: those in the folder, and the rest."""
    file = folder / "studies.jsonl"
    done = [Outcome(**json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []
    study = Study.model_validate(STUDY)
    with ProcessPoolExecutor(workers) as pool, file.open("a") as lines:
        for one in pool.map(partial(outcome, study), range(len(done), STUDIES)):
            lines.write(json.dumps(asdict(one)) + "\n")
            lines.flush()
            done.append(one)
    return done


if __name__ == "__main__":
    main()
