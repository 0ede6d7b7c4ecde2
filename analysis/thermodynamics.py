"""From samples to the heat capacity curve and all that qualifies it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.caloric import temperature_grid
from deckgen.analysis.crossings import about_crossings, count_crossings
from deckgen.analysis.estimators import estimators
from deckgen.analysis.findings import (
    about_evaporation,
    about_minimum,
    about_outliers,
    about_overlap,
    about_partial,
    about_range,
    about_states,
)
from deckgen.analysis.fragments import Evaporation, exclude_after
from deckgen.analysis.headline import Headline
from deckgen.analysis.jumps.lowest import of_lowest_solid
from deckgen.analysis.jumps.melting import about_jumps, melting_by_jumps
from deckgen.analysis.jumps.quenches import Quenches
from deckgen.analysis.lindemann import LindemannCurve
from deckgen.analysis.mbar.reweighting import reweight
from deckgen.analysis.outliers import find_outliers, without_outliers
from deckgen.analysis.pool import make_pool
from deckgen.analysis.production import MIN_SAMPLES, Production, make_productions
from deckgen.analysis.results import Thermodynamics
from deckgen.analysis.states import RungState, energy_histograms, energy_trace, rung_state
from deckgen.analysis.swaps import about_swaps, rung_swaps
from deckgen.analysis.uncertainty.verdict import Verdict, judge
from deckgen.errors import InputError
from deckgen.findings import Finding
from deckgen.samples import Samples, TimeSeries

__all__ = ["thermodynamics"]

Array = NDArray[np.float64]


def thermodynamics(
    samples: Samples,
    *,
    grid_K: float = 1.0,
    bootstraps: int = 200,
    rotation: Literal["canonical", "sampled"] = "canonical",
    seed: int = 1,
    lindemann: LindemannCurve | None = None,
    evaporations: Sequence[Evaporation] = (),
    quenches: Quenches | None = None,
) -> Thermodynamics:
    """Analyse what a study has sampled so far.

    Parameters
    ----------
    samples
        Time series at two temperatures or more.
    grid_K
        Step of the temperature grid.
    bootstraps, seed
        Number of resamples for the intervals, and the seed that makes them reproducible.
    rotation
        `canonical`: averages carry the weights sqrt(det I) where every run kept zero angular momentum and has its
        moments of inertia; `sampled`: never.
    lindemann
        Carried into the result.
    evaporations
        Runs whose cluster fell apart: their samples from the last intact frame on are left out.
    quenches
        What frames of the runs were quenched to: they tell solids apart where melts and freezings are counted.

    Raises
    ------
    InputError
        If the grid does not fit the ladder.
    AnalysisError
        If fewer than two temperatures have samples, or a solver does not converge.
    """
    if bootstraps < 0:
        raise InputError(f"analysis.bootstraps is {bootstraps}; it must not be negative")
    outliers = find_outliers(samples.series)
    runs = [_intact(without_outliers(run, outliers), evaporations) for run in samples.series]
    productions = make_productions([run for run in runs if run.n >= MIN_SAMPLES])
    solved = reweight(make_pool(productions))
    grid = temperature_grid(solved.pool.temperatures_K, grid_K)
    weighted = rotation == "canonical" and solved.pool.rotation_weights is not None
    headline = Headline(solved, grid, samples.n_atoms, weighted)
    findings = about_partial(samples, [run for run in runs if run.n < MIN_SAMPLES])
    findings += about_outliers(outliers) + about_evaporation(evaporations) + about_minimum(samples, outliers)
    findings += about_swaps(samples)
    return _assemble(
        samples, headline, productions, findings, lindemann, bootstraps=bootstraps, seed=seed, quenches=quenches
    )


def _intact(run: TimeSeries, evaporations: Sequence[Evaporation]) -> TimeSeries:
    times = [
        found.last_intact_ps
        for found in evaporations
        if (found.temperature_K, found.replica) == (run.temperature_K, run.replica)
    ]
    return exclude_after(run, min(times)) if times else run


def _judged(states: Sequence[RungState], verdict: Verdict) -> tuple[RungState, ...]:
    """Return the states with what the verdict knows of each rung."""
    shares = [None] * len(states) if verdict.error_shares is None else verdict.error_shares.tolist()
    known = zip(states, verdict.rung_deviations.tolist(), shares, strict=True)
    return tuple(replace(state, deviation=deviation, error_share=share) for state, deviation, share in known)


def _assemble(
    samples: Samples,
    headline: Headline,
    productions: Sequence[Production],
    findings: list[Finding],
    lindemann: LindemannCurve | None,
    *,
    bootstraps: int,
    seed: int,
    quenches: Quenches | None,
) -> Thermodynamics:
    solved, grid = headline.solved, headline.grid_K
    curves = headline.curves(headline.sample_weights)
    curve = curves.heat_capacity_over_c0[0]
    rungs = [list(runs) for _, runs in groupby(productions, key=lambda run: run.series.temperature_K)]
    states = tuple(rung_state(runs, float(U)) for runs, U in zip(rungs, solved.rung_means_eV(), strict=True))
    findings = findings + about_states(states) + about_overlap(solved.pool.temperatures_K, solved.shared())
    findings += about_range(curve, samples.n_atoms)
    verdict = judge(headline, curve, findings, bootstraps=bootstraps, seed=seed)
    states = _judged(states, verdict)
    crossings = count_crossings(productions, verdict.melting, grid, curves.potential_energy_eV[0], samples.n_atoms)
    crossings = of_lowest_solid(crossings, productions, verdict.melting, samples.n_atoms, quenches)
    jumps = melting_by_jumps(productions, crossings, verdict.melting, samples.n_atoms, quenches)
    findings += about_crossings(crossings, verdict.melting)
    findings += about_jumps(jumps, verdict.melting, verdict.intervals.temperature_K)
    return Thermodynamics(
        n_atoms=samples.n_atoms,
        formula=samples.formula,
        potential_name=samples.potential_name,
        potential_sha256=samples.potential_sha256,
        rotation=headline.rotation,
        temperatures_K=grid,
        heat_capacity_over_c0=curve,
        heat_capacity_ci95=verdict.band,
        potential_energy_eV=curves.potential_energy_eV[0],
        melting=verdict.melting,
        melting_ci95=verdict.intervals,
        peaks=verdict.peaks,
        checks=verdict.checks,
        states=states,
        f_k=solved.f_k,
        overlap=solved.overlap(),
        n_reweighting=solved.effective_number(grid, headline.sample_weights),
        estimators=estimators(headline, rungs),
        histograms=energy_histograms(rungs),
        traces=tuple(energy_trace(run) for run in productions),
        lindemann=lindemann,
        crossings=crossings,
        jumps=jumps,
        swaps=rung_swaps(samples),
        warnings=(*verdict.findings, *findings),
    )
