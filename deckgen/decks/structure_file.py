"""A start structure from a file that someone else made: checked, made whole, and what of it is not used."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Literal

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols, covalent_radii
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from deckgen.cells import LEAST_VACUUM_A, freed
from deckgen.errors import InputError
from deckgen.structures import read_structures

__all__ = ["NOT_USED", "read_structure"]

NOT_USED = "not_used"
"""Key of `Atoms.info`: what of the file a study does not use, in sentences."""

MOST_ATOMS = 10_000
FARTHEST_A = 1e5

OVERLAP = 0.4
"""Atoms nearer than this times the sum of their covalent radii are on top of each other; H2 has 1.2."""
LEAST_OVERLAP_A = 0.5
REACH = 2.0
"""Fragments are further apart than this times the median distance of nearest neighbours, as in the analysis."""


def read_structure(path: Path, periodic: Literal["cut"] | None, *, contained: bool) -> Atoms:
    """Return the last frame of a file as a free cluster.

    A cluster that lies across the faces of its periodic cell is made whole. Velocities and constraints are not used:
    `info["not_used"]` says so.

    Parameters
    ----------
    path
        Any file that ASE reads.
    periodic
        "cut": take the atoms of a periodic cell without vacuum as they are.
    contained
        Whether a container keeps fragments together.

    Raises
    ------
    InputError
        If the file cannot be read, or is no cluster: a crystal, less than two atoms, atoms on top of each other or at
        positions that are not finite, fragments.
    """
    name = f"[cluster] file = {path}"
    atoms = _last_frame(path, name)
    if not 2 <= len(atoms) <= MOST_ATOMS:
        raise InputError(f"{name}: it has {len(atoms)} atoms; a cluster has at least two and at most {MOST_ATOMS}")
    _check_positions(atoms, name)
    not_used = _not_used(atoms)
    whole = _whole(atoms, periodic, name)
    _check_distances(whole, name, contained=contained)
    return Atoms(whole.symbols, positions=whole.positions, info={NOT_USED: not_used})


def _check_positions(atoms: Atoms, name: str) -> None:
    for number, position in enumerate(atoms.positions, start=1):
        if not (np.abs(position) < FARTHEST_A).all():  # NaN is neither above nor below
            place = ", ".join(f"{coordinate:g}" for coordinate in position)
            raise InputError(f"{name}: atom {number} is at ({place}) A")
    if not np.isfinite(atoms.cell.array).all():
        raise InputError(f"{name}: its cell is not finite")
    if unknown := sorted(set(atoms.symbols) - set(chemical_symbols[1:])):
        raise InputError(f"{name}: {unknown[0]} is not the symbol of an element")


def _last_frame(path: Path, name: str) -> Atoms:
    try:
        found = list(read_structures(path, -1))
    except InputError as error:
        raise InputError(f"[cluster] file = {error.message}") from error
    if not found:
        raise InputError(f"{name}: there is no structure in it")
    return found[0]


def _not_used(atoms: Atoms) -> list[str]:
    sentences = []
    if atoms.has("momenta") and atoms.get_momenta().any():
        sentences.append("the velocities of the file are not used: every run draws its own")
    if atoms.constraints:
        kinds = ", ".join(sorted({type(constraint).__name__ for constraint in atoms.constraints}))
        sentences.append(f"the constraints of the file ({kinds}) are not used: all atoms move")
    return sentences


def _whole(atoms: Atoms, periodic: Literal["cut"] | None, name: str) -> Atoms:
    """Return the cluster in one piece: not across the faces of its cell."""
    if atoms.pbc.any():
        free = freed(atoms)
        if free is None and periodic is None:
            pbc = " ".join("T" if axis else "F" for axis in atoms.pbc)
            raise InputError(
                f"{name}: it is periodic (pbc {pbc}), with less than {LEAST_VACUUM_A:g} A of vacuum along an axis: a "
                "crystal, or a cluster in a cell that is too small to tell",
                hint='give the cluster a larger cell, or none; periodic = "cut" takes the atoms as they are, as a free '
                "cluster",
            )
        return free or atoms
    boxed = Atoms(atoms.symbols, positions=atoms.positions, cell=atoms.cell, pbc=True)
    free = freed(boxed) if atoms.cell.volume > 0 else None
    return free if free is not None and len(_fragments(free)) < len(_fragments(atoms)) else atoms


def _check_distances(atoms: Atoms, name: str, *, contained: bool) -> None:
    radii = covalent_radii[atoms.numbers]
    reach = max(LEAST_OVERLAP_A, 2 * OVERLAP * float(radii.max()))
    for first, second in sorted(cKDTree(atoms.positions).query_pairs(reach)):
        distance = float(np.linalg.norm(atoms.positions[first] - atoms.positions[second]))
        if distance < max(LEAST_OVERLAP_A, OVERLAP * (radii[first] + radii[second])):
            raise InputError(
                f"{name}: two of its atoms are {distance:.2f} A apart: {atoms.symbols[first]} {first} and "
                f"{atoms.symbols[second]} {second}"
            )
    fragments = _fragments(atoms)
    if len(fragments) > 1 and not contained:
        sizes = ", ".join(str(len(fragment)) for fragment in sorted(fragments, key=len, reverse=True))
        raise InputError(
            f"{name}: it is {len(fragments)} fragments ({sizes} atoms), {_apart_A(fragments):.1f} A apart",
            hint="give one of them; or a container that keeps them together: container_radius_A",
        )


def _fragments(atoms: Atoms) -> list[NDArray[np.float64]]:
    """Return the positions of each group of atoms that is bound to no other."""
    tree = cKDTree(atoms.positions)
    nearest = np.asarray(tree.query(atoms.positions, k=2)[0])[:, 1]
    # molecules of a cluster are further apart than two bonds, but touch
    cutoff = max(REACH * float(np.median(nearest)), LEAST_VACUUM_A)
    near = tree.sparse_distance_matrix(tree, cutoff, output_type="coo_matrix")
    count, labels = connected_components(near, directed=False)
    return [atoms.positions[labels == label] for label in range(count)]


def _apart_A(fragments: list[NDArray[np.float64]]) -> float:
    """Return the smallest distance between two fragments."""
    return min(float(np.min(cKDTree(one).query(other)[0])) for one, other in combinations(fragments, 2))
