"""Melts and freezings: how often each run went from solid to liquid and back, by its potential energy.

Averages over the two phases are known as well as their jumps are counted, however many rows lie between two of them.

The two phases are core sets of the smoothed energy: a run is in the phase whose core it was in last, and crosses when
it reaches the other core, not when it grazes what divides them (Buchete and Hummer, J. Phys. Chem. B 112, 6057 (2008)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.courses import Course, courses, rows_in, smoothed
from deckgen.analysis.melting import Peak
from deckgen.analysis.production import Production
from deckgen.findings import Finding
from deckgen.samples import TimeSeries
from deckgen.units import KB_EV_K

__all__ = [
    "Crossings",
    "RunCrossings",
    "WalkerCrossings",
    "about_crossings",
    "count_crossings",
    "count_jumps",
    "uncertainty_K",
]

Array = NDArray[np.float64]

CORE = 0.25
"""Of the latent heat: from the middle to the edge of either core, half way to the mean energy of the phase."""

NOISE = 1 / 6
"""Of the latent heat: what is left of the vibrations. The other core is then 4.5 standard deviations away."""

FEWEST_RETURNS = 20
"""Jumps in each direction, from which the ratio of two phases is known to a third."""

LONGEST = 0.1
"""Of the shortest run: energies are not smoothed over more."""

SIGMA_BELOW, SIGMA_ABOVE = 0.1587, 0.8413
"""Quantiles of a normal distribution one standard deviation below and above its middle."""


@dataclass(frozen=True)
class RunCrossings:
    """How often one run crossed.

    Parameters
    ----------
    temperature_K, replica
        The run.
    melts, freezings
        From solid to liquid, and back; of the lowest solid alone where frames were quenched.
    defective_freezings
        Into other solids, by the quenches of their frames: not among the freezings.
    """

    temperature_K: float
    replica: int
    melts: int
    freezings: int
    defective_freezings: int = 0


@dataclass(frozen=True)
class WalkerCrossings:
    """How often one configuration of a ladder crossed, on its way through the rungs.

    Parameters
    ----------
    ladder, walker
        Its ladder, and its number there.
    melts, freezings
        From solid to liquid, and back.
    """

    ladder: int
    walker: int
    melts: int
    freezings: int


@dataclass(frozen=True)
class Crossings:
    """How often the runs crossed between the two sides of the highest peak.

    Parameters
    ----------
    solid_below_eV, liquid_above_eV
        Edges of the core sets at the peak's temperature; at other rungs they move with the vibrational energy.
    smoothing_ps
        The energies are running means over this time.
    runs
        One per run, in order of temperature, then replica; those of ladders that exchanged configurations are not
        among them.
    walkers
        One per configuration of such ladders.
    """

    solid_below_eV: float
    liquid_above_eV: float
    smoothing_ps: float
    runs: tuple[RunCrossings, ...]
    walkers: tuple[WalkerCrossings, ...] = ()

    @property
    def n_returns(self) -> int:
        """How often runs went to the other phase and came back: what a run's start decides is not counted."""
        counted: tuple[RunCrossings | WalkerCrossings, ...] = (*self.runs, *self.walkers)
        return sum(min(one.melts, one.freezings) for one in counted)

    def at(self, temperature_K: float) -> tuple[int, int]:
        """Return melts and freezings of all runs of a rung."""
        runs = [run for run in self.runs if run.temperature_K == temperature_K]
        return sum(run.melts for run in runs), sum(run.freezings for run in runs)

    def defective_at(self, temperature_K: float) -> int:
        """Return how often the runs of a rung froze to another solid than the lowest."""
        return sum(run.defective_freezings for run in self.runs if run.temperature_K == temperature_K)

    @property
    def n_defective(self) -> int:
        """How often all runs froze to another solid than the lowest."""
        return sum(run.defective_freezings for run in self.runs)


def count_crossings(
    productions: Sequence[Production], peak: Peak | None, temperatures_K: Array, mean_eV: Array, n_atoms: int
) -> Crossings | None:
    """Count the melts and freezings of all runs, from their first row on.

    The phases lie half of the latent heat above and below the mean energy at the peak.

    Parameters
    ----------
    productions
        The runs, ordered by temperature.
    peak
        The highest peak; None where there is none.
    temperatures_K, mean_eV : (G,)
        Grid, and the canonical <U> on it.
    n_atoms
        Atoms in the cluster.

    Returns
    -------
    Crossings or None
        None without a peak inside the ladder, and where energies do not tell two phases from one another: vibrations
        are as large as the latent heat, or the phases change faster than vibrations average out. None also where rungs
        exchanged configurations and it is not known which: a rung's rows are then of many.
    """
    if any(run.series.ladder is not None and run.series.walkers is None for run in productions):
        return None
    if peak is None or peak.latent_heat_eV is None or not peak.latent_heat_eV > 0:
        return None
    smoothing_ps = _smoothing_ps(productions, peak)
    if smoothing_ps is None:
        return None
    middle_eV = float(np.interp(peak.temperature_K, temperatures_K, mean_eV))
    edges = middle_eV - CORE * peak.latent_heat_eV, middle_eV + CORE * peak.latent_heat_eV
    found = [_count(course, smoothing_ps, edges) for course in courses(productions, peak.temperature_K, n_atoms)]
    if not _told_apart(found, peak):
        return None
    runs, walkers = list[RunCrossings](), list[WalkerCrossings]()
    for one in found:
        if one.walker is None or one.run.ladder is None:
            runs.append(RunCrossings(one.run.temperature_K, one.run.replica, *one.jumps))
        else:
            walkers.append(WalkerCrossings(one.run.ladder, one.walker, *one.jumps))
    return Crossings(*edges, smoothing_ps, tuple(runs), tuple(walkers))


