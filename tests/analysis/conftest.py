"""Systems whose thermodynamics is known exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from deckgen.units import KB_EV_K

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TwoBasins:
    """A cluster with two harmonic basins, the upper one of higher entropy: C_v has one exactly known peak.

    With 3N - 6 vibrations the potential energy in a basin follows a gamma distribution, and the upper basin is
    populated as r/(1 + r) with r = weight exp(-gap (1/kT - 1/kTm)). A gap of zero makes it one harmonic basin.
    """

    n_atoms: int = 13
    gap_eV: float = 0.5
    tm_K: float = 250.0
    weight: float = 1.0

    @property
    def shape(self) -> float:
        return (3 * self.n_atoms - 6) / 2

    def upper(self, T: Array) -> Array:
        return np.asarray(expit(np.log(self.weight) - self.gap_eV / KB_EV_K * (1 / T - 1 / self.tm_K)))

    def sample(self, T: float, n: int, rng: np.random.Generator) -> Array:
        in_upper = rng.random(n) < self.upper(np.array(T))
        return rng.gamma(self.shape, KB_EV_K * T, n) + self.gap_eV * in_upper

    def trajectory(self, T: float, n: int, relaxation: float, rng: np.random.Generator) -> Array:
        """Energies of a run from the lower basin that jumps between the two, relaxing in so many samples."""
        jumps = rng.random(n)
        rate, upper = -np.expm1(-1 / relaxation), float(self.upper(np.array(T)))
        state, states = False, np.empty(n, dtype=bool)
        for i, jump in enumerate(jumps):
            state = jump >= rate * (1 - upper) if state else jump < rate * upper
            states[i] = state
        return rng.gamma(self.shape, KB_EV_K * T, n) + self.gap_eV * states

    def exchange(self, ladder: Array, n: int, relaxation: float, rng: np.random.Generator) -> Array:
        """Energies (K, n) of the rungs of a ladder whose neighbours swap at every sample; from the lower basin."""
        kT, rate, k = KB_EV_K * ladder, -np.expm1(-1 / relaxation), np.arange(len(ladder))
        upper, states, energies = self.upper(ladder), np.zeros(len(ladder), dtype=bool), np.empty((len(ladder), n))
        for i in range(n):
            states = np.where(rng.random(len(k)) < rate, rng.random(len(k)) < upper, states)
            energies[:, i] = rng.gamma(self.shape, kT) + self.gap_eV * states
            low = k[i % 2 : -1 : 2]
            exponent = (1 / kT[low] - 1 / kT[low + 1]) * (energies[low, i] - energies[low + 1, i])
            low = low[np.log(rng.random(len(low))) < exponent]
            states[low], states[low + 1] = states[low + 1], states[low]
        return energies

    def energy(self, T: Array) -> Array:
        return self.shape * KB_EV_K * T + self.gap_eV * self.upper(T)

    def heat_capacity_over_c0(self, T: Array) -> Array:
        p = self.upper(T)
        potential = self.shape + p * (1 - p) * (self.gap_eV / (KB_EV_K * T)) ** 2
        return ((3 * self.n_atoms - 3) / 2 + potential) / (3 * self.n_atoms - 4.5)


@pytest.fixture
def two_basins() -> TwoBasins:
    return TwoBasins()


@pytest.fixture
def jumping_basins() -> TwoBasins:
    """Much like Na55."""
    return TwoBasins(n_atoms=55, gap_eV=0.45, tm_K=170.0)


@pytest.fixture
def harmonic() -> TwoBasins:
    return TwoBasins(gap_eV=0.0)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20240607)


@pytest.fixture
def ladder() -> Array:
    return np.linspace(150.0, 350.0, 9)
