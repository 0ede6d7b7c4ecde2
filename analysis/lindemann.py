"""Lindemann index: how far the distances between atoms fluctuate, relative to their mean."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist

from deckgen.errors import AnalysisError

__all__ = ["LindemannCurve", "lindemann_index"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LindemannCurve:
    """Lindemann index of each rung that has frames.

    Parameters
    ----------
    temperatures_K, delta
        Of the same length.
    """

    temperatures_K: tuple[float, ...]
    delta: tuple[float, ...]


def lindemann_index(frames_A: Iterable[Array]) -> float:
    """Return delta = 2/(N(N-1)) sum_{i<j} sqrt(<r_ij^2> - <r_ij>^2) / <r_ij>, averaged over frames.

    A solid cluster has about 0.1 or less; atoms that change places in the time covered raise it, and its rise against
    temperature marks melting. It grows with the time covered where atoms diffuse, so compare runs of one length.

    Parameters
    ----------
    frames_A
        Positions (N, 3) of each frame (or one array (n_frames, N, 3)); they are read one at a time.

    Raises
    ------
    AnalysisError
        If there are fewer than two frames.

    References
    ----------
    Zhou, Karplus, Ball, Berry, J. Chem. Phys. 116, 2323 (2002).
    """
    n, mean, square = 0, np.zeros(1), np.zeros(1)
    for positions in frames_A:
        distances = pdist(positions)
        n += 1
        change = distances - mean
        mean = mean + change / n
        square = square + change * (distances - mean)
    if n < 2:
        raise AnalysisError(f"a Lindemann index needs two frames or more, not {n}", hint="lower nvt.frame_every")
    return float(np.mean(np.sqrt(square / n) / mean))