def count_jumps(values: Array, low: float, high: float) -> tuple[int, int]:
    """Return how often a series (n,) went from `low` or below to `high` or above, and back."""
    visits = np.where(values <= low, -1, np.where(values >= high, 1, 0))
    steps = np.diff(visits[visits != 0])
    return int((steps > 0).sum()), int((steps < 0).sum())


def uncertainty_K(peak: Peak, n_returns: int) -> float:
    """Return the standard error of the melting temperature that the number of jumps alone leaves.

    ln K of the two phases is known to sqrt(2/n) from n jumps in each direction, and changes by L/(k_B T^2) per kelvin.
    """
    slope = (peak.latent_heat_eV or 0.0) / (KB_EV_K * peak.temperature_K**2)
    return float(np.sqrt(2 / n_returns) / slope) if n_returns and slope else float("inf")


def about_crossings(crossings: Crossings | None, peak: Peak | None) -> list[Finding]:
    """Say if the runs went from one side of the peak to the other too rarely."""
    if crossings is None or peak is None or crossings.n_returns >= FEWEST_RETURNS:
        return []
    n, T = crossings.n_returns, peak.temperature_K
    leaves = (
        f"they alone leave it uncertain by {uncertainty_K(peak, n):.2g} K"
        if n
        else "without any it lies where the starts of the runs have put it"
    )
    message = (
        f"the runs went from solid to liquid and back {n} times in all, fewer than {FEWEST_RETURNS}: the peak at "
        f"{T:.1f} K is known as well as these jumps are counted, however many the samples; {leaves}. Longer runs or "
        "more replicas near it will bring more, above it more than below"
    )
    if crossings.n_defective:
        message += f". Not counted: {crossings.n_defective} freezings into other solids than the lowest"
    return [Finding("few_crossings", message, T)]


@dataclass(frozen=True, eq=False)
class _Counted:
    """A course, the melts and freezings in it, and how many of its n smoothed energies lie in a core."""

    run: TimeSeries
    walker: int | None
    jumps: tuple[int, int]
    in_cores: int
    n: int


def _count(course: Course, smoothing_ps: float, edges: tuple[float, float]) -> _Counted:
    values = smoothed(course.energies_eV, course.rows(smoothing_ps))
    in_cores = int(((values <= edges[0]) | (values >= edges[1])).sum())
    return _Counted(course.run, course.walker, count_jumps(values, *edges), in_cores, len(values))


def _told_apart(found: Sequence[_Counted], peak: Peak) -> bool:
    """Return whether what is near the peak is in one core or the other most of the time.

    Of runs those of the two rungs nearest to it, and all walkers.
    """
    kelvins = {one.run.temperature_K for one in found if one.walker is None}
    near = sorted(kelvins, key=lambda T: abs(T - peak.temperature_K))[:2]
    counted = [one for one in found if one.walker is not None or one.run.temperature_K in near]
    return 2 * sum(one.in_cores for one in counted) >= sum(one.n for one in counted)


def _smoothing_ps(productions: Sequence[Production], peak: Peak) -> float | None:
    """Return the shortest time over which the vibrations at the ends of the ladder average out; None if too long."""
    kelvins = [run.series.temperature_K for run in productions]
    solid, liquid = (
        [run for run in productions if run.series.temperature_K == T] for T in (min(kelvins), max(kelvins))
    )
    allowed = NOISE * (peak.latent_heat_eV or 0.0) / peak.temperature_K
    smoothing = min(run.series.interval_ps for run in productions)
    while smoothing <= LONGEST * min(run.n * run.series.interval_ps for run in productions):
        low = np.concatenate([smoothed(run.energies_eV, rows_in(run.series, smoothing)) for run in solid])
        high = np.concatenate([smoothed(run.energies_eV, rows_in(run.series, smoothing)) for run in liquid])
        # the side away from the other phase: a rare visit to it is no vibration
        below, above = np.median(low) - np.quantile(low, SIGMA_BELOW), np.quantile(high, SIGMA_ABOVE) - np.median(high)
        if max(below / min(kelvins), above / max(kelvins)) <= allowed:
            return smoothing
        smoothing *= 2
    return None
