"""Start structures: closed-shell polyhedra, the sizes between them, and any file that ASE reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers, covalent_radii, reference_states
from numpy.typing import NDArray
from scipy.spatial.distance import pdist, squareform

from deckgen.decks.ordering import ordered
from deckgen.decks.structure_file import read_structure
from deckgen.errors import InputError
from deckgen.study import Cluster

__all__ = ["bond_length_A", "build", "start_structure"]

BOND_TOLERANCE = 1.2
"""Atoms nearer than this many bond lengths are neighbours: between the first and the second shell."""


def start_structure(cluster: Cluster, folder: Path) -> Atoms:
    """Return the study's start structure, not periodic, its centre of mass at the origin.

    Raises
    ------
    InputError
        If the file cannot be read or is no cluster, or the cluster is not inside the container.
    """
    if cluster.file is not None:
        source = str(folder / cluster.file)
        contained = cluster.container_radius_A is not None
        atoms = read_structure(folder / cluster.file, cluster.periodic, contained=contained)
    elif cluster.formula is not None:
        atoms, source = _alloy(cluster), f"the {cluster.structure}"
    else:
        assert cluster.element is not None
        assert cluster.size is not None
        atoms, source = build(cluster.element, cluster.size, cluster.structure), f"the {cluster.structure}"
    atoms.positions -= atoms.get_center_of_mass()
    radius = float(np.linalg.norm(atoms.positions, axis=1).max())
    if cluster.container_radius_A is not None and radius > cluster.container_radius_A:
        raise InputError(
            f"[cluster] container_radius_A = {cluster.container_radius_A:g}: {source} has an atom {radius:.2f} A "
            "from its centre",
            hint="make the container larger",
        )
    return atoms


def _alloy(cluster: Cluster) -> Atoms:
    """Build a polyhedron of several elements, with the bond length of their mean."""
    counts = cluster.counts
    size = sum(counts.values())
    largest = max(counts, key=lambda symbol: bond_length_A(symbol))
    shape = build(largest, size, cluster.structure)
    mean_A = sum(count * bond_length_A(symbol) for symbol, count in counts.items()) / size
    shape.positions *= mean_A / bond_length_A(largest)
    return ordered(shape, counts, cluster.ordering, core=cluster.core, seed=cluster.ordering_seed)


def build(element: str, size: int, structure: str = "icosahedron") -> Atoms:
    """Build a polyhedron of `size` atoms of an element.

    Of the closed shells of that kind with at least `size` atoms, the least bound atoms are taken off one by one;
    the candidate that keeps the most bonds wins. Bonds have the length of the element's solid.

    Raises
    ------
    InputError
        If no such polyhedron is within reach.
    """
    bond = bond_length_A(element)
    shells = list(_POLYHEDRA[structure](element, size, bond * np.sqrt(2)))
    if not shells:
        raise InputError(f"[cluster] size = {size}: no {structure} of that size", hint="give the structure as a file")
    candidates = [_truncate(atoms, size, bond) for atoms in shells]
    return max(candidates, key=lambda atoms: int(_bonded(atoms, bond).sum()))


def bond_length_A(element: str) -> float:
    """Nearest-neighbour distance in the element's solid, in A; twice the covalent radius where that is not known."""
    number = atomic_numbers[element]
    state: dict[str, Any] = reference_states[number] or {}
    factor = {"fcc": np.sqrt(0.5), "bcc": np.sqrt(0.75), "hcp": 1.0, "diamond": np.sqrt(3) / 4}
    if (symmetry := state.get("symmetry", "")) in factor and "a" in state:
        return float(state["a"] * factor[symmetry])
    return float(2 * covalent_radii[number])


def _icosahedra(element: str, size: int, lattice_A: float) -> Iterator[Atoms]:
    """Yield the smallest Mackay icosahedron with at least `size` atoms: 13, 55, 147, 309 ..."""
    from ase.cluster import Icosahedron  # slow to import, and only built structures need it

    shells = next(n for n in range(1, 30) if (10 * n**3 - 15 * n**2 + 11 * n - 3) // 3 >= size)
    yield Icosahedron(element, shells, latticeconstant=lattice_A)


def _decahedra(element: str, size: int, lattice_A: float) -> Iterator[Atoms]:
    """Yield the (Marks) decahedra that are not much larger than `size`."""
    from ase.cluster import Decahedron  # slow to import, and only built structures need it

    for p, r in product(range(2, 12), range(3)):
        yield from _within(size, (Decahedron(element, p, q, r, latticeconstant=lattice_A) for q in range(1, 8)))


def _octahedra(element: str, size: int, lattice_A: float) -> Iterator[Atoms]:
    """Yield the (truncated) octahedra that are not much larger than `size`."""
    from ase.cluster import Octahedron  # slow to import, and only built structures need it

    for cut in range(8):
        lengths = range(max(2, 2 * cut + 1), 24)
        yield from _within(size, (Octahedron(element, n, cut, latticeconstant=lattice_A) for n in lengths))


_POLYHEDRA: dict[str, Callable[[str, int, float], Iterator[Atoms]]] = {
    "icosahedron": _icosahedra,
    "decahedron": _decahedra,
    "octahedron": _octahedra,
}


def _within(size: int, growing: Iterable[Atoms]) -> Iterator[Atoms]:
    """Yield those of a growing sequence that have at least `size` atoms and are not much larger."""
    for atoms in growing:
        if len(atoms) > 1.5 * size + 20:
            return
        if len(atoms) >= size:
            yield atoms


def _bonded(atoms: Atoms, bond_A: float) -> NDArray[np.bool_]:
    """Return the (N, N) matrix of nearest neighbours."""
    distance = squareform(pdist(atoms.positions))
    return np.asarray((distance > 0) & (distance < BOND_TOLERANCE * bond_A))


def _truncate(shell: Atoms, size: int, bond_A: float) -> Atoms:
    """Take the atoms with the fewest neighbours off, the outermost first, until `size` are left."""
    atoms = Atoms(shell.symbols, positions=shell.positions)
    atoms.positions -= atoms.get_center_of_mass()
    bonded = _bonded(atoms, bond_A)
    neighbours = bonded.sum(axis=1)
    # rounded, so that atoms equal by symmetry are taken in the order of their index on every machine
    radius = np.round(np.linalg.norm(atoms.positions, axis=1), 6)
    kept = np.arange(len(atoms))
    while len(kept) > size:
        weakest = np.lexsort((-kept, -radius[kept], neighbours[kept]))[0]
        neighbours = neighbours - bonded[kept[weakest]]
        kept = np.delete(kept, weakest)
    return atoms[kept]
