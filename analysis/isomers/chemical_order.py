"""Chemical order of clusters of several elements: bonds of each pair of elements, shells, and what homotops share."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deckgen.analysis.isomers.cna import bond_signatures, by_frequency
from deckgen.analysis.isomers.geometry import neighbours

__all__ = ["ChemicalOrder", "PairBonds", "bond_network", "chemical_order", "geometries", "shells"]

Array = NDArray[np.float64]
Bonded = NDArray[np.bool_]

MOST_AT_SURFACE = 9
"""Neighbours of an atom of the surface at most: an atom of a close-packed face has nine, one below it twelve."""


@dataclass(frozen=True)
class PairBonds:
    """The bonds of a pair of elements.

    Parameters
    ----------
    bonds
        How many there are.
    mean_bond_length_A, min_bond_length_A
        Their mean length and the shortest; None without bonds.
    cna
        How many of them have each common neighbour signature.
    """

    bonds: int
    mean_bond_length_A: float | None
    min_bond_length_A: float | None
    cna: dict[str, int]


@dataclass(frozen=True)
class ChemicalOrder:
    """Where the elements of a cluster are.

    Parameters
    ----------
    pairs
        The bonds of each pair of elements, by its name: Ag-Ag, Ag-Au, Au-Au.
    shells
        Number of atoms of each element in each shell, from the innermost to the surface.
    """

    pairs: dict[str, PairBonds]
    shells: tuple[dict[str, int], ...]

    @property
    def unlike_bonds(self) -> int:
        """Bonds between different elements."""
        return sum(pair.bonds for name, pair in self.pairs.items() if len(set(name.split("-"))) == 2)


def chemical_order(symbols: Sequence[str], positions_A: ArrayLike) -> ChemicalOrder | None:
    """Return the chemical order of a cluster (N, 3) of several elements; None where all atoms are alike."""
    if len(set(symbols)) < 2:
        return None
    positions = np.asarray(positions_A, dtype=float)
    bonded = neighbours(positions)
    found: dict[str, list[tuple[float, str]]] = {
        f"{a}-{b}": [] for a, b in combinations_with_replacement(sorted(set(symbols)), 2)
    }
    for i, j, signature in bond_signatures(bonded):
        name = "-".join(sorted((symbols[i], symbols[j])))
        found[name].append((float(np.linalg.norm(positions[i] - positions[j])), signature))
    return ChemicalOrder({name: _pair(bonds) for name, bonds in found.items()}, shells(symbols, bonded))


def _pair(bonds: Sequence[tuple[float, str]]) -> PairBonds:
    if not bonds:
        return PairBonds(0, None, None, {})
    lengths, signatures = zip(*bonds, strict=True)
    return PairBonds(len(bonds), float(np.mean(lengths)), min(lengths), by_frequency(Counter(signatures)))


def shells(symbols: Sequence[str], bonded: Bonded) -> tuple[dict[str, int], ...]:
    """Return the composition of a cluster's shells, from the innermost to the surface.

    The surface are the atoms with nine neighbours or fewer; the next shell is the surface of what is left, and so on.

    Parameters
    ----------
    symbols, bonded : (N,), (N, N)
        Element of each atom, and which are neighbours.
    """
    left, found = np.arange(len(symbols)), list[dict[str, int]]()
    while len(left):
        coordination = bonded[np.ix_(left, left)].sum(axis=1)
        surface = coordination <= max(MOST_AT_SURFACE, int(coordination.min()))
        found.append(dict(sorted(Counter(symbols[atom] for atom in left[surface]).items())))
        left = left[~surface]
    return tuple(reversed(found))


def geometries(structures: Sequence[ArrayLike]) -> list[int]:
    """Return the number of each structure's geometry, from 1 in the order in which they come.

    Structures (N, 3) with one bond network, whatever elements are where, have one geometry: homotops.
    """
    networks = [bond_network(neighbours(positions)) for positions in structures]
    numbers = {network: number for number, network in enumerate(dict.fromkeys(networks), 1)}
    return [numbers[network] for network in networks]


def bond_network(bonded: Bonded) -> str:
    """Return a hash of which atoms are neighbours (N, N), the same for any order of the atoms.

    Atoms are told by the common neighbours of their bonds, then by the atoms that they are bonded to, until no more
    kinds of atoms come out (colour refinement).

    References
    ----------
    Weisfeiler, Leman, Nauchno-Tekhnicheskaya Informatsiya 2, 12 (1968).
    """
    own: list[list[str]] = [[] for _ in bonded]
    for i, j, signature in bond_signatures(bonded):
        own[i].append(signature)
        own[j].append(signature)
    kinds = [_hash(sorted(signatures)) for signatures in own]
    near = [np.flatnonzero(row).tolist() for row in bonded]
    while True:
        finer = [_hash([kind, *sorted(kinds[k] for k in near[i])]) for i, kind in enumerate(kinds)]
        if len(set(finer)) == len(set(kinds)):
            return _hash(sorted(finer))
        kinds = finer


def _hash(words: Sequence[str]) -> str:
    return hashlib.sha256(" ".join(words).encode()).hexdigest()
