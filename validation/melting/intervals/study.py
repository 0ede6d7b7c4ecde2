"""The analysis of one model study: the steps of `deckgen.analysis.thermodynamics` that make peaks and intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.caloric import temperature_grid
from deckgen.analysis.findings import about_states
from deckgen.analysis.headline import Headline
from deckgen.analysis.mbar import reweighting
from deckgen.analysis.melting import Peak, find_melting
from deckgen.analysis.pool import make_pool
from deckgen.analysis.production import make_productions
from deckgen.analysis.states import rung_state
from deckgen.analysis.uncertainty.verdict import Verdict, judge
from validation.melting.intervals.models import N_ATOMS
from validation.melting.intervals.regimes import Regime

__all__ = ["BOOTSTRAPS", "QUANTITIES", "analyse", "exact", "numbers"]

Array = NDArray[np.float64]

BOOTSTRAPS = 100
GRID_K = 1.0

QUANTITIES = {"Tm": "temperature_K", "height": "height_over_c0", "fwhm": "fwhm_K", "latent heat": "latent_heat_eV"}


def exact(regime: Regime) -> Peak:
    """Return the exact peak, on the grid of the analysis."""
    grid = temperature_grid(np.array(regime.rungs_K), GRID_K)
    peak = find_melting(grid, regime.heat_capacity_over_c0(grid), N_ATOMS)
    assert peak is not None
    return peak


def analyse(regime: Regime, seed: int) -> Verdict:
    """Analyse one study as deckgen does, without pymbar's part and what its tables and figures need beside."""
    productions = make_productions(regime.samples(seed).series)
    solved = reweighting.reweight(make_pool(productions), pymbar=False)
    grid = temperature_grid(solved.pool.temperatures_K, GRID_K)
    headline = Headline(solved, grid, N_ATOMS, weighted=False)
    curve = headline.curves(headline.sample_weights).heat_capacity_over_c0[0]
    rungs = [[run for run in productions if run.series.temperature_K == T] for T in solved.pool.temperatures_K]
    states = [rung_state(runs, float(U)) for runs, U in zip(rungs, solved.rung_means_eV(), strict=True)]
    return judge(headline, curve, about_states(states), bootstraps=BOOTSTRAPS, seed=1)


def numbers(regime: Regime, seed: int) -> dict[str, list[float | None]]:
    """Return estimate and interval of each quantity: and the probability of each check."""
    verdict = analyse(regime, seed)
    found: dict[str, list[float | None]] = {check.name: [check.p] for check in verdict.checks}
    for name, field in QUANTITIES.items():
        interval = getattr(verdict.intervals, field) or (None, None)
        estimate = None if verdict.melting is None else getattr(verdict.melting, field)
        found[name] = [estimate, *interval]
    return found
