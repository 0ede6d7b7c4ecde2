"""A short fingerprint of a structure that no translation, rotation, reflection or permutation of like atoms changes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import pdist, squareform

from deckgen.analysis.isomers.geometry import centred, principal_moments

__all__ = ["LENGTH", "fingerprint"]

Array = NDArray[np.float64]

N_PAIRS, N_CENTRE, N_NEAR = 28, 16, 16
LENGTH = 3 + N_PAIRS + N_CENTRE + N_NEAR
"""Numbers in a fingerprint (of 4 bytes each)."""

NEAREST = 12
"""Neighbours of an atom that count as its surroundings: a close-packed shell."""


def fingerprint(symbols: Sequence[str], positions_A: ArrayLike) -> NDArray[np.float32]:
    """Return the fingerprint (63,) of a cluster; every entry is a length in A.

    The three principal radii of gyration; the distances between atoms; the atoms' distances from the centre; and each
    atom's mean distance to its nearest neighbours (12 at most). Each of the last three is sorted and averaged in bins
    of equal population (in a small cluster: one number per bin, the rest zero), kind of atom by kind of atom.

    No entry moves by more than twice as much as the atoms do. Sorted distances do not distinguish all structures in
    principle: where fingerprints are equal, `alignment.align` decides.

    Parameters
    ----------
    symbols
        Chemical symbol of each atom.
    positions_A : (N, 3)
        Positions, N >= 2.
    """
    names, kinds = np.unique(np.asarray(symbols), return_inverse=True)
    weights = (len(names) + 1) ** kinds  # of any two, the sum says which kinds they are
    positions = centred(positions_A)
    pairs = pdist(positions)
    near = np.partition(squareform(pairs), min(NEAREST, len(positions) - 1), axis=1)
    moments, mass = principal_moments(symbols, positions_A)
    parts = (
        np.sqrt(moments / mass),
        _binned(pairs, squareform(np.add.outer(weights, weights), checks=False), N_PAIRS),
        _binned(np.linalg.norm(positions, axis=1), weights, N_CENTRE),
        _binned(near[:, : NEAREST + 1].sum(axis=1) / min(NEAREST, len(positions) - 1), weights, N_NEAR),
    )
    return np.concatenate(parts).astype(np.float32)


def _binned(values: Array, kinds: NDArray[np.intp], n_bins: int) -> Array:
    """Sort values by kind and size, and return the means of bins of equal population, padded with zeros."""
    one_kind = kinds.min() == kinds.max()  # most often
    ordered = np.sort(values) if one_kind else values[np.lexsort((values, kinds))]
    starts = np.linspace(0, len(ordered), min(n_bins, len(ordered)) + 1).astype(int)
    means = np.add.reduceat(ordered, starts[:-1]) / np.diff(starts)
    return np.pad(means, (0, n_bins - len(means)))
