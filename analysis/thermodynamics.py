"""From samples to the heat capacity curve and all that qualifies it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.bootstrap import bootstrap_curves
from deckgen.analysis.caloric import temperature_grid
from deckgen.analysis.estimators import Headline, estimators
from deckgen.analysis.findings import (
    FEWEST_BLOCKS,
    about_evaporation,
    about_minimum,
    about_overlap,
    about_partial,
    about_peak,
    about_states,
)
from deckgen.analysis.fragments import Evaporation, exclude_after
from deckgen.analysis.intervals import blocks_near, curve_band, peak_intervals, rungs_under
from deckgen.analysis.lindemann import LindemannCurve
from deckgen.analysis.mbar.reweighting import reweight
from deckgen.analysis.melting import Peak, find_melting, prominent_peaks
from deckgen.analysis.production import MIN_SAMPLES, Production, make_pool, make_productions
from deckgen.analysis.results import Intervals, Thermodynamics
from deckgen.analysis.states import energy_histograms, energy_trace, rung_state
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

    Raises
    ------
    InputError
        If the grid does not fit the ladder.
    AnalysisError
        If fewer than two temperatures have samples, or a solver does not converge.
    """
    if bootstraps < 0:
        raise InputError(f"analysis.bootstraps is {bootstraps}; it must not be negative")
    runs = [_intact(run, evaporations) for run in samples.series]
    productions = make_productions([run for run in runs if run.n >= MIN_SAMPLES])
    solved = reweight(make_pool(productions))
    grid = temperature_grid(solved.pool.temperatures_K, grid_K)
    weighted = rotation == "canonical" and solved.pool.rotation_weights is not None
    headline = Headline(solved, grid, samples.n_atoms, weighted)
    resampled = bootstrap_curves(solved, grid, samples.n_atoms, headline.sample_weights, n=bootstraps, seed=seed)
    findings = about_partial(samples, [run for run in runs if run.n < MIN_SAMPLES])
    findings += about_evaporation(evaporations) + about_minimum(samples)
    return _assemble(samples, headline, productions, resampled, findings, lindemann)


def _intact(run: TimeSeries, evaporations: Sequence[Evaporation]) -> TimeSeries:
    times = [
        found.last_intact_ps
        for found in evaporations
        if (found.temperature_K, found.replica) == (run.temperature_K, run.replica)
    ]
    return exclude_after(run, min(times)) if times else run


def _assemble(
    samples: Samples,
    headline: Headline,
    productions: Sequence[Production],
    resampled: Array,
    findings: list[Finding],
    lindemann: LindemannCurve | None,
) -> Thermodynamics:
    solved, grid = headline.solved, headline.grid_K
    curves = headline.curves(headline.sample_weights)
    curve = curves.heat_capacity_over_c0[0]
    rungs = [list(runs) for _, runs in groupby(productions, key=lambda run: run.series.temperature_K)]
    states = tuple(rung_state(runs, float(U)) for runs, U in zip(rungs, solved.rung_means_eV(), strict=True))
    findings = findings + about_states(states) + about_overlap(solved.pool.temperatures_K, solved.shared())
    peak, intervals, about = _melting(headline, curve, resampled, findings)
    return Thermodynamics(
        n_atoms=samples.n_atoms,
        formula=samples.formula,
        potential_name=samples.potential_name,
        potential_sha256=samples.potential_sha256,
        rotation=headline.rotation,
        temperatures_K=grid,
        heat_capacity_over_c0=curve,
        heat_capacity_ci95=curve_band(resampled, solved.pool, grid),
        potential_energy_eV=curves.potential_energy_eV[0],
        melting=peak,
        melting_ci95=intervals,
        peaks=prominent_peaks(grid, curve),
        states=states,
        f_k=solved.f_k,
        overlap=solved.overlap(),
        n_reweighting=solved.effective_number(grid, headline.sample_weights),
        estimators=estimators(headline, rungs),
        histograms=energy_histograms(rungs),
        traces=tuple(energy_trace(run) for run in productions),
        lindemann=lindemann,
        warnings=(*findings, *about),
    )


def _melting(
    headline: Headline, curve: Array, resampled: Array, findings: Sequence[Finding]
) -> tuple[Peak | None, Intervals, list[Finding]]:
    """Return the peak of the curve, its intervals where they mean something, and what to say of them."""
    pool, grid = headline.solved.pool, headline.grid_K
    peak = find_melting(grid, curve, headline.n_atoms)
    if peak is None or len(resampled) == 0:
        return peak, Intervals(), about_peak(peak, FEWEST_BLOCKS, (), has_interval=True)
    carried = headline.solved.effective_number(np.array([peak.temperature_K]), headline.sample_weights)
    n_blocks = blocks_near(pool, peak.temperature_K, carried[0])
    intervals = peak_intervals(resampled, grid, headline.n_atoms, n_blocks)
    drifting = {finding.temperature_K for finding in findings if finding.code == "not_equilibrated"}
    under = [T for T in rungs_under(pool.temperatures_K, peak) if T in drifting]
    about = about_peak(peak, n_blocks, under, has_interval=intervals.temperature_K is not None)
    return peak, Intervals() if about else intervals, about
