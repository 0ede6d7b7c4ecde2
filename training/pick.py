"""Picking frames: the worst ones first, but not ten neighbours of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["nearest_distance", "pick_diverse"]

Array = NDArray[np.float64]


def pick_diverse(
    scores: Array, vectors: Array, trajectories: Sequence[str], *, count: int, spread: int, per_trajectory: int
) -> list[int]:
    """Pick frames with high scores that differ from each other.

    Of the `spread * count` frames with the highest scores, the first is taken; then always the one that is farthest
    from those taken, until there are `count`.

    Parameters
    ----------
    scores : (K,)
        How much each frame is wanted: its force error, say.
    vectors : (K, D)
        Where each frame lies in descriptor space.
    trajectories
        The trajectory of each frame; of each at most `per_trajectory` frames are taken.

    Returns
    -------
    Indices in the order in which they were taken; fewer than `count` where the frames or the trajectories run out.
    """
    candidates = [int(k) for k in np.argsort(-scores, kind="stable")[: spread * count]]
    distance = np.full(len(scores), np.inf)
    taken, used = list[int](), Counter[str]()
    while len(taken) < count and candidates:
        best = max(candidates, key=lambda k: distance[k])  # the first of equals: the one with the highest score
        taken.append(best)
        used[trajectories[best]] += 1
        distance = np.minimum(distance, np.linalg.norm(vectors - vectors[best], axis=1))
        full = {name for name, number in used.items() if number >= per_trajectory}
        candidates = [k for k in candidates if k != best and trajectories[k] not in full]
    return taken


def nearest_distance(vectors: Array, known: Array) -> Array:
    """Return how far each frame (K, D) is from the nearest of the known ones (M, D), (K,)."""
    return np.array([np.linalg.norm(known - vector, axis=1).min() for vector in vectors])
