"""Chemical order: which element sits on which place of a built cluster of two elements."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

__all__ = ["ordered"]


def ordered(shape: Atoms, counts: Mapping[str, int], ordering: str, *, core: str | None = None, seed: int = 1) -> Atoms:
    """Return a cluster with the elements on its places.

    Parameters
    ----------
    shape
        The places; which element it is made of does not matter.
    counts
        Number of atoms of each element; they add up to those of `shape`. Two elements, unless random.
    ordering
        "random"; "core-shell": the core's atoms nearest the centre; "janus": one element on each side of a plane.
    core
        The element inside; None: the one with fewer atoms.
    seed
        Of the random order; in the others, of the choice between equivalent places.

    Raises
    ------
    ValueError
        If the ordering is unknown.
    """
    inner = core or min(counts, key=lambda symbol: counts[symbol])
    outer = [symbol for symbol in counts if symbol != inner]
    symbols = [symbol for symbol in (inner, *outer) for _ in range(counts[symbol])]
    places = shape.positions - shape.get_center_of_mass()
    order = _order(places, ordering, np.random.default_rng(seed))
    arranged = np.empty(len(symbols), dtype=object)
    arranged[order] = symbols
    return Atoms(arranged.tolist(), positions=shape.positions)


def _order(places: NDArray[np.float64], ordering: str, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return the places in the order in which the elements take them; equivalent ones in random order."""
    drawn = rng.permutation(len(places))
    if ordering == "random":
        return drawn
    if ordering == "core-shell":
        height = np.linalg.norm(places, axis=1)
    elif ordering == "janus":
        height = places[:, 2]
    else:
        raise ValueError(f"no ordering {ordering!r}")
    # rounded, so that places equal by symmetry are equal on every machine
    return drawn[np.argsort(np.round(height[drawn], 6), kind="stable")]
