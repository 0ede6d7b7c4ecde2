"""What a user needs to know to distrust a result: each warning names the temperature and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.fragments import Evaporation
from deckgen.analysis.melting import Peak
from deckgen.analysis.production import MIN_SAMPLES
from deckgen.analysis.states import RungState
from deckgen.findings import Finding
from deckgen.samples import Samples, TimeSeries

__all__ = [
    "FEWEST_BLOCKS",
    "about_evaporation",
    "about_minimum",
    "about_overlap",
    "about_partial",
    "about_peak",
    "about_states",
]

Array = NDArray[np.float64]

FEWEST_SAMPLES = 50
"""Independent samples of a rung: a variance is known to 20 % from so many."""

FEWEST_BLOCKS = 10
"""Independent blocks next to the melting temperature, without which a bootstrap means little.

A run whose energy changes late, but which has that many, fluctuates slowly; with fewer it may still drift.
"""

LEAST_OVERLAP = 0.03
"""Klimovich, Shirts, Mobley, J. Comput. Aided Mol. Des. 29, 397 (2015)."""

FEWEST_TO_COMPARE = 10
"""Independent samples of a rung, from which on its mean is compared with the reweighted one."""

MOST_DEVIATIONS = 4.0
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
    T, error = state.temperature_K, state.std_U_eV / np.sqrt(state.n_effective)
    if not state.settled and state.n_effective < 2 * FEWEST_BLOCKS:
        message = "the energy still changes after half of a run; make the run longer"
    elif (
        state.n_effective >= FEWEST_TO_COMPARE
        and abs(state.mean_U_eV - state.reweighted_U_eV) > MOST_DEVIATIONS * error
    ):
        message = (
            f"the mean energy, {state.mean_U_eV:.4f} +- {error:.4f} eV, is not the one that all runs together lead to, "
            f"{state.reweighted_U_eV:.4f} eV: the run has not visited all it should; make it longer, or add replicas"
        )
    else:
        return None
    return Finding("not_equilibrated", f"T = {T:g} K: {message}", T)


def _about_number(state: RungState) -> Finding | None:
    if state.n_effective >= FEWEST_SAMPLES:
        return None
    T = state.temperature_K
    more_ps = (FEWEST_SAMPLES - state.n_effective) * state.statistical_inefficiency * state.interval_ps
    message = (
        f"T = {T:g} K: {state.n_effective:.0f} independent samples, fewer than {FEWEST_SAMPLES}; "
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


def about_peak(
    peak: Peak | None, n_blocks: int, not_equilibrated_K: Sequence[float], *, has_interval: bool
) -> list[Finding]:
    """Say where the melting temperature, or its interval, means little.

    Parameters
    ----------
    peak
        The melting peak.
    n_blocks
        Independent blocks next to it.
    not_equilibrated_K
        Rungs under the peak that are not equilibrated.
    has_interval
        Whether the resamples gave one.
    """
    if peak is None:
        return []
    T = peak.temperature_K
    if peak.at_edge:
        message = f"the heat capacity is highest at the end of the ladder, {T:g} K: extend the ladder beyond it"
        return [Finding("peak_at_edge", message, T)]
    reasons = {
        f"the runs under it have not equilibrated, at {_kelvins(not_equilibrated_K)}": bool(not_equilibrated_K),
        f"there are only {n_blocks} independent blocks next to it": n_blocks < FEWEST_BLOCKS,
        "it is missing from many resamples": not has_interval,
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


def about_minimum(samples: Samples) -> list[Finding]:
    """Say if a sample lies below the relaxed start structure: the start is then not the lowest minimum."""
    start = samples.start_energy_eV
    run = min(samples.series, key=lambda run: float(run.potential_energy_eV.min()))
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
