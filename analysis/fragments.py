"""Clusters that fall apart: a run without a container samples a cluster only as long as it is one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from deckgen.samples import TimeSeries

__all__ = ["REACH", "Evaporation", "count_fragments", "exclude_after", "find_evaporation", "neighbour_cutoff"]

Array = NDArray[np.float64]

REACH = 2.0
"""Atoms further apart than this times the nearest-neighbour distance are not bound to each other.

The second shell of a close-packed solid lies at 1.4 and that of a liquid at 1.9 times that distance, and an atom of the
surface, however hot, keeps some neighbour within 1.5: what is 2 away from all others has left.
"""


@dataclass(frozen=True)
class Evaporation:
    """A run in which the cluster fell apart.

    Parameters
    ----------
    temperature_K, replica
        The run.
    time_ps
        Time of the first frame with more than one fragment.
    last_intact_ps
        Time of the last frame before it; 0 where there is none.
    n_fragments
        Fragments in the first such frame.
    """

    temperature_K: float
    replica: int
    time_ps: float
    last_intact_ps: float
    n_fragments: int


def neighbour_cutoff(positions_A: Array) -> float:
    """Return the distance (A) that parts fragments: `REACH` times the median distance to the nearest neighbour.

    Parameters
    ----------
    positions_A : (N, 3)
        A whole cluster, N >= 2.
    """
    distances, _ = cKDTree(positions_A).query(positions_A, k=2)
    return REACH * float(np.median(np.asarray(distances)[:, 1]))


def count_fragments(positions_A: Array, cutoff_A: float) -> int:
    """Return the number of groups of atoms (N, 3) that are further than the cutoff from each other."""
    near = cKDTree(positions_A).sparse_distance_matrix(cKDTree(positions_A), cutoff_A, output_type="coo_matrix")
    n_fragments, _ = connected_components(near, directed=False)
    return int(n_fragments)


def find_evaporation(
    frames: Iterable[tuple[float, Array]], *, temperature_K: float, replica: int = 1, cutoff_A: float | None = None
) -> Evaporation | None:
    """Return where a run's cluster first fell apart, or None if it never did.

    Parameters
    ----------
    frames
        Time (ps) and positions (N, 3) of each frame, in order of time.
    temperature_K, replica
        The run.
    cutoff_A
        Distance that parts fragments; by default from the first frame.
    """
    last_intact = 0.0
    for time, positions in frames:
        cutoff_A = cutoff_A or neighbour_cutoff(positions)
        n_fragments = count_fragments(positions, cutoff_A)
        if n_fragments > 1:
            return Evaporation(temperature_K, replica, float(time), last_intact, n_fragments)
        last_intact = float(time)
    return None


def exclude_after(series: TimeSeries, time_ps: float) -> TimeSeries:
    """Return a series without the samples later than a time (ps)."""
    kept = series.time_ps <= time_ps
    columns = ("time_ps", "potential_energy_eV", "kinetic_temperature_K", "principal_moments_uA2", "walkers")
    values = {name: getattr(series, name) for name in (*columns, "root_determinants")}
    return replace(series, **{name: value[kept] for name, value in values.items() if value is not None})
