"""What was sampled at each rung: numbers and traces of the runs, pooled over replicas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.caloric import heat_capacity_over_c0
from deckgen.analysis.production import Production
from deckgen.analysis.uncertainty.correlation import standard_error

__all__ = [
    "EnergyHistograms",
    "EnergyTrace",
    "RungMoments",
    "RungState",
    "energy_histograms",
    "energy_trace",
    "rung_moments",
    "rung_state",
]

Array = NDArray[np.float64]

FEWEST = 4
"""Independent samples of a rung, without which nothing shows that it has settled: it may only drift."""

N_BINS = 300
TRACE_POINTS = 500


@dataclass(frozen=True)
class RungState:
    """One rung, its runs pooled.

    Parameters
    ----------
    temperature_K
        The rung.
    n_runs
        Its runs (replicas).
    n_samples
        Equilibrated samples.
    equilibration_ps
        Time left out at the start: the longest of the runs.
    settled
        Whether the energy of every run settled within its first half, and fluctuated often enough to tell.
    statistical_inefficiency
        Samples that make one independent one.
    n_effective
        Independent samples, n_samples / g.
    mean_U_eV, std_U_eV
        Of the equilibrated samples as they are.
    reweighted_U_eV
        The same mean by MBAR, from the samples of all rungs.
    interval_ps
        Time between samples.
    kinetic_temperature_K, kinetic_temperature_error_K
        Mean, and its standard error; None where unknown.
    deviation
        mean_U_eV less reweighted_U_eV, in standard errors of their difference; None until all rungs were
        compared.
    error_share
        Share of this rung in the squared error of the melting temperature; None where that is unknown.
    """

    temperature_K: float
    n_runs: int
    n_samples: int
    equilibration_ps: float
    settled: bool
    statistical_inefficiency: float
    n_effective: float
    mean_U_eV: float
    std_U_eV: float
    reweighted_U_eV: float
    interval_ps: float
    kinetic_temperature_K: float | None
    kinetic_temperature_error_K: float | None
    deviation: float | None = None
    error_share: float | None = None


@dataclass(frozen=True, eq=False)
class EnergyHistograms:
    """Histograms of the potential energy, one per rung.

    Parameters
    ----------
    edges_eV : (B + 1,)
        Bins, the same for all.
    counts : (K, B)
        Equilibrated samples in each.
    """

    edges_eV: Array
    counts: NDArray[np.int_]


@dataclass(frozen=True, eq=False)
class EnergyTrace:
    """Potential energy of one run against time, thinned for drawing.

    Parameters
    ----------
    temperature_K, replica
        The run.
    time_ps, potential_energy_eV : (n,)
        At most 500 points, evenly spaced, the equilibration included.
    equilibration_ps
        End of the part that was left out.
    quench_time_ps, quench_energy_eV : (q,)
        Times of the frames that were quenched for isomers, and the energies of their minima.
    """

    temperature_K: float
    replica: int
    time_ps: Array
    potential_energy_eV: Array
    equilibration_ps: float
    quench_time_ps: Array = field(default_factory=lambda: np.empty(0))
    quench_energy_eV: Array = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True, eq=False)
class RungMoments:
    """Averages at the rungs from their own samples alone, (K,) each.

    Parameters
    ----------
    mean_eV
        <U>.
    heat_capacity_over_c0, heat_capacity_error_over_c0
        By direct fluctuations, and its standard error; NaN where that is not known.
    """

    mean_eV: Array
    heat_capacity_over_c0: Array
    heat_capacity_error_over_c0: Array


def rung_state(runs: Sequence[Production], reweighted_U_eV: float) -> RungState:
    """Summarise the runs of one rung, whose mean energy MBAR finds to be `reweighted_U_eV`."""
    energies = np.concatenate([run.energies_eV for run in runs])
    n_effective = sum(run.n_effective for run in runs)
    kinetic, error = _kinetic_temperature(runs)
    return RungState(
        temperature_K=runs[0].series.temperature_K,
        n_runs=len(runs),
        n_samples=len(energies),
        equilibration_ps=max(run.equilibration_ps for run in runs),
        settled=all(run.settled for run in runs) and n_effective >= FEWEST,
        statistical_inefficiency=len(energies) / n_effective,
        n_effective=n_effective,
        mean_U_eV=float(energies.mean()),
        std_U_eV=float(energies.std()),
        reweighted_U_eV=reweighted_U_eV,
        interval_ps=max(run.series.interval_ps for run in runs),
        kinetic_temperature_K=kinetic,
        kinetic_temperature_error_K=error,
    )


def _kinetic_temperature(runs: Sequence[Production]) -> tuple[float | None, float | None]:
    parts = [
        run.series.kinetic_temperature_K[run.start :] for run in runs if run.series.kinetic_temperature_K is not None
    ]
    if len(parts) < len(runs):
        return None, None
    return float(np.concatenate(parts).mean()), standard_error(parts)


def rung_moments(rungs: Sequence[Sequence[Production]], n_atoms: int, *, weighted: bool) -> RungMoments:
    """Return each rung's own averages, each run weighted by its independent samples; `weighted` by sqrt(det I) too."""
    mean, variance, error = np.empty((3, len(rungs)))
    for k, runs in enumerate(rungs):
        energies = np.concatenate([run.energies_eV for run in runs])
        weights = np.concatenate([_weights(run, weighted) for run in runs])
        mean[k] = np.average(energies, weights=weights)
        variance[k] = np.average((energies - mean[k]) ** 2, weights=weights)
        error[k] = _variance_error(runs, weighted, mean[k], variance[k])
    temperatures = np.array([runs[0].series.temperature_K for runs in rungs])
    found = heat_capacity_over_c0(variance, temperatures, n_atoms)
    return RungMoments(mean, found, heat_capacity_over_c0(variance + error, temperatures, n_atoms) - found)


def _variance_error(runs: Sequence[Production], weighted: bool, mean_eV: float, variance_eV2: float) -> float:
    """Return the standard error of a rung's variance, from the influence of each sample on it."""
    weights = [_weights(run, weighted) * run.g for run in runs]
    scale = float(np.concatenate(weights).mean())
    influence = [
        w / scale * ((run.energies_eV - mean_eV) ** 2 - variance_eV2) for run, w in zip(runs, weights, strict=True)
    ]
    found = standard_error(influence)
    return np.nan if found is None else found


def _weights(run: Production, weighted: bool) -> Array:
    rotation = run.rotation_weights if weighted and run.rotation_weights is not None else np.ones(run.n)
    return rotation / run.g


def energy_histograms(rungs: Sequence[Sequence[Production]]) -> EnergyHistograms:
    """Count the equilibrated energies of each rung in common bins."""
    ends = [extreme for runs in rungs for run in runs for extreme in (run.energies_eV.min(), run.energies_eV.max())]
    edges = np.histogram_bin_edges(ends, bins=N_BINS)
    counts = [np.sum([np.histogram(run.energies_eV, edges)[0] for run in runs], axis=0) for runs in rungs]
    return EnergyHistograms(edges, np.stack(counts))


def energy_trace(run: Production) -> EnergyTrace:
    """Thin a run's potential energy for drawing."""
    every = slice(None, None, -(-run.series.n // TRACE_POINTS))
    return EnergyTrace(
        temperature_K=run.series.temperature_K,
        replica=run.series.replica,
        time_ps=run.series.time_ps[every],
        potential_energy_eV=run.series.potential_energy_eV[every],
        equilibration_ps=run.equilibration_ps,
    )
