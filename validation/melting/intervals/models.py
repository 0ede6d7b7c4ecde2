"""Clusters with a few harmonic basins: their energies, and their heat capacity, exactly.

In a basin the potential energy of 3N - 6 vibrations follows a gamma distribution; between basins the cluster jumps as a
Markov chain whose stationary distribution is the canonical one. The energies of successive samples are independent, or
follow a damped vibration with the same distribution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import gammaincinv, ndtr

from deckgen.units import KB_EV_K

__all__ = ["N_ATOMS", "THREE_BASINS", "TWO_BASINS", "Basins", "chain"]

Array = NDArray[np.float64]

N_ATOMS = 55
SHAPE = (3 * N_ATOMS - 6) / 2

PERIOD = DECAY = 10
"""Of the vibration, in samples."""

_NORMAL = np.linspace(-6, 6, 4001)
_GAMMA = gammaincinv(SHAPE, ndtr(_NORMAL))


@dataclass(frozen=True)
class Basins:
    """Basins of the same vibrations.

    Parameters
    ----------
    energies_eV
        Of their minima.
    entropies_kB
        Logarithms of their numbers.
    """

    energies_eV: tuple[float, ...]
    entropies_kB: tuple[float, ...]

    def populations(self, T: Array | float) -> Array:
        """Return the canonical populations (..., basins)."""
        beta = 1 / (KB_EV_K * np.asarray(T, dtype=float))
        exponent = np.array(self.entropies_kB) - np.array(self.energies_eV) * beta[..., None]
        weights = np.exp(exponent - exponent.max(axis=-1, keepdims=True))
        return np.asarray(weights / weights.sum(axis=-1, keepdims=True))

    def heat_capacity_over_c0(self, T: Array) -> Array:
        """Return the exact curve."""
        populations, energies = self.populations(T), np.array(self.energies_eV)
        variance = populations @ energies**2 - (populations @ energies) ** 2
        return ((3 * N_ATOMS - 3) / 2 + SHAPE + variance / (KB_EV_K * T) ** 2) / (3 * N_ATOMS - 4.5)

    def run(
        self, T: float, n: int, rng: np.random.Generator, *, relaxation: float, start: int | None, vibration: bool
    ) -> Array:
        """Return the energies of a run of n samples; jumps between basins relax in so many samples."""
        basin = chain(self.populations(T), relaxation, n, rng, start)
        return vibrational(T, n, rng, vibration=vibration) + np.array(self.energies_eV)[basin]

    def ladder(self, rungs_K: Array, n: int, rng: np.random.Generator, *, relaxation: float, start: int) -> Array:
        """Return the energies (K, n) of rungs whose neighbours swap configurations at every sample."""
        kT, k = KB_EV_K * rungs_K, np.arange(len(rungs_K))
        populations = np.cumsum(self.populations(rungs_K), axis=1)
        states, energies = np.full(len(k), start), np.empty((len(k), n))
        for i in range(n):
            drawn = (rng.random(len(k))[:, None] > populations).sum(axis=1)
            states = np.where(rng.random(len(k)) < -np.expm1(-1 / relaxation), drawn, states)
            energies[:, i] = rng.gamma(SHAPE, kT) + np.array(self.energies_eV)[states]
            low = k[i % 2 : -1 : 2]
            exponent = (1 / kT[low] - 1 / kT[low + 1]) * (energies[low, i] - energies[low + 1, i])
            low = low[np.log(rng.random(len(low))) < exponent]
            states[low], states[low + 1] = states[low + 1], states[low]
        return energies


def vibrational(T: float, n: int, rng: np.random.Generator, *, vibration: bool) -> Array:
    """Return the energies of the vibrations, independent or those of a damped one."""
    if not vibration:
        return rng.gamma(SHAPE, KB_EV_K * T, n)
    return np.asarray(np.interp(_damped(n, rng), _NORMAL, _GAMMA) * KB_EV_K * T)


def _damped(n: int, rng: np.random.Generator) -> Array:
    """Return x_t = 2 r cos(w) x_(t-1) - r^2 x_(t-2) + noise, of unit variance."""
    r, w = np.exp(-1 / DECAY), 2 * np.pi / PERIOD
    warm_up = 20 * DECAY
    series = lfilter([1.0], [1.0, -2 * r * np.cos(w), r**2], rng.standard_normal(n + warm_up))[warm_up:]
    variance = (1 + r**2) / (1 - r**2) / ((1 + r**2) ** 2 - (2 * r * np.cos(w)) ** 2)
    return np.asarray(series / np.sqrt(variance))


def chain(
    populations: Array, relaxation: float, n: int, rng: np.random.Generator, start: int | None = None
) -> NDArray[np.int_]:
    """Return n states of a Markov chain that forgets its state in `relaxation` samples; zero: at every sample.

    After a time drawn anew for each stay, the next state is drawn from the populations.
    """
    if relaxation == 0:
        return rng.choice(len(populations), p=populations, size=n)
    states = np.empty(n, dtype=int)
    state, at = rng.choice(len(populations), p=populations) if start is None else start, 0
    while at < n:
        stay = rng.geometric(-np.expm1(-1 / relaxation))
        states[at : at + stay] = state
        at, state = at + stay, rng.choice(len(populations), p=populations)
    return states


def _transition(T: float, gap_eV: float) -> tuple[float, float]:
    """Return energy and entropy of a basin that is as likely at T as one `gap_eV` below."""
    return gap_eV, gap_eV / (KB_EV_K * T)


_FIRST, _SECOND = _transition(160.0, 0.22), _transition(176.0, 0.28)

TWO_BASINS = Basins(*zip((0.0, 0.0), _transition(170.0, 0.45), strict=True))
"""Much like Na55 with the Gupta potential: it melts near 170 K."""

THREE_BASINS = Basins(
    (0.0, _FIRST[0], _FIRST[0] + _SECOND[0]),
    (0.0, _FIRST[1], _FIRST[1] + _SECOND[1]),
)
"""It premelts at 160 K, and melts at 176 K."""
