"""Common neighbour analysis: what kinds of bonds a cluster has."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

__all__ = ["cna_signature"]


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
    near = [set(np.flatnonzero(row).tolist()) for row in bonded]
    pairs = np.argwhere(np.triu(bonded)).tolist()
    found = Counter(_signature(near[i] & near[j], near) for i, j in pairs)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _signature(common: set[int], near: list[set[int]]) -> str:
    bonds = {frozenset((a, b)) for a in common for b in near[a] & common}
    longest = max((_longest_chain(atom, bonds) for atom in common), default=0)
    return f"{len(common)}{len(bonds)}{longest}"


def _longest_chain(start: int, bonds: set[frozenset[int]]) -> int:
    """Return the largest number of bonds that one can follow from an atom without using any twice."""
    onward = [bond for bond in bonds if start in bond]
    return max((1 + _longest_chain(next(iter(bond - {start})), bonds - {bond}) for bond in onward), default=0)
