"""A free cluster as QUIP wants it: in a periodic cell in which it does not meet its images."""

from __future__ import annotations

import numpy as np
from ase import Atoms

__all__ = ["in_large_cell"]


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
