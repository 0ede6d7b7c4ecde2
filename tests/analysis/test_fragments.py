from __future__ import annotations

import numpy as np
import pytest
from ase.cluster import Icosahedron

from deckgen.analysis.fragments import count_fragments, exclude_after, find_evaporation, neighbour_cutoff
from deckgen.samples import TimeSeries

CLUSTER = Icosahedron("Na", 3).positions
"""Na55."""


def outermost():
    return int(np.argmax(np.linalg.norm(CLUSTER - CLUSTER.mean(axis=0), axis=1)))


def leaving(factor):
    """An atom of the surface, moved outwards until its nearest neighbour is `factor` bonds away."""
    positions, atom = CLUSTER.copy(), outermost()
    bond = neighbour_cutoff(CLUSTER) / 2
    outward = (CLUSTER[atom] - CLUSTER.mean(axis=0)) / np.linalg.norm(CLUSTER[atom] - CLUSTER.mean(axis=0))
    others = np.delete(CLUSTER, atom, axis=0)
    while np.linalg.norm(others - positions[atom], axis=1).min() < factor * bond:
        positions[atom] += 0.01 * outward
    return positions


def test_the_cutoff_is_twice_the_bond():
    distances = np.linalg.norm(CLUSTER[:, None] - CLUSTER[None], axis=-1)
    bond = np.median(np.where(distances > 0, distances, np.inf).min(axis=1))
    assert neighbour_cutoff(CLUSTER) == pytest.approx(2 * bond)


@pytest.mark.parametrize("seed", range(3))
def test_a_hot_cluster_is_whole(seed):
    bond = neighbour_cutoff(CLUSTER) / 2
    hot = CLUSTER + np.random.default_rng(seed).normal(scale=0.15 * bond, size=CLUSTER.shape)
    assert count_fragments(hot, neighbour_cutoff(CLUSTER)) == 1


@pytest.mark.parametrize(("factor", "n_fragments"), [(1.0, 1), (1.6, 1), (2.01, 2), (5.0, 2)])
def test_an_atom_that_leaves_is_a_fragment(factor, n_fragments):
    assert count_fragments(leaving(factor), neighbour_cutoff(CLUSTER)) == n_fragments


def test_the_first_broken_frame_is_found():
    frames = [(0.0, CLUSTER), (2.0, CLUSTER), (4.0, leaving(3.0)), (6.0, leaving(9.0))]
    found = find_evaporation(frames, temperature_K=310.0, replica=2)
    assert (found.temperature_K, found.replica, found.time_ps, found.last_intact_ps) == (310.0, 2, 4.0, 2.0)
    assert found.n_fragments == 2
    assert find_evaporation(frames[:2], temperature_K=310.0) is None
    assert find_evaporation(iter(frames), temperature_K=310.0) == find_evaporation(frames, temperature_K=310.0)


def test_samples_after_the_last_intact_frame_are_left_out():
    n = 100
    series = TimeSeries(
        temperature_K=300.0,
        time_ps=0.02 * np.arange(1, n + 1),
        potential_energy_eV=np.arange(n, dtype=float),
        kinetic_temperature_K=np.arange(n, dtype=float),
        principal_moments_uA2=np.ones((n, 3)),
        label="a run",
    )
    kept = exclude_after(series, 1.0)
    assert kept.n == 50
    assert kept.time_ps[-1] == pytest.approx(1.0)
    assert kept.principal_moments_uA2.shape == (50, 3)
    assert kept.label == "a run"
    assert exclude_after(series, 0.0).n == 0
