"""The melting temperature by the jumps of a study's runs, beside that of MBAR."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from deckgen.analysis.courses import courses, smoothed
from deckgen.analysis.crossings import Crossings
from deckgen.analysis.jumps.branches import Branches, measure_branches
from deckgen.analysis.jumps.quenches import Quenches, without_defects
from deckgen.analysis.jumps.rates import Bounds, JumpFit, RungJumps, fit_jumps
from deckgen.analysis.jumps.stays import Stay, stays_of
from deckgen.analysis.melting import Peak
from deckgen.analysis.production import Production
from deckgen.findings import Finding
from deckgen.units import KB_EV_K

__all__ = ["JumpMelting", "RungRates", "about_jumps", "find_stays", "melting_by_jumps"]

Interval = tuple[float, float]

NEAR = 0.8, 1.25
"""Of the peak's temperature: rungs that count. Further away solids melt at once, and liquids become glasses."""

FEWEST_KT = 10.0
"""Of kT: two states that differ by less are no phases, and their heat capacity peaks far from where both are as likely.

The transition of two states is 4 kT/L of its temperature wide.
"""

MODEL = 0.01
"""Part of the peak's temperature that stays too short to be seen, and the rates' form, may cost beside the chance."""

RESOLVED = 4.0
"""Of the smoothing time: where stays are shorter in the mean, many are not seen, and the rung is left out."""


@dataclass(frozen=True)
class RungRates:
    """Jumps and rates of one rung.

    Parameters
    ----------
    temperature_K
        The rung.
    melts, freezings
        Jumps of all its runs.
    solid_ps, liquid_ps
        Time that they spent in either phase.
    melting_per_ps, freezing_per_ps
        The rates that explain the jumps of all rungs best; None where these leave the melting temperature open.
    """

    temperature_K: float
    melts: int
    freezings: int
    solid_ps: float
    liquid_ps: float
    melting_per_ps: float | None = None
    freezing_per_ps: float | None = None


@dataclass(frozen=True)
class JumpMelting:
    """The melting temperature that explains all melts and freezings best.

    Parameters
    ----------
    temperature_K
        Where the free energies of the two phases are equal; None where all jumps go one way: they only bound it.
    ci95_K
        Its 95 % interval; None for a side on which it is open.
    peak_K, peak_ci95_K
        Where the heat capacity of two such phases is highest, to be compared with that of MBAR: a little below.
    latent_heat_eV
        <U>_l - <U>_s at the peak.
    rungs
        Those that count: from 0.8 to 1.25 times the peak's temperature, and stays of either phase are long enough to be
        seen.
    defective_stays
        In solids other than the lowest, by the quenches of their frames; left out.
    """

    temperature_K: float | None
    ci95_K: Bounds
    peak_K: float | None
    peak_ci95_K: Bounds
    latent_heat_eV: float
    rungs: tuple[RungRates, ...]
    defective_stays: int = 0

    def excludes(self, temperature_K: float) -> bool:
        """Return whether a peak at a temperature is outside the interval, by more than the model may be wrong."""
        low, high = self.peak_ci95_K
        below = low is not None and temperature_K < low * (1 - MODEL)
        return below or (high is not None and temperature_K > high * (1 + MODEL))


def melting_by_jumps(
    productions: Sequence[Production],
    crossings: Crossings | None,
    peak: Peak | None,
    n_atoms: int,
    quenches: Quenches | None = None,
) -> JumpMelting | None:
    """Return the melting temperature by the jumps of all runs, from their first row on.

    Parameters
    ----------
    productions
        The runs.
    crossings
        What tells the two phases from one another.
    peak
        The highest peak.
    n_atoms
        Atoms in the cluster.
    quenches
        What frames of the runs were quenched to: stays in solids other than the lowest are then left out.

    Returns
    -------
    JumpMelting or None
        None where the two phases are not told from one another or differ little, no run has been in both, or all
        exchanged configurations.
    """
    if crossings is None or peak is None:
        return None
    low, high = (factor * peak.temperature_K for factor in NEAR)
    near = [stay for stay in find_stays(productions, crossings, peak, n_atoms) if low <= stay.run.temperature_K <= high]
    stays = without_defects(near, quenches or {}, peak.temperature_K)
    branches = measure_branches(stays, crossings.smoothing_ps, peak.temperature_K, n_atoms)
    if branches is None or branches.latent_heat_eV(peak.temperature_K) < FEWEST_KT * KB_EV_K * peak.temperature_K:
        return None
    rungs = _count(stays)
    fit = fit_jumps(rungs, branches)
    resolved = _resolved(fit, rungs, RESOLVED * crossings.smoothing_ps)
    if sum(rung.melts + rung.freezings for rung in resolved) and len(resolved) < len(rungs):
        rungs, fit = resolved, fit_jumps(resolved, branches)
    return None if fit is None else _assemble(fit, branches, rungs, peak, len(near) - len(stays))


