"""What a user needs to know to distrust a result: each warning names the temperature and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.fragments import Evaporation
from deckgen.analysis.melting import Peak
from deckgen.analysis.outliers import Outlier, without_outliers
from deckgen.analysis.production import MIN_SAMPLES
from deckgen.analysis.results import Check
from deckgen.analysis.states import RungState
from deckgen.analysis.uncertainty.intervals import PeakErrors
from deckgen.findings import Finding
from deckgen.samples import Samples, TimeSeries
from deckgen.units import initial_heat_capacity_over_kB, kinetic_heat_capacity_over_kB

__all__ = [
    "FEWEST_INDEPENDENT",
    "about_checks",
    "about_evaporation",
    "about_minimum",
    "about_outliers",
    "about_overlap",
    "about_partial",
    "about_peak",
    "about_range",
    "about_states",
]

Array = NDArray[np.float64]

FEWEST_SAMPLES = 50
"""Independent samples of a rung: a variance is known to 20 % from so many."""

FEWEST_INDEPENDENT = 8
"""Independent samples of the runs near a peak, without which its interval means little."""
LEAST_OVERLAP = 0.03
"""Klimovich, Shirts, Mobley, J. Comput. Aided Mol. Des. 29, 397 (2015)."""

MOST_DEVIATIONS = 4.0

LEAST_POTENTIAL = 0.1
"""Of the potential part of C_0: harmonic vibrations make all of it."""

LARGEST_OVER_C0 = 10.0
BELOW_START_EV = 1e-3


def about_partial(samples: Samples, left_out: Sequence[TimeSeries]) -> list[Finding]:
    """Say which rungs are missing, which runs are not done, and which are too short to use."""
    findings = []
    if samples.missing_K:
        findings.append(
            Finding("partial", f"no samples yet at {_kelvins(samples.missing_K)}: run the rest of the study")
        )
    unfinished = [run for run in samples.series if not run.complete]
    if unfinished:
        kelvins = _kelvins(run.temperature_K for run in unfinished)
        findings.append(Finding("partial", f"runs have not reached their planned length at {kelvins}"))
    if left_out:
        kelvins = _kelvins(run.temperature_K for run in left_out)
        findings.append(Finding("partial", f"left out, with fewer than {MIN_SAMPLES} samples: runs at {kelvins}"))
    return findings


def about_states(states: Iterable[RungState]) -> list[Finding]:
    """Say which rungs are not equilibrated, have too few independent samples, or the wrong kinetic temperature."""
    checks = (_about_equilibration, _about_number, _about_kinetic_temperature)
    return [finding for state in states for check in checks if (finding := check(state)) is not None]


def _about_equilibration(state: RungState) -> Finding | None:
    if state.settled:
        return None
    T = state.temperature_K
    message = f"T = {T:g} K: the energy still changes after half of a run; make the run longer"
    return Finding("not_equilibrated", message, T)


def _about_number(state: RungState) -> Finding | None:
    if state.n_effective >= FEWEST_SAMPLES:
        return None
    T = state.temperature_K
    more_ps = (FEWEST_SAMPLES - state.n_effective) * state.statistical_inefficiency * state.interval_ps
    message = (
        f"T = {T:g} K: {state.n_effective // 1:.0f} independent samples, fewer than {FEWEST_SAMPLES}; "
        f"about {float(f'{more_ps:.2g}'):g} ps more are needed"
    )
    return Finding("few_samples", message, T)


def _about_kinetic_temperature(state: RungState) -> Finding | None:
    T, kinetic, error = state.temperature_K, state.kinetic_temperature_K, state.kinetic_temperature_error_K
    if kinetic is None or error is None or abs(kinetic - T) <= MOST_DEVIATIONS * error:
        return None
    message = (
        f"T = {T:g} K: the kinetic temperature is {kinetic:.2f} +- {error:.2f} K; "
        "check the thermostat and the time step"
    )
    return Finding("kinetic_temperature", message, T)


def about_overlap(temperatures_K: Array, shared: Array) -> list[Finding]:
    """Say between which rungs a run is missing, from the overlap of each with the next (K - 1,)."""
    findings = []
    for (low, high), overlap in zip(pairwise(temperatures_K.tolist()), shared.tolist(), strict=True):
        if overlap < LEAST_OVERLAP:
            between = float(round(np.sqrt(low * high), 1))
            message = f"{low:g} K and {high:g} K overlap by {overlap:.1e} only; add a run at T = {between:g} K"
            findings.append(Finding("poor_overlap", message, between))
    return findings


def about_checks(checks: Iterable[Check]) -> list[Finding]:
    """Say which parts of the data disagree by more than chance explains."""
    words = {
        "rungs": "the mean energies of the temperatures are not those that all of them together lead to",
        "halves": "the first and the second half of the runs have the peak at different temperatures",
        "replicas": "the runs of one temperature differ from one another",
        "starts": "the runs from the solid and those from the melt differ at the same temperature",
    }
    findings = []
    for check in checks:
        if not check.passed:
            where = "" if check.temperature_K is None else f", most at {check.temperature_K:g} K"
            message = (
                f"{words[check.name]}: {check.deviation:.1f} standard errors{where} (probability {check.p:.1g}). "
                "The runs have not visited all they should: make them longer, or add replicas"
            )
            findings.append(Finding("inconsistent", message, check.temperature_K))
    return findings


def about_range(heat_capacity_over_c0: Array, n_atoms: int) -> list[Finding]:
    """Say if no cluster has such a heat capacity: the energies are in other units, per atom, or of another run."""
    kinetic = kinetic_heat_capacity_over_kB(n_atoms) / initial_heat_capacity_over_kB(n_atoms)
    low, high = float(heat_capacity_over_c0.min()), float(heat_capacity_over_c0.max())
    if high - kinetic < LEAST_POTENTIAL * (1 - kinetic):
        what = f"nowhere above {high:.2f} C0, which is the kinetic part ({kinetic:.2f} C0) alone"
    elif low > LARGEST_OVER_C0:
        what = f"everywhere above {low:.0f} C0"
    else:
        return []
    message = (
        f"the heat capacity is {what}: no cluster has that. Are the energies in eV, of the whole cluster, and of these "
        "temperatures?"
    )
    return [Finding("unphysical", message)]


def about_outliers(outliers: Iterable[Outlier]) -> list[Finding]:
    """Name the rows that were left out for lying far from all others."""
    return [
        Finding(
            "stray_rows",
            f"T = {found.temperature_K:g} K, replica {found.replica}: the row at {found.time_ps:g} ps, "
            f"U = {found.potential_energy_eV:.4f} eV, lies {found.gap_eV:.2f} eV from all others and is left out. "
            "The file is damaged, or the dynamics broke down there: look at the rows around it",
            found.temperature_K,
        )
        for found in outliers
    ]


def about_peak(
    peak: Peak, errors: PeakErrors | None, not_equilibrated_K: Sequence[float], failed: Sequence[Finding]
) -> list[Finding]:
    """Say where the melting temperature, or its interval, means little.

    Parameters
    ----------
    peak
        The melting peak.
    errors
        What resampling says of it; None without resamples.
    not_equilibrated_K
        Rungs under the peak that are not equilibrated.
    failed
        Checks that failed.
    """
    T = peak.temperature_K
    if peak.at_edge:
        message = f"the heat capacity is highest at the end of the ladder, {T:g} K: extend the ladder beyond it"
        return [Finding("peak_at_edge", message, T)]
    if errors is None:
        return []
    n = min(errors.n_independent, errors.n_carrying)
    reasons = {
        f"the runs under it have not equilibrated, at {_kelvins(not_equilibrated_K)}": bool(not_equilibrated_K),
        "parts of the data disagree": bool(failed),
        f"the runs near it are worth {n // 1:.0f} independent samples only": n < FEWEST_INDEPENDENT,
        "its slowest motion goes back and forth too rarely for its time to be known": not errors.known,
        "it is missing from many resamples": errors.intervals.temperature_K is None,
    }
    reason = next((reason for reason, holds in reasons.items() if holds), None)
    if reason is None:
        return []
    message = f"the peak at {T:.1f} K has no interval: {reason}. Longer runs or more replicas there will give one"
    return [Finding("ci_unreliable", message, T)]


def about_evaporation(evaporations: Iterable[Evaporation]) -> list[Finding]:
    """Say which clusters fell apart, and when."""
    return [
        Finding(
            "evaporation",
            f"T = {found.temperature_K:g} K, replica {found.replica}: the cluster has fallen into {found.n_fragments} "
            f"pieces at {found.time_ps:g} ps; its samples after {found.last_intact_ps:g} ps are left out. "
            "Set cluster.container_radius_A or lower the highest temperature",
            found.temperature_K,
        )
        for found in evaporations
    ]


def about_minimum(samples: Samples, outliers: Sequence[Outlier] = ()) -> list[Finding]:
    """Say if a sample lies below the relaxed start structure: the start is then not the lowest minimum."""
    start = samples.start_energy_eV
    run = min(
        (without_outliers(run, outliers) for run in samples.series),
        key=lambda run: float(run.potential_energy_eV.min()),
    )
    lowest = int(run.potential_energy_eV.argmin())
    if start is None or run.potential_energy_eV[lowest] > start - BELOW_START_EV:
        return []
    where = f"T = {run.temperature_K:g} K, {run.time_ps[lowest]:g} ps"
    source = f" Quench the frames of {run.frames} and start again from the lowest." if run.frames else ""
    message = (
        f"{where}: the potential energy, {run.potential_energy_eV[lowest]:.4f} eV, is below that of the relaxed start "
        f"structure, {start:.4f} eV; the start is not the lowest minimum.{source}"
    )
    return [Finding("lower_minimum_found", message, run.temperature_K)]


def _kelvins(temperatures_K: Iterable[float]) -> str:
    return ", ".join(f"{T:g}" for T in sorted(set(temperatures_K))) + " K"
