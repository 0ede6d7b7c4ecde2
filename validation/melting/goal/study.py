"""One study on the way to its goal: deckgen decides, a Markov chain is sampled, and the analysis is the usual one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from deckgen.analysis import melting
from deckgen.analysis.caloric import temperature_grid
from deckgen.analysis.findings import about_states
from deckgen.analysis.headline import Headline
from deckgen.analysis.mbar import energy_grid
from deckgen.analysis.mbar.reweighting import reweight
from deckgen.analysis.pool import make_pool
from deckgen.analysis.production import make_productions
from deckgen.analysis.states import rung_state
from deckgen.analysis.uncertainty import intervals
from deckgen.analysis.uncertainty.verdict import judge
from deckgen.samples import Samples, TimeSeries
from deckgen.study.runs import Plan, Run, pilot_runs
from deckgen.workflows.goal.decide import next_plan
from validation.melting.goal.regimes import GRID_K, Regime
from validation.melting.intervals.models import N_ATOMS

__all__ = ["Answer", "Outcome", "found_in", "outcome", "pursue", "quicken"]

BOOTSTRAPS = 60
ANEW = 1_000_000_000
"""Added to the seed of the runs that are drawn anew."""


def quicken() -> None:
    """Leave out of all analyses of this process what takes time and decides nothing."""
    melting.QUANTITIES = intervals.SUMMIT  # without those of the width and the latent heat
    energy_grid.PER_DEVIATION = 10  # accurate to 1e-5, where nothing is compared with pymbar


@dataclass(frozen=True)
class Answer:
    """A melting temperature with its interval; None where there is none."""

    melting_K: float | None
    ci95_K: tuple[float, float] | None

    def holds(self, exact_K: float) -> bool | None:
        """Return whether the interval holds the exact value; None without one."""
        return None if self.ci95_K is None else self.ci95_K[0] <= exact_K <= self.ci95_K[1]


@dataclass(frozen=True)
class Outcome:
    """How a study ended, what it knew when its interval was first narrow enough, and what its last runs tell anew."""

    reached: bool
    ns: float
    looks: int
    forecast_ns: float | None
    answer: Answer
    at_first: Answer
    ns_at_first: float
    anew: Answer


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
    grid = temperature_grid(solved.pool.temperatures_K, GRID_K)
    headline = Headline(solved, grid, N_ATOMS, weighted=False)
    curve = headline.curves(headline.sample_weights).heat_capacity_over_c0[0]
    rungs = [[run for run in productions if run.series.temperature_K == T] for T in solved.pool.temperatures_K]
    states = [rung_state(runs, float(U)) for runs, U in zip(rungs, solved.rung_means_eV(), strict=True)]
    verdict = judge(headline, curve, about_states(states), bootstraps=BOOTSTRAPS, seed=1)
    shares = [None] * len(states) if verdict.error_shares is None else verdict.error_shares.tolist()
    shared = tuple(replace(state, error_share=share) for state, share in zip(states, shares, strict=True))
    return Found(N_ATOMS, verdict.melting, verdict.intervals, shared, verdict.checks)


def pursue(regime: Regime, seed: int) -> Plan:
    """Have a study reach its goal, or use up its budget; return its last plan."""
    study = regime.study
    plan, drawn = Plan(pilot_runs(study)), dict[Run, TimeSeries]()
    while not plan.verdict:
        drawn |= {run: regime.sampled(run, seed) for run in plan.runs if run not in drawn}
        samples = Samples(n_atoms=N_ATOMS, series=tuple(drawn[run] for run in plan.runs))
        plan = next_plan(study, plan, samples, found_in(samples))
    return plan


def outcome(regime: Regime, seed: int) -> Outcome:
    """Return how one study ended."""
    plan = pursue(regime, seed)
    last = plan.history[-1]
    first = next((look.forecast_ns for look in plan.history if look.forecast_ns is not None), None)
    narrow = [look for look in plan.history if look.width_K is not None and look.width_K <= regime.goal_K]
    at_first = next(iter(narrow), last)
    again = found_in(Samples(N_ATOMS, tuple(regime.sampled(run, seed + ANEW) for run in plan.runs)))
    peak, interval = again.melting, again.melting_ci95.temperature_K
    return Outcome(
        reached=plan.reached,
        ns=last.ns,
        looks=len(plan.history),
        forecast_ns=first,
        answer=Answer(last.melting_K, last.ci95_K),
        at_first=Answer(at_first.melting_K, at_first.ci95_K),
        ns_at_first=at_first.ns,
        anew=Answer(None if peak is None else peak.temperature_K, interval),
    )
