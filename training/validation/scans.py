"""Scans of a potential where there are no labels: atoms pushed together or pulled apart.

Small errors on the data say nothing about configurations outside them; dynamics that finds a hole there does not come
back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from deckgen.decks.clusters import bond_length_A, build
from deckgen.training.dataset import LabelledFrame
from deckgen.training.predict import Prediction

__all__ = ["MinimaOrder", "Scan", "ScanPlan", "dimer_plan", "is_minimum", "minima_orders", "stretched_plan"]

Array = NDArray[np.float64]

SHORTEST_A, STEP_A = 1.5, 0.1
SCALES = np.round(np.arange(0.6, 2.51, 0.05), 10)
SHORT = 0.65
"""In bond lengths of the solid: closer than any two atoms come in a cluster at its boiling point."""


@dataclass(frozen=True, eq=False)
class Scan:
    """Energies along one coordinate.

    Attributes
    ----------
    coordinate : (n,)
        Distance in A, or the factor by which a cluster is stretched; increasing.
    energy_eV : (n,)
        Relative to the isolated atoms.
    short
        Coordinates below this one are shorter than dynamics ever goes.
    """

    name: str
    coordinate: Array
    energy_eV: Array
    short: float

    @property
    def minimum(self) -> tuple[float, float]:
        """Coordinate and energy of the lowest point that is not too short."""
        allowed = np.flatnonzero(self.coordinate >= self.short)
        best = allowed[self.energy_eV[allowed].argmin()]
        return float(self.coordinate[best]), float(self.energy_eV[best])

    @property
    def repulsive_from(self) -> float:
        """Smallest coordinate down to which the energy rises monotonically from the minimum."""
        start = int(np.flatnonzero(self.coordinate == self.minimum[0])[0])
        wrong = np.flatnonzero(np.diff(self.energy_eV[: start + 1]) > 0)
        return float(self.coordinate[wrong[-1] + 1 if len(wrong) else 0])

    @property
    def findings(self) -> tuple[str, ...]:
        """Messages about what is unphysical in the curve."""
        if not np.isfinite(self.energy_eV).all():
            where = self.coordinate[~np.isfinite(self.energy_eV)]
            return (f"{self.name}: the energy is not a number at {', '.join(f'{x:g}' for x in where)}",)
        found = []
        at, energy = self.minimum
        hole = int(self.energy_eV.argmin())
        if self.energy_eV[hole] < energy:
            depth, x = energy - self.energy_eV[hole], self.coordinate[hole]
            found.append(f"{self.name}: a hole at {x:g}, {depth:.3f} eV below the minimum at {at:g}")
        elif self.repulsive_from > self.short:
            found.append(f"{self.name}: attractive below {self.repulsive_from:g}, inside of the minimum at {at:g}")
        if not energy < 0:
            found.append(f"{self.name}: not bound")
        return tuple(found)


@dataclass(frozen=True, eq=False)
class ScanPlan:
    """The configurations along one coordinate, whose energies make a `Scan`."""

    name: str
    coordinate: Array
    short: float
    frames: tuple[Atoms, ...]

    def scan(self, predictions: Sequence[Prediction], e0: Mapping[str, float]) -> Scan:
        """Return the curve of the predicted energies."""
        pairs = zip(self.frames, predictions, strict=True)
        energies = [prediction.energy_eV - sum(e0[s] for s in atoms.symbols) for atoms, prediction in pairs]
        return Scan(self.name, self.coordinate, np.array(energies), self.short)


@dataclass(frozen=True)
class MinimaOrder:
    """Minima of one size as labelled and as predicted, at the labelled geometries, lowest label first.

    Attributes
    ----------
    sources : (M,)
        Which frames they are.
    reference_eV, predicted_eV : (M,)
        Energies relative to that of the lowest label.
    """

    formula: str
    sources: tuple[str, ...]
    reference_eV: tuple[float, ...]
    predicted_eV: tuple[float, ...]

    @property
    def same_lowest(self) -> bool:
        """Whether the potential's lowest one is the labels'."""
        return min(self.predicted_eV) == self.predicted_eV[0]

    @property
    def same_order(self) -> bool:
        """Whether the whole order is the labels'."""
        return list(self.predicted_eV) == sorted(self.predicted_eV)


def dimer_plan(element: str, cutoff_A: float) -> ScanPlan:
    """Plan a dimer from 1.5 A to beyond the potential's cutoff."""
    distances = np.arange(SHORTEST_A, cutoff_A + 1, STEP_A)
    frames = [Atoms([element, element], positions=[(0, 0, 0), (0, 0, r)]) for r in distances]
    return ScanPlan(f"dimer {element}2", distances, SHORT * bond_length_A(element), tuple(frames))


def stretched_plan(element: str, size: int) -> ScanPlan:
    """Plan a compact cluster whose positions are scaled by 0.6 to 2.5."""
    cluster = build(element, size)
    frames = [Atoms(cluster.symbols, positions=factor * cluster.positions) for factor in SCALES]
    return ScanPlan(f"stretched {element}{size}", SCALES, SHORT, tuple(frames))


def is_minimum(frame: LabelledFrame, trajectories: Sequence[str]) -> bool:
    """Return whether one of the patterns matches the frame's trajectory."""
    return any(fnmatch(frame.trajectory, pattern) for pattern in trajectories)


def minima_orders(minima: Sequence[tuple[LabelledFrame, Prediction]]) -> list[MinimaOrder]:
    """Compare the order of minima as labelled and as predicted; a composition with one minimum has no order."""
    orders = []
    for formula in sorted({frame.formula for frame, _ in minima}):
        pairs = sorted((pair for pair in minima if pair[0].formula == formula), key=lambda pair: pair[0].energy_eV)
        lowest, predicted = pairs[0]
        if len(pairs) > 1:
            orders.append(
                MinimaOrder(
                    formula,
                    tuple(frame.source for frame, _ in pairs),
                    tuple(frame.energy_eV - lowest.energy_eV for frame, _ in pairs),
                    tuple(prediction.energy_eV - predicted.energy_eV for _, prediction in pairs),
                )
            )
    return orders
