"""Basin hopping: a walk over minima, each quenched from a random displacement of the last one that was accepted.

Wales and Doye, J. Phys. Chem. A 101, 5111 (1997). A walk is a source of frames like any other, so that it is quenched,
kept and resumed like any other; the file of its minima is all there is to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deckgen.contents import regular
from deckgen.frames import find_records
from deckgen.minima import Minimum, read_minima
from deckgen.runs.quench.frames import StartFrame
from deckgen.units import KB_EV_K

__all__ = ["HopSource", "Moves"]

Array = NDArray[np.float64]

DISPLACE, ACCEPT = 0, 1
"""What the random numbers of a hop are for."""

CLOSEST = 0.75
"""Of the distance to the nearest atom. Displaced atoms are pushed apart to it: from closer ones a minimiser would fling
the cluster to pieces, and a fitted potential knows nothing of them."""

MOST_PUSHES, PUSH = 200, 1.01
SMALLEST = 1e-9
"""Distance (A) of two atoms on one spot."""


@dataclass(frozen=True)
class Moves:
    """How a walker moves.

    Parameters
    ----------
    temperature_K
        A minimum that is higher by dE is accepted with the probability exp(-dE / kT).
    step
        Largest displacement of a coordinate, in median distances to the nearest atom.
    seed
        Seed of the displacements.
    """

    temperature_K: float
    step: float
    seed: int


@dataclass(frozen=True, eq=False)
class HopSource:
    """A walker: where it starts, and how far it goes.

    Parameters
    ----------
    walker
        Its number.
    start
        A minimum.
    count
        Number of hops.
    moves
        How it moves.
    folder
        Where the minima go.
    """

    walker: int
    start: Minimum
    count: int
    moves: Moves
    folder: Path

    @property
    def symbols(self) -> tuple[str, ...]:
        """Symbols of the deck's atoms, in their order."""
        return self.start.symbols

    @property
    def file(self) -> Path:
        """The minima, one per hop, the accepted and the others; with more hops it continues."""
        digest = hashlib.sha256(np.round(self.start.positions_A, 8).tobytes())
        digest.update(f"{self.walker}/{self.moves}".encode())
        return self.folder / f"hops-{self.walker}-{digest.hexdigest()[:8]}.extxyz"

    def frames(self, first: int, last: int) -> Iterator[StartFrame]:
        """Yield the displaced structures of the hops from number `first` up to and without number `last`.

        The minimum of each must be in the file before the next one is asked for.
        """
        current = self.start
        for hop, found in enumerate(islice(read_minima(self.file), first) if first else ()):
            current = self._after(hop, current, found)
        read = self.file.stat().st_size if first else 0
        for hop in range(first, last):
            if hop > first:
                with open(self.file, "rb", opener=regular) as file:
                    file.seek(read)
                    record = next(find_records(file))
                (found,) = read_minima(self.file, [record])
                current, read = self._after(hop - 1, current, found), record.end
            yield StartFrame(self._displaced(hop, current.positions_A), None, f"hops/{self.walker}", hop)

    def _displaced(self, hop: int, positions_A: Array) -> Array:
        from scipy.spatial import KDTree  # here, because every process of a batch imports this module

        nearest = float(np.median(np.asarray(KDTree(positions_A).query(positions_A, k=2)[0])[:, 1]))
        largest = self.moves.step * nearest
        displaced = positions_A + self._random(hop, DISPLACE).uniform(-largest, largest, positions_A.shape)
        for _ in range(MOST_PUSHES):
            close = KDTree(displaced).query_pairs(CLOSEST * nearest, output_type="ndarray")
            if not len(close):
                break
            displaced = _pushed_apart(displaced, close, CLOSEST * nearest)
        return displaced

    def _after(self, hop: int, current: Minimum, found: Minimum) -> Minimum:
        """Return the minimum where the walker is after a hop (Metropolis)."""
        if not found.converged:
            return current
        rise = (found.energy_eV - current.energy_eV) / (KB_EV_K * self.moves.temperature_K)
        return found if rise <= -np.log(self._random(hop, ACCEPT).uniform(np.finfo(float).tiny, 1.0)) else current

    def _random(self, hop: int, use: int) -> np.random.Generator:
        return np.random.default_rng((self.moves.seed, self.walker, hop, use))


def _pushed_apart(positions_A: Array, pairs: NDArray[np.intp], distance_A: float) -> Array:
    """Return positions (N, 3) where each of some pairs (P, 2) lies as far apart, as far as they allow one another."""
    first, second = pairs.T
    between = positions_A[second] - positions_A[first]
    length = np.linalg.norm(between, axis=1, keepdims=True)
    push = between * (PUSH * distance_A / np.maximum(length, SMALLEST) - 1) / 2
    moved = positions_A.copy()
    np.add.at(moved, second, push)
    np.add.at(moved, first, -push)
    return moved
