"""Common neighbour analysis: what kinds of bonds a cluster has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["bond_signatures", "by_frequency", "cna_signature"]


def cna_signature(bonded: NDArray[np.bool_]) -> dict[str, int]:
    """Return how many bonds have each signature `jkl`, the most frequent first.

    j: atoms that are neighbours of both ends; k: bonds among these; l: bonds in the longest chain of them. `555` is a
    bond along a fivefold axis, `421` one of an fcc crystal, `422` is at home in hcp and on twin planes.

    Parameters
    ----------
    bonded : (N, N)
        Which atoms are neighbours, from `geometry.neighbours`.

    References
    ----------
    Honeycutt and Andersen, J. Phys. Chem. 91, 4950 (1987); Faken and Jonsson, Comput. Mater. Sci. 2, 279 (1994).
    """
    return by_frequency(Counter(signature for _, _, signature in bond_signatures(bonded)))


def bond_signatures(bonded: NDArray[np.bool_]) -> Iterator[tuple[int, int, str]]:
    """Yield the two atoms of each bond, and its signature."""
    near = [set(np.flatnonzero(row).tolist()) for row in bonded]
    for i, j in np.argwhere(np.triu(bonded)).tolist():
        yield i, j, _signature(near[i] & near[j], near)


def by_frequency(counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts of signatures, the most frequent first."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _signature(common: set[int], near: list[set[int]]) -> str:
    label = {atom: number for number, atom in enumerate(sorted(common))}
    bonds = frozenset((label[a], label[b]) for a in common for b in near[a] & common if a < b)
    return f"{len(common)}{len(bonds)}{_longest_chain(bonds)}"


@cache  # a cluster has thousands of bonds, but few ways in which common neighbours are bonded
def _longest_chain(bonds: frozenset[tuple[int, int]]) -> int:
    """Return the largest number of bonds that one can follow without using any twice."""
    return max((_chain_from(atom, bonds) for bond in bonds for atom in bond), default=0)


def _chain_from(start: int, bonds: frozenset[tuple[int, int]]) -> int:
    onward = [bond for bond in bonds if start in bond]
    return max((1 + _chain_from(sum(bond) - start, bonds - {bond}) for bond in onward), default=0)
