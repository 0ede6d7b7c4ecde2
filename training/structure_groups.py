"""Groups of similar structures, to hold out whole where frames have no trajectories."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from deckgen.training.selection import farthest_points

__all__ = ["structure_groupings"]

Array = NDArray[np.float64]

LANDMARKS = 1000
"""So many frames are grouped with each other, the others join the nearest: grouping costs the square of the number."""


def structure_groupings(vectors: Array, finest: int) -> Iterator[list[str]]:
    """Yield the group of each frame, for 2, 3, ... groups: hierarchical clustering by mean distances (UPGMA).

    Parameters
    ----------
    vectors : (K, D)
        Descriptor vector of each frame; K >= 2.
    finest
        The largest number of groups.

    Yields
    ------
    "structures 1", "structures 2", ... for each frame.
    """
    landmarks = sorted(farthest_points(vectors, min(len(vectors), LANDMARKS)))
    chosen = vectors[landmarks]
    nearest = [int(np.linalg.norm(chosen - vector, axis=1).argmin()) for vector in vectors]
    tree = linkage(chosen, method="average")
    for count in range(2, finest + 1):
        groups = fcluster(tree, count, criterion="maxclust")
        yield [f"structures {groups[landmark]}" for landmark in nearest]
