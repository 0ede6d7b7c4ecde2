"""A cluster and a cutoff as the native evaluator takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Cluster", "Cutoff", "require_columns"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cluster:
    """A cluster without a cell.

    Parameters
    ----------
    numbers : (N,)
        Atomic numbers.
    positions_A : (N, 3)
        The atoms.
    """

    numbers: NDArray[np.int32]
    positions_A: Array

    @classmethod
    def of(cls, numbers: ArrayLike, positions_A: ArrayLike) -> Cluster:
        """Return a cluster as the library takes it: contiguous arrays of its types."""
        return cls(np.ascontiguousarray(numbers, dtype=np.int32), np.ascontiguousarray(positions_A, dtype=np.float64))

    def __len__(self) -> int:
        return len(self.numbers)


class Cutoff(Protocol):
    """The cutoff function: 1, then half a cosine wave, then 0."""

    @property
    def cutoff_A(self) -> float:
        """Where it reaches 0."""

    @property
    def transition_A(self) -> float:
        """Width of the half wave."""


def require_columns(rows: Array, n_atoms: int, n_points: int) -> None:
    """Assert that a view of the design matrix is what the library adds to."""
    assert rows.shape == (1 + 3 * n_atoms, n_points)
    assert rows.strides[0] == rows.itemsize, "the rows of a column lie side by side"
