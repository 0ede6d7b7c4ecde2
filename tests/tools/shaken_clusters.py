"""Clusters out of order: shaken, and the same again in another place."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.cluster import Icosahedron


def shaken(seed: int, size: int = 13) -> Atoms:
    atoms = Icosahedron("Na", 2, latticeconstant=5.3)[:size]
    atoms.positions += np.random.default_rng(seed).normal(0.0, 0.2, atoms.positions.shape)
    return Atoms(atoms.numbers, positions=atoms.positions)


def moved(atoms: Atoms, seed: int) -> Atoms:
    """The same cluster, turned, mirrored and its atoms in another order."""
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return Atoms(atoms.numbers, positions=(atoms.positions @ turn)[rng.permutation(len(atoms))])
