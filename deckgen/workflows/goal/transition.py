"""Where a pilot shows the transition: by its heat capacity where both starts agree, by the starts where they do not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.melting import Peak
from deckgen.samples import Samples, TimeSeries
from deckgen.units import KB_EV_K

__all__ = ["Transition", "find_transition"]

Array = NDArray[np.float64]

BELOW, ABOVE = 0.87, 1.21
"""Of the melting temperature: where rungs tell most of a sharp transition.

Measured for Na55 with the Gupta potential: above it runs forget where they began much faster, and tell as much.
"""

OVERHEATED = 1.08
"""A solid goes on for some tens of picoseconds up to about this multiple of its melting temperature."""

WIDE = 0.6
"""Of the width at half height: how far rungs go on either side of a broad peak."""

BROAD = 0.4
"""Of the peak's temperature: how far they go where the curve does not fall to half the height on either side."""


@dataclass(frozen=True)
class Transition:
    """What a pilot shows.

    Parameters
    ----------
    temperature_K
        Where the transition is, roughly.
    low_K, high_K
        Temperatures between which rungs tell of it.
    starts_agree
        Whether runs from the melt and from the solid came to the same energies everywhere.
    """

    temperature_K: float
    low_K: float
    high_K: float
    starts_agree: bool


def find_transition(samples: Samples, peak: Peak | None) -> Transition | None:
    """Find the transition in runs of which every second one began with the melt.

    Parameters
    ----------
    samples
        One run at each rung.
    peak
        The highest peak of their heat capacity.

    Returns
    -------
    Transition or None
        None where both starts agree and there is no peak inside the ladder.
    """
    apart = _apart(samples)
    if not apart.any():
        if peak is None or peak.at_edge:
            return None
        kelvins = [run.temperature_K for run in samples.series]
        return Transition(peak.temperature_K, *_around(peak, min(kelvins), max(kelvins)), starts_agree=True)
    middle_K = _between(samples, apart)
    return Transition(middle_K, BELOW * middle_K, ABOVE * middle_K, starts_agree=False)


def _around(peak: Peak, lowest_K: float, highest_K: float) -> tuple[float, float]:
    """Return the range of a sharp peak, or that of a broad one, which is wider but goes no further than the ladder."""
    T = peak.temperature_K
    reach = BROAD * T if peak.fwhm_K is None else WIDE * peak.fwhm_K
    return min(BELOW * T, max(T - reach, lowest_K)), max(ABOVE * T, min(T + reach, highest_K))


def _apart(samples: Samples) -> NDArray[np.bool_]:
    """Return at which rungs (K,) a run disagrees with its two neighbours, of the other start.

    Where both phases last for as long as the runs, those from the melt lie above those from the solid by more than the
    vibrations fluctuate.
    """
    runs = samples.series
    kelvins, energy, fluctuation = _energies_eV(samples)
    sign = np.where([run.start == "melted" for run in runs], 1.0, -1.0)
    between = np.array([np.interp(kelvins[k], kelvins[[k - 1, k + 1]], energy[[k - 1, k + 1]]) for k in _inner(runs)])
    apart = np.zeros(len(runs), dtype=bool)
    apart[1:-1] = sign[1:-1] * (energy[1:-1] - between) > fluctuation[1:-1]
    return apart


def _energies_eV(samples: Samples) -> tuple[Array, Array, Array]:
    """Return the temperatures (K,), the mean energies of the runs' second halves, and how far vibrations fluctuate."""
    kelvins = np.array([run.temperature_K for run in samples.series])
    energy = np.array([float(run.potential_energy_eV[run.n // 2 :].mean()) for run in samples.series])
    return kelvins, energy, KB_EV_K * kelvins * np.sqrt((3 * samples.n_atoms - 6) / 2)


def _inner(runs: tuple[TimeSeries, ...]) -> range:
    return range(1, len(runs) - 1)


def _between(samples: Samples, apart: NDArray[np.bool_]) -> float:
    """Return the middle between the temperature up to which solids last and the one down to which melts do.

    It is not below what a solid can be overheated from: where no melt has frozen, however cold, or only some that are
    far colder, as liquids freeze late, that alone tells.
    """
    kelvins = np.array([run.temperature_K for run in samples.series])
    melted = np.array([run.start == "melted" for run in samples.series])
    solids, melts = np.flatnonzero(~melted), np.flatnonzero(melted)
    last = _last_solid(samples, solids, apart[solids])
    high_K = float(kelvins[solids[last : last + 2]].mean())
    gone = ~apart[melts] & (kelvins[melts] < high_K)
    if not gone.any():
        return high_K / OVERHEATED
    first = int(np.flatnonzero(gone)[-1])
    return max(float(np.sqrt(high_K * kelvins[melts[first : first + 2]].mean())), high_K / OVERHEATED)


def _last_solid(samples: Samples, solids: NDArray[np.intp], lasting: NDArray[np.bool_]) -> int:
    """Return which of the runs from the solid is the hottest one that is still solid.

    It lies below its neighbours from the melt, or these have frozen: then nothing but vibrations lies between it and a
    colder solid.
    """
    kelvins, energy, fluctuation = (values[solids] for values in _energies_eV(samples))
    last = int(np.flatnonzero(lasting)[-1]) if lasting.any() else 0
    vibrations = KB_EV_K * (3 * samples.n_atoms - 6) / 2 * np.diff(kelvins)
    melts = np.diff(energy) - vibrations > fluctuation[1:]
    return last + int(np.argmax(np.append(melts[last:], True)))
