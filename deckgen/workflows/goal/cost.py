"""What a goal will cost, as far as that can be said: beforehand by a rule of thumb, later by the interval so far."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deckgen.decks.render import Prepared, prepare
from deckgen.errors import InputError
from deckgen.study import Study
from deckgen.study.runs import Look, Run, current_plan, pilot_runs
from deckgen.workflows.goal.budget import Budget
from deckgen.workflows.goal.decide import FIRST
from deckgen.workflows.goal.ladder import GAPS, REPLICAS

__all__ = ["Cost", "plan", "rule_of_thumb_ns"]

ENTROPY_KB = 0.7
"""Entropy of melting per atom, in k_B: about as Richard's rule has it for metals, and for clusters of sodium."""

FREEZING_NS = 0.3
"""A liquid freezes once in this time, round the transition: so does Na55 with the Gupta potential."""

JUMPS = 8.0
"""The squared error of T_m times the dynamics, in units of the freezing time and of (k_B T_m^2 / L)^2.

Measured with Na55 and the Gupta potential: a standard deviation of 2.55 K in 8.4 ns.
"""

OF_WIDTH = 3.92
"""Standard deviations in a 95 % interval."""


@dataclass(frozen=True)
class Cost:
    """What a study's goal costs: what was expected beforehand, what was used, what is expected now.

    Parameters
    ----------
    melting_K, max_ns
        The goal.
    expected_ns
        By the rule of thumb, before anything was run.
    spent_ns
        Dynamics of the runs that are done or decided.
    n_runs, n_steps
        Of those: how many, and their steps.
    timestep_fs
        Of the dynamics.
    history
        The looks so far, each with its forecast.
    verdict
        How it ended; empty while it goes on.
    """

    melting_K: float
    max_ns: float
    expected_ns: float
    spent_ns: float
    n_runs: int
    n_steps: int
    timestep_fs: float
    history: tuple[Look, ...] = ()
    verdict: str = ""

    @property
    def forecast_ns(self) -> float:
        """What is expected now: by the latest interval, or else the rule of thumb."""
        forecasts = [look.forecast_ns for look in self.history if look.forecast_ns is not None]
        return forecasts[-1] if forecasts else self.expected_ns

    def core_hours(self, ns: float, seconds_per_step: float) -> float:
        """Return what some dynamics costs on one core."""
        return ns * 1e6 / self.timestep_fs * seconds_per_step / 3600

    def to_json(self, seconds_per_step: float | None) -> dict[str, Any]:
        """Return what `deckgen plan --json` prints."""
        costs = {name: getattr(self, f"{name}_ns") for name in ("expected", "spent", "forecast")}
        hours = {
            f"{name}_core_hours": None if seconds_per_step is None else self.core_hours(ns, seconds_per_step)
            for name, ns in costs.items()
        }
        return asdict(self) | {"forecast_ns": self.forecast_ns, "seconds_per_step": seconds_per_step} | hours


def plan(study: Prepared | Study | Path | str = ".") -> Cost:
    """Return what a study's goal will cost, or has cost so far; nothing is run or written.

    Raises
    ------
    InputError
        If the study is wrong, or has no goal.
    """
    prepared = prepare(study)
    study, goal = prepared.study, prepared.study.goal
    if goal.melting_K is None or goal.max_ns is None:
        raise InputError(f"{study.file}: [goal] melting_K is missing", hint="deckgen decks tells what a ladder costs")
    known = current_plan(study)
    runs = (*known.runs, *known.left_out)
    return Cost(
        melting_K=goal.melting_K,
        max_ns=goal.max_ns,
        expected_ns=round(rule_of_thumb_ns(study, len(prepared.start)), 2),
        spent_ns=round(Budget.of(study).ns(list(runs)), 6),
        n_runs=len(runs),
        n_steps=sum(run.n_steps for run in runs),
        timestep_fs=study.nvt.timestep_fs,
        history=known.history,
        verdict=known.verdict,
    )


def rule_of_thumb_ns(study: Study, n_atoms: int) -> float:
    """Return the dynamics that a goal takes where nothing is known yet: pilot, first rungs, and what the jumps ask for.

    The ratio of liquid to solid is known as well as jumps between them are counted, and changes by L/(k_B T^2) per
    kelvin. The melting temperature is taken for the middle of the ladder.
    """
    rungs, goal = study.ladder.rungs_K, study.goal
    error_K = (goal.melting_K or 0.0) / OF_WIDTH
    kelvin_per_e_fold = (rungs[0] + rungs[-1]) / 2 / (ENTROPY_KB * n_atoms)
    jumps_ns = JUMPS * FREEZING_NS * (kelvin_per_e_fold / error_K) ** 2
    laid = [
        Run(0.0, replica, FIRST * study.pilot_steps, replica % 2 == 0)
        for _ in range(GAPS + 1)
        for replica in range(1, REPLICAS + 1)
    ]
    budget = Budget.of(study)
    return budget.ns(pilot_runs(study)) + max(budget.ns(laid), jumps_ns)
