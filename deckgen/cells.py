"""Free clusters and periodic cells: QUIP needs a cluster in a cell, and plane-wave programs return it in one."""

from __future__ import annotations

from itertools import product

import numpy as np
from ase import Atoms

__all__ = ["freed", "image_distance_A", "in_large_cell"]

LEAST_VACUUM_A = 5.0
"""Wider than any bond: a gap of this width separates a cluster from its images."""


def freed(atoms: Atoms) -> Atoms | None:
    """Return a cluster that is isolated in its periodic box as a free one, unwrapped and in the middle of the box.

    The cluster may extend across the periodic faces of the box. None if there is less than 5 angstrom of vacuum along
    a periodic axis: it is not a free cluster then.
    """
    cell = atoms.cell.complete().array
    if not atoms.pbc.any() or abs(np.linalg.det(cell)) < 1e-9:
        return None
    heights_A = 1 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    scaled = np.linalg.solve(cell.T, atoms.positions.T).T
    for axis in np.flatnonzero(atoms.pbc):
        places = np.sort(scaled[:, axis] % 1.0)
        gaps = np.diff(places, append=places[0] + 1.0)
        widest = int(gaps.argmax())
        if gaps[widest] * heights_A[axis] < LEAST_VACUUM_A:
            return None
        middle_of_gap = places[widest] + gaps[widest] / 2
        scaled[:, axis] = (scaled[:, axis] - middle_of_gap) % 1.0
    return Atoms(atoms.numbers, positions=scaled @ cell, cell=cell, info=dict(atoms.info))


def image_distance_A(atoms: Atoms) -> float:
    """Return how far an atom is from its nearest periodic image; infinity without any."""
    steps = [(-1, 0, 1) if periodic else (0,) for periodic in atoms.pbc]
    lengths = [float(np.linalg.norm(np.array(step) @ atoms.cell.array)) for step in product(*steps) if any(step)]
    return min(lengths, default=float("inf"))


def in_large_cell(atoms: Atoms, cutoff_A: float) -> Atoms:
    """Return a free cluster in the middle of a cube in which no atom is within the cutoff of an image.

    The edge is the largest extent plus twice the cutoff, rounded up to a whole angstrom. Periodic configurations keep
    their cell.
    """
    periodic = bool(atoms.pbc.any())
    copy = Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
    if not periodic:
        extent_A = float(np.ptp(copy.positions, axis=0).max())
        copy.set_cell([np.ceil(extent_A + 2 * cutoff_A)] * 3)
        copy.center()
        copy.pbc = True
    return copy
