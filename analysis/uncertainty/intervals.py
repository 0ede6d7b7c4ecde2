"""Intervals of peaks and of the curve: the estimate less its bias, and Student's t times its error, by resampling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from deckgen.analysis.headline import Headline
from deckgen.analysis.melting import Peak, peak_slopes, quantity_near
from deckgen.analysis.results import Interval, Intervals
from deckgen.analysis.uncertainty.modes import Mode, find_mode, jump_part
from deckgen.analysis.uncertainty.resampling import remainder, resampled_curves

__all__ = ["PeakErrors", "curve_band", "peak_errors", "rungs_under"]

Array = NDArray[np.float64]
SUMMIT = ("temperature_K", "height_over_c0")

LEVEL = 0.95

ENOUGH = 0.8
"""Fraction of the resamples that must show a quantity for its interval to mean something.

Not more: a width would be given where the peak happened to be narrow, and withheld where it was as wide as it is.
"""

FREEDOM = 0.5
"""Degrees of freedom of an error for each fluctuation of the mode that makes it.

Two over the relative variance of a spectral density, four in the number of fluctuations: Priestley, Spectral Analysis
and Time Series (Academic Press, 1981), section 6.2.
"""

LEAST_FREEDOM = 5
"""Degrees of freedom, at least: of fewer, Student's t is wider than the estimates scatter.

By model studies whose seeds are not those of `validation.melting.intervals`.
"""


@dataclass(frozen=True, eq=False)
class PeakErrors:
    """What resampling says of a peak.

    Parameters
    ----------
    intervals
        95 %; None where too many resamples lack the quantity.
    slow
        The mode of the peak's temperature.
    n_independent
        Independent samples of it at the rungs that make the peak.
    n_carrying
        Kish's number of the independent samples that carry the weight at the peak: between rungs that hardly overlap a
        few do, whatever the runs' lengths.
    known
        Whether the correlation is known there.
    curves : (B, G)
        Resampled curves.
    """

    intervals: Intervals
    slow: Mode
    n_independent: float
    n_carrying: float
    known: bool
    curves: Array


def peak_errors(
    headline: Headline, curve: Array, peak: Peak, *, n: int, generator: np.random.Generator
) -> PeakErrors | None:
    """Resample the runs for the quantities of a peak of the curve (G,); None at an edge, or without resamples."""
    if peak.at_edge or n == 0:
        return None
    solved, N_k = headline.solved, headline.solved.pool.N_k
    slopes = peak_slopes(headline.grid_K, curve, headline.n_atoms, peak.temperature_K)
    influences = {name: slope @ headline.influence for name, slope in slopes.items()}
    divide_eV = float(solved.averages(np.array([peak.temperature_K]), solved.counts[:, None]).mean_eV[0, 0])
    slow = find_mode(solved, np.tile(influences["temperature_K"], (len(N_k), 1)), divide_eV=divide_eV)
    jumps = find_mode(solved, jump_part(solved, slow.values, divide_eV), divide_eV=divide_eV)
    others = {name: influence for name, influence in influences.items() if name != SUMMIT[0]}
    rests = {name: remainder(solved, influence, jumps, divide_eV) for name, influence in others.items()}
    resampled = {name: _resample(headline, jumps, rest, n, generator) for name, rest in rests.items()}
    # the temperature is all but a matter of the jumps, and every set of resamples carries them
    resampled[SUMMIT[0]], rests[SUMMIT[0]] = resampled[SUMMIT[1]], None
    carrying = solved.effective_number(np.array([peak.temperature_K]), headline.sample_weights)
    return PeakErrors(
        intervals=Intervals(
            **{name: _interval(headline, resampled[name], peak, name, (jumps, rests[name])) for name in resampled}
        ),
        slow=slow,
        n_independent=slow.independent_near(N_k),
        n_carrying=float(carrying[0]),
        known=slow.known(N_k),
        curves=resampled[SUMMIT[1]],
    )


def _resample(headline: Headline, slow: Mode, rest: Mode | None, n: int, generator: np.random.Generator) -> Array:
    return resampled_curves(
        headline.solved,
        headline.grid_K,
        headline.n_atoms,
        headline.node_weights,
        slow,
        rest,
        n=n,
        generator=generator,
    )


def _interval(
    headline: Headline, curves: Array, peak: Peak, name: str, modes: tuple[Mode, Mode | None]
) -> Interval | None:
    grid_K, n_atoms, near_K = headline.grid_K, headline.n_atoms, peak.temperature_K
    found = (quantity_near(grid_K, curve, n_atoms, near_K, name) for curve in curves)
    values = np.array([value for value in found if value is not None])
    if len(values) < ENOUGH * len(curves):
        return None
    # resamples lie as far from the estimate, on average, as the estimate from the truth
    centre = 2 * float(getattr(peak, name)) - float(values.mean())
    slow, rest = modes
    N_k = headline.solved.pool.N_k
    error, freedom = float(values.std()), FREEDOM * slow.fluctuations_near(N_k)
    if rest is not None and error > 0:
        alone = rest.error(N_k)
        error = max(error, alone)  # the resamples are few, and their tails end
        share = (alone / error) ** 2
        freedom = 1 / ((1 - share) / freedom + share / (FREEDOM * rest.fluctuations_near(N_k)))  # Satterthwaite
    reach = _student(freedom) * error
    return centre - reach, centre + reach


def _student(freedom: float) -> float:
    """Return Student's t of a 95 % interval."""
    return float(stdtrit(max(freedom, LEAST_FREEDOM), (1 + LEVEL) / 2))  # scipy.stats is slow to import


def curve_band(
    headline: Headline, curve: Array, errors: PeakErrors | None, *, n: int, generator: np.random.Generator
) -> Array | None:
    """Return the 95 % band (G, 2) of the curve (G,), by the resamples of its peak, or else of its highest point."""
    if n == 0:
        return None
    if errors is None:
        top = headline.influence[int(np.argmax(curve))]
        N_k = headline.solved.pool.N_k
        slow = find_mode(headline.solved, np.tile(top, (len(N_k), 1)))
        curves = _resample(headline, slow, None, n, generator)
    else:
        slow, curves = errors.slow, errors.curves
    centre = 2 * curve - curves.mean(axis=0)
    fluctuations = slow.fluctuations_near(headline.solved.pool.N_k)
    reach = _student(FREEDOM * fluctuations) * curves.std(axis=0)
    return np.stack([centre - reach, centre + reach], axis=1)


def rungs_under(temperatures_K: Array, peak: Peak) -> list[float]:
    """Return the rungs that make a peak: the two next to it, and those within its width."""
    above = int(np.clip(np.searchsorted(temperatures_K, peak.temperature_K), 1, len(temperatures_K) - 1))
    near = np.abs(temperatures_K - peak.temperature_K) <= (peak.fwhm_K or 0) / 2
    near[above - 1 : above + 1] = True
    return [float(T) for T in temperatures_K[near]]
