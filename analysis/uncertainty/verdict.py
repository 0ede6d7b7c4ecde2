"""The peaks of a curve with their intervals, the checks, and which intervals to withhold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.findings import about_checks, about_peak
from deckgen.analysis.headline import Headline
from deckgen.analysis.melting import Peak, find_peaks
from deckgen.analysis.results import Check, Intervals, Maximum
from deckgen.analysis.uncertainty.checks import (
    RungDeviations,
    check_halves,
    check_replicas,
    check_rungs,
    rung_deviations,
)
from deckgen.analysis.uncertainty.intervals import PeakErrors, curve_band, peak_errors, rungs_under
from deckgen.analysis.uncertainty.starts import check_starts
from deckgen.findings import Finding

__all__ = ["Verdict", "judge"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Verdict:
    """What the samples say of the peaks, as far as they can be trusted.

    Parameters
    ----------
    melting, intervals
        The highest peak, and its 95 % intervals; None where there is no peak.
    peaks
        Every maximum that stands out.
    band : (G, 2) or None
        95 % band of the curve; None without resamples.
    checks
        Whether parts of the data agree.
    findings
        Checks that failed, and intervals that are withheld.
    rung_deviations : (K,)
        Own mean energy of each rung less the reweighted one, in standard errors of the difference.
    error_shares : (K,) or None
        Share of each rung in the squared error of the highest peak's temperature; None without resamples.
    """

    melting: Peak | None
    intervals: Intervals
    peaks: tuple[Maximum, ...]
    band: Array | None
    checks: tuple[Check, ...]
    findings: tuple[Finding, ...]
    rung_deviations: Array
    error_shares: Array | None = None


@dataclass(frozen=True, eq=False)
class _Resampled:
    """A peak, and what resampling says of it; None at an edge, or without resamples."""

    peak: Peak
    errors: PeakErrors | None


def judge(headline: Headline, curve: Array, findings: Sequence[Finding] = (), *, bootstraps: int, seed: int) -> Verdict:
    """Find the peaks of the headline curve (G,), resample the runs, and compare parts of the data.

    Parameters
    ----------
    headline, curve
        What the curve is made from, and the curve.
    findings
        What is known of the runs: a peak over runs that are not equilibrated has no interval.
    bootstraps, seed
        Number of resamples, and their seed.
    """
    found = [
        _Resampled(peak, peak_errors(headline, curve, peak, n=bootstraps, generator=np.random.default_rng(seed)))
        for peak in find_peaks(headline.grid_K, curve, headline.n_atoms)
    ]
    highest = max(found, key=lambda one: one.peak.height_over_c0, default=None)
    deviations = rung_deviations(headline.solved)
    checks = _checks(headline, highest, deviations)
    failed = about_checks(checks)
    reasons = {id(one): _reasons(headline, one, findings, failed) for one in found}
    errors = None if highest is None else highest.errors
    return Verdict(
        melting=None if highest is None else highest.peak,
        intervals=Intervals() if highest is None else _given(highest, reasons[id(highest)]),
        peaks=tuple(_maximum(one, reasons[id(one)]) for one in found),
        band=curve_band(headline, curve, errors, n=bootstraps, generator=np.random.default_rng(seed)),
        checks=checks,
        findings=(*failed, *([] if highest is None else reasons[id(highest)])),
        rung_deviations=deviations.standard_errors,
        error_shares=None if errors is None else _shares(headline, errors),
    )


def _shares(headline: Headline, errors: PeakErrors) -> Array | None:
    parts = errors.slow.contributions(headline.solved.pool.N_k)
    return parts / parts.sum() if parts.sum() > 0 else None


def _checks(headline: Headline, highest: _Resampled | None, deviations: RungDeviations) -> tuple[Check, ...]:
    checks = [check_rungs(headline.solved.pool.temperatures_K, deviations)]
    if highest is not None and highest.errors is not None:
        checks.append(check_halves(headline, highest.peak, highest.errors.slow.values))
        checks.append(check_replicas(headline.solved, highest.errors.slow.values))
        checks.append(check_starts(headline.solved, highest.errors.slow.values))
    return tuple(check for check in checks if check is not None)


def _reasons(
    headline: Headline, found: _Resampled, findings: Sequence[Finding], failed: Sequence[Finding]
) -> list[Finding]:
    """Say why a peak has no intervals, if it has none."""
    doubted = {finding.temperature_K for finding in findings if finding.code == "not_equilibrated"}
    under = [T for T in rungs_under(headline.solved.pool.temperatures_K, found.peak) if T in doubted]
    return about_peak(found.peak, found.errors, under, failed)


def _given(found: _Resampled, reasons: Sequence[Finding]) -> Intervals:
    return Intervals() if reasons or found.errors is None else found.errors.intervals


def _maximum(found: _Resampled, reasons: Sequence[Finding]) -> Maximum:
    intervals, peak = _given(found, reasons), found.peak
    return Maximum(peak.temperature_K, peak.height_over_c0, intervals.temperature_K, intervals.height_over_c0)
