"""The point group of a cluster, from the rotations and reflections that bring it onto itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.isomers.alignment import Alignment, Shape, alignments, base_pair

__all__ = ["PointGroup", "point_group"]

Indices = NDArray[np.intp]


@dataclass(frozen=True)
class PointGroup:
    """A point group in Schoenflies' notation.

    Parameters
    ----------
    name
        `C1`, `D5h`, `Ih` ...; `Cinfv` and `Dinfh` for atoms in line.
    order
        Number of its operations; for atoms in line, twice the number of proper rotations that permute them.
    proper
        Whether all its operations are rotations: the cluster and its mirror image are two.
    deviation_A
        Largest distance of an atom from its counterpart under any of the operations.
    """

    name: str
    order: int
    proper: bool
    deviation_A: float


@dataclass(frozen=True, eq=False)
class _Operation:
    """A symmetry operation: where it takes the atoms, and whether it reflects."""

    alignment: Alignment
    improper: bool
    order: int

    @classmethod
    def of(cls, alignment: Alignment) -> _Operation:
        """Return the operation with the least power that moves no atom."""
        order, power = 1, alignment.permutation
        while not np.array_equal(power, np.arange(len(power))):
            order, power = order + 1, alignment.permutation[power]
        return cls(alignment, alignment.reflected, order)

    @property
    def is_mirror(self) -> bool:
        """Whether it reflects in a plane: a trace of 1; that of the inversion is -3."""
        return self.improper and self.order <= 2 and np.trace(self.alignment.rotation) > -1

    @property
    def is_inversion(self) -> bool:
        """Whether it inverts through the centre."""
        return self.improper and self.order <= 2 and np.trace(self.alignment.rotation) < -1


def point_group(shape: Shape, tolerance_A: float) -> PointGroup:
    """Return the largest point group under which no atom is further than the tolerance from its counterpart.

    Operations that only just pass, and do not form a group with the others, are left out, the worst first.

    Parameters
    ----------
    shape
        The cluster, N >= 2.
    tolerance_A
        Small beside a bond.
    """
    if _in_line(shape, tolerance_A):
        return _linear(shape, tolerance_A)
    base = base_pair(shape, np.ones(len(shape.kinds), dtype=np.intp))
    found = dict[tuple[int, int, bool], Alignment]()
    for alignment in alignments(shape, shape, tolerance_A=tolerance_A):
        key = (*alignment.permutation[list(base)].tolist(), alignment.reflected)
        if key not in found or alignment.deviation_A < found[key].deviation_A:
            found[key] = alignment
    kept = _closed(list(found.values()), base)
    operations = [_Operation.of(alignment) for alignment in kept]
    proper = not any(operation.improper for operation in operations)
    return PointGroup(_name(operations), len(kept), proper, max(alignment.deviation_A for alignment in kept))


def _in_line(shape: Shape, tolerance_A: float) -> bool:
    values = np.linalg.svd(shape.positions_A, compute_uv=False)
    return bool(values[1] <= tolerance_A)


def _linear(shape: Shape, tolerance_A: float) -> PointGroup:
    swaps = [
        found.deviation_A
        for found in alignments(shape, shape, tolerance_A=tolerance_A)
        if not np.array_equal(found.permutation, np.arange(len(shape.kinds)))
    ]
    if swaps:
        return PointGroup("Dinfh", 4, False, min(swaps))
    return PointGroup("Cinfv", 2, False, 0.0)


def _closed(operations: list[Alignment], base: tuple[int, int]) -> list[Alignment]:
    """Drop operations, the least exact first, until the product of any two is one of them."""
    while True:
        images = np.array([operation.permutation for operation in operations])
        improper = np.array([operation.reflected for operation in operations])
        size = images.shape[1]
        codes = (images[:, base[0]] * size + images[:, base[1]]) * 2 + improper
        # where q takes the base atoms, and p these
        products = (images[:, images[:, base[0]]] * size + images[:, images[:, base[1]]]) * 2
        products += improper[:, None] ^ improper[None, :]
        if np.isin(products, codes).all():
            return operations
        worst = max(operation.deviation_A for operation in operations)
        operations = [operation for operation in operations if operation.deviation_A < worst]


def _name(operations: Sequence[_Operation]) -> str:
    """Return Schoenflies' symbol of a group of operations, by what they are and how many."""
    rotations = Counter(operation.order for operation in operations if not operation.improper)
    n_rotations = rotations.total()
    mirrors = sum(operation.is_mirror for operation in operations)
    inverts = any(operation.is_inversion for operation in operations)
    if n_rotations == len(operations):
        return _of_rotations(rotations)
    cubic = {"I": "Ih", "O": "Oh", "T": "Th" if inverts else "Td"}
    symbol = _of_rotations(rotations)
    if symbol in cubic:
        return cubic[symbol]
    if symbol == "C1":
        return "Ci" if inverts else "Cs"
    n = int(symbol[1:])
    if symbol[0] == "D":
        return f"D{n}h" if mirrors == n + 1 else f"D{n}d"
    return {0: f"S{2 * n}", 1: f"C{n}h"}.get(mirrors, f"C{n}v")


def _of_rotations(orders: Counter[int]) -> str:
    """Return the symbol of a group of rotations from how many there are of each order."""
    total, threefold = orders.total(), orders[3]
    if (total, threefold) in {(60, 20), (24, 8), (12, 8)}:
        return {60: "I", 24: "O", 12: "T"}[total]
    axis = max(orders)
    return f"C{axis}" if axis == total else f"D{axis}"
