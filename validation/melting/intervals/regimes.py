"""Regimes of sampling: how many rungs, how often the runs jump, what they start from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deckgen.samples import Samples, TimeSeries
from deckgen.units import KB_EV_K
from validation.melting.intervals.models import N_ATOMS, THREE_BASINS, TWO_BASINS, Basins, chain

__all__ = ["REGIMES", "Regime"]

Array = NDArray[np.float64]

LENGTH, VIBRATING_LENGTH = 2000, 10_000
"""Samples of a run; of a vibration, some 25 are worth one."""

CONFORMERS_EV, CONFORMERS_K = 0.08, 165.0
"""A change of conformation that is as likely as not at this temperature."""


@dataclass(frozen=True)
class Regime:
    """A way of sampling.

    Parameters
    ----------
    name
        In the table.
    switches
        Jumps between solid and liquid, in a run at the melting temperature; 0: every sample is independent.
    rungs_K
        The ladder.
    basins
        The cluster.
    vibration
        Whether successive energies follow a vibration.
    lengths
        Lengths of the runs at each rung, in units of the usual one.
    replicas
        Runs of each rung, which share the usual length among them.
    start
        Basin that every run starts in; None: drawn from the canonical distribution.
    conformers
        Whether a second, slower change of small energy goes on beside.
    approach_eV
        All runs start so far above equilibrium, which they approach over a quarter of their length.
    colder_slower
        Whether jumps take four times as long at the lowest rung and a quarter as long at the highest.
    exchange
        Whether the rungs of each replica, which all start in the lowest basin, exchange configurations.
    """

    name: str
    switches: int
    rungs_K: tuple[float, ...] = (141.0, 154.5, 168.0, 181.5, 195.0)
    basins: Basins = TWO_BASINS
    vibration: bool = False
    lengths: tuple[float, ...] | None = None
    replicas: int = 1
    start: int | None = None
    conformers: bool = False
    approach_eV: float = 0.0
    colder_slower: bool = False
    exchange: bool = False

    @property
    def title(self) -> str:
        """Name with what the energies do in between."""
        return f"{self.name}, vibrating" if self.vibration else self.name

    def samples(self, seed: int) -> Samples:
        """Draw a study."""
        rng = np.random.default_rng(seed)
        if self.exchange:
            return Samples(n_atoms=N_ATOMS, series=tuple(self._ladders(rng)))
        runs = []
        for k, T in enumerate(self.rungs_K):
            for replica in range(self.replicas):
                energies = self._run(k, T, rng)
                times = np.arange(1, len(energies) + 1, dtype=float)
                runs.append(TimeSeries(T, times, energies, replica=replica + 1))
        return Samples(n_atoms=N_ATOMS, series=tuple(runs))

    def _ladders(self, rng: np.random.Generator) -> Iterator[TimeSeries]:
        n, relaxation = LENGTH // self.replicas, LENGTH / (2 * self.switches)
        times = np.arange(1, n + 1, dtype=float)
        for ladder in range(1, self.replicas + 1):
            found = self.basins.ladder(np.array(self.rungs_K), n, rng, relaxation=relaxation, start=0)
            for T, energies in zip(self.rungs_K, found, strict=True):
                yield TimeSeries(T, times, energies, replica=ladder, ladder=ladder)

    def _run(self, k: int, T: float, rng: np.random.Generator) -> Array:
        usual = VIBRATING_LENGTH if self.vibration else LENGTH
        n = round(usual * (self.lengths[k] if self.lengths else 1) / self.replicas)
        # half of the jumps go up: n / switches samples from one to the next, half of that to forget
        relaxation = usual / (2 * self.switches) if self.switches else 0.0
        if self.colder_slower:
            relaxation *= 4 ** np.interp(T, (self.rungs_K[0], self.rungs_K[-1]), (1, -1))
        energies = self.basins.run(T, n, rng, relaxation=relaxation, start=self.start, vibration=self.vibration)
        if self.conformers:
            upper = 1 / (1 + np.exp(-CONFORMERS_EV / KB_EV_K * (1 / CONFORMERS_K - 1 / T)))
            energies += CONFORMERS_EV * chain(np.array([1 - upper, upper]), usual / 15, n, rng)
        return energies + self.approach_eV * np.exp(-np.arange(n) / (usual / 12))

    def heat_capacity_over_c0(self, T: Array) -> Array:
        """Return the exact curve."""
        curve = self.basins.heat_capacity_over_c0(T)
        if not self.conformers:
            return curve
        upper = 1 / (1 + np.exp(-CONFORMERS_EV / KB_EV_K * (1 / CONFORMERS_K - 1 / T)))
        return curve + upper * (1 - upper) * (CONFORMERS_EV / (KB_EV_K * T)) ** 2 / (3 * N_ATOMS - 4.5)


_PLAIN = (
    Regime("uncorrelated", 0),
    Regime("100 switches a run", 100),
    Regime("20 switches a run", 20),
    Regime("5 switches a run", 5),
    Regime("three rungs", 20, rungs_K=(154.5, 168.0, 181.5)),
    Regime("poor overlap", 20, rungs_K=(120.0, 145.0, 170.0, 195.0, 220.0)),
)

REGIMES = (
    *_PLAIN,
    *(replace(regime, vibration=True) for regime in _PLAIN),
    Regime("2 switches a run", 2),
    Regime("colder rungs slower", 20, colder_slower=True),
    Regime("a second slow change", 20, conformers=True),
    Regime("three basins", 20, basins=THREE_BASINS),
    Regime("unequal lengths", 20, lengths=(0.5, 1.0, 2.0, 0.5, 1.0)),
    Regime("four replicas", 20, replicas=4),
    Regime("all start solid", 20, start=0),
    Regime("all start solid, 5 switches", 5, start=0),
    Regime("slow approach", 20, approach_eV=0.3),
    Regime("exchange", 20, exchange=True),
)
"""The regimes of the table."""
