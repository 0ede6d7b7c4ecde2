"""Lindemann index: how far the distances between atoms fluctuate, relative to their mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist

from deckgen.errors import AnalysisError

__all__ = ["LindemannCurve", "lindemann_index", "lindemann_of_pairs"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LindemannCurve:
    """Lindemann index of each rung that has frames.

    Parameters
    ----------
    temperatures_K, delta
        Of the same length.
    pairs
        The index of each pair of elements, by its name, of the same length; empty for one element, and where unlike
        atoms are swapped.
    """

    temperatures_K: tuple[float, ...]
    delta: tuple[float, ...]
    pairs: dict[str, tuple[float, ...]] = field(default_factory=dict)


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
    return float(_fluctuations(frames_A).mean())


def lindemann_of_pairs(frames_A: Iterable[Array], symbols: Sequence[str]) -> dict[str, float]:
    """Return the Lindemann index of each pair of elements, the mean over its pairs of atoms, by its name: Ag-Au.

    A pair of elements without a pair of atoms is left out. Raises as `lindemann_index`.

    Parameters
    ----------
    frames_A
        As for `lindemann_index`.
    symbols
        Element of each atom, the same in all frames.
    """
    fluctuations = _fluctuations(frames_A)
    names = np.array(["-".join(sorted(pair)) for pair in combinations(symbols, 2)])
    return {str(name): float(fluctuations[names == name].mean()) for name in np.unique(names)}


def _fluctuations(frames_A: Iterable[Array]) -> Array:
    """Return the relative fluctuation of each distance, in the order of `pdist`."""
    n, mean, square = 0, np.zeros(1), np.zeros(1)
    for positions in frames_A:
        distances = pdist(positions)
        n += 1
        change = distances - mean
        mean = mean + change / n
        square = square + change * (distances - mean)
    if n < 2:
        raise AnalysisError(f"a Lindemann index needs two frames or more, not {n}", hint="lower nvt.frame_every")
    return np.asarray(np.sqrt(square / n) / mean)