def _resolved(fit: JumpFit | None, rungs: Sequence[RungJumps], shortest_ps: float) -> list[RungJumps]:
    """Return the rungs where both phases last long enough, by the rates of all, for their stays to be seen."""
    if fit is None or fit.melting_per_ps is None or fit.freezing_per_ps is None:
        return list(rungs)
    rates = zip(rungs, fit.melting_per_ps, fit.freezing_per_ps, strict=True)
    return [rung for rung, *both in rates if max(both) * shortest_ps <= 1]


def find_stays(productions: Sequence[Production], crossings: Crossings, peak: Peak, n_atoms: int) -> list[Stay]:
    """Return the stays of all runs that exchanged nothing, by the core sets with which their crossings were counted."""
    edges = crossings.solid_below_eV, crossings.liquid_above_eV
    return [
        stay
        for course in courses(productions, peak.temperature_K, n_atoms)
        if course.walker is None
        for stay in stays_of(course.run, smoothed(course.energies_eV, course.rows(crossings.smoothing_ps)), *edges)
    ]


def about_jumps(jumps: JumpMelting | None, peak: Peak | None, interval_K: Interval | None) -> list[Finding]:
    """Say if MBAR's peak and that by the jumps disagree: each lies outside the other's interval, if it has one."""
    if jumps is None or peak is None or peak.at_edge or not jumps.excludes(peak.temperature_K):
        return []
    if interval_K is not None and jumps.peak_K is not None and interval_K[0] <= jumps.peak_K <= interval_K[1]:
        return []
    message = (
        f"the melts and freezings put the peak {_in_words(jumps)}, MBAR at {peak.temperature_K:.1f} K. "
        "MBAR takes what it was given for equilibrium; where few runs come back, it says more of their starts. Trust "
        "neither before longer runs make them agree"
    )
    return [Finding("jumps_disagree", message, peak.temperature_K)]


def _in_words(jumps: JumpMelting) -> str:
    low, high = jumps.peak_ci95_K
    ends = {"above": low, "below": high}
    if low is not None and high is not None:
        ends = {"between": low, "and": high}
    return " ".join(f"{word} {value:.1f} K" for word, value in ends.items() if value is not None)


def _count(stays: Sequence[Stay]) -> list[RungJumps]:
    """Return what the runs of each rung did."""
    found = []
    for T in sorted({stay.run.temperature_K for stay in stays}):
        own = [stay for stay in stays if stay.run.temperature_K == T]
        jumps = [stay for stay in own if stay.by_jump]
        melts = sum(stay.liquid for stay in jumps)
        times = [sum(stay.length_ps for stay in own if stay.liquid == liquid) for liquid in (False, True)]
        found.append(RungJumps(T, melts, len(jumps) - melts, times[0], times[1]))
    return found


def _assemble(
    fit: JumpFit, branches: Branches, rungs: Sequence[RungJumps], peak: Peak, defective_stays: int
) -> JumpMelting:
    rates: Iterable[tuple[float | None, float | None]] = [(None, None)] * len(rungs)
    if fit.melting_per_ps is not None and fit.freezing_per_ps is not None:
        rates = zip(fit.melting_per_ps, fit.freezing_per_ps, strict=True)
    low, high = fit.ci95_K
    return JumpMelting(
        temperature_K=fit.melting_K,
        ci95_K=fit.ci95_K,
        peak_K=_peak_K(branches, fit.melting_K),
        peak_ci95_K=(_peak_K(branches, low), _peak_K(branches, high)),
        latent_heat_eV=float(branches.latent_heat_eV(peak.temperature_K)),
        rungs=tuple(
            RungRates(rung.temperature_K, rung.melts, rung.freezings, rung.solid_ps, rung.liquid_ps, *own)
            for rung, own in zip(rungs, rates, strict=True)
        ),
        defective_stays=defective_stays,
    )


def _peak_K(branches: Branches, melting_K: float | None) -> float | None:
    return None if melting_K is None else branches.peak_K(melting_K)
