"""Free clusters and periodic cells: into a cell, as QUIP wants it, and out of one, as plane-wave programs write it."""

from __future__ import annotations

import numpy as np
from ase import Atoms

__all__ = ["freed", "in_large_cell"]

LEAST_VACUUM_A = 5.0
"""Bonds are shorter in every element: a gap this wide separates a cluster from its images."""


def freed(atoms: Atoms) -> Atoms | None:
    """Return a cluster that is alone in its periodic box as a free one, whole and in the middle of the box.

    The cluster may lie across the faces of the box. None if it has less than 5 angstrom of vacuum along any axis: it is
    no free cluster then.
    """
    cell = atoms.cell.array
    if not atoms.pbc.all() or abs(np.linalg.det(cell)) < 1e-9:
        return None
    heights_A = 1 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    scaled = np.linalg.solve(cell.T, atoms.positions.T).T
    for axis in range(3):
        places = np.sort(scaled[:, axis] % 1.0)
        gaps = np.diff(places, append=places[0] + 1.0)
        widest = int(gaps.argmax())
        if gaps[widest] * heights_A[axis] < LEAST_VACUUM_A:
            return None
        middle_of_gap = places[widest] + gaps[widest] / 2
        scaled[:, axis] = (scaled[:, axis] - middle_of_gap) % 1.0
    return Atoms(atoms.numbers, positions=scaled @ cell, cell=cell, info=dict(atoms.info))


def in_large_cell(atoms: Atoms, cutoff_A: float) -> Atoms:
    """Return a free cluster in the middle of a cube so large that no atom is within the cutoff of an image.

    The edge is the largest extent and twice the cutoff, rounded up to a whole angstrom. What is periodic stays as it
    is.
    """
    periodic = bool(atoms.pbc.any())
    copy = Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
    if not periodic:
        extent_A = float(np.ptp(copy.positions, axis=0).max())
        copy.set_cell([np.ceil(extent_A + 2 * cutoff_A)] * 3)
        copy.center()
        copy.pbc = True
    return copy
