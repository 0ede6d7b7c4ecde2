"""Pairs and triplets: what describes them, and their rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from deckgen.quip.library import library
from deckgen.quip.rows.cluster import Cluster, Cutoff, require_columns

__all__ = ["add_gaussian_rows", "count_instances", "instances"]

Array = NDArray[np.float64]


def count_instances(elements: Sequence[int], cluster: Cluster, cutoff: Cutoff) -> int:
    """Return the number of pairs or triplets of these elements in a cluster, each counted once."""
    return _instances(elements, cluster, cutoff, None)


def instances(elements: Sequence[int], cluster: Cluster, cutoff: Cutoff) -> Array:
    """Return what describes the pairs (K, 1) or triplets (K, 3) of a cluster, in angstrom.

    Each is given once; in the energy it counts twice, for both orders of its neighbours.

    Parameters
    ----------
    elements
        Two atomic numbers: pairs, described by their distance. Three, the first of the centre: a centre and two
        neighbours, described by r12 + r13, (r12 - r13)^2 and r23.
    """
    x = np.empty((count_instances(elements, cluster, cutoff), 1 if len(elements) == 2 else 3))
    _instances(elements, cluster, cutoff, x)
    return x


def _instances(elements: Sequence[int], cluster: Cluster, cutoff: Cutoff, x: Array | None) -> int:
    wanted = np.array(elements, dtype=np.int32)
    return int(
        library().deckgen_instances(
            len(wanted),
            wanted.ctypes.data,
            cluster.positions_A.ctypes.data,
            cluster.numbers.ctypes.data,
            len(cluster),
            cutoff.cutoff_A,
            cutoff.transition_A,
            x.ctypes.data if x is not None else None,
        )
    )


def add_gaussian_rows(
    elements: Sequence[int],
    cluster: Cluster,
    cutoff: Cutoff,
    theta_A: Array,
    points: Array,
    weights: Array,
    rows: Array,
) -> None:
    """Add the pairs or triplets of a cluster to its rows.

    Parameters
    ----------
    elements
        As in `instances`.
    cluster
        The cluster.
    cutoff
        Of the descriptor.
    theta_A : (D,)
        Lengths of the squared exponential kernel.
    points : (n_sparse, D)
        Sparse points.
    weights : (n_sparse,)
        delta^2, times the cutoff function of the sparse point, in eV^2.
    rows : (1 + 3 N, n_sparse), Fortran-ordered
        A view of the design matrix.
    """
    wanted, points = np.array(elements, dtype=np.int32), np.ascontiguousarray(points)
    require_columns(rows, len(cluster), len(points))
    library().deckgen_gaussian_rows(
        len(wanted),
        wanted.ctypes.data,
        cluster.positions_A.ctypes.data,
        cluster.numbers.ctypes.data,
        len(cluster),
        cutoff.cutoff_A,
        cutoff.transition_A,
        len(points),
        np.ascontiguousarray(theta_A).ctypes.data,
        points.ctypes.data,
        np.ascontiguousarray(weights).ctypes.data,
        rows.ctypes.data,
        rows.strides[1] // rows.itemsize,
    )
