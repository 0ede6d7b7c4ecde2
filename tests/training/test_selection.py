"""Choosing frames: duplicates, spreads, hold-out and picks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from shaken_clusters import moved, shaken

from deckgen.training.selection import (
    farthest_points,
    hold_out,
    nearest_distance,
    pick_diverse,
    share,
    twins,
    uniform_in_energy,
)


def test_a_turned_and_reordered_copy_is_a_repetition_and_another_structure_of_that_energy_is_not() -> None:
    first, second = shaken(1), shaken(2)
    frames = [first, moved(first, 3), second, shaken(1, size=12)]
    energies = [-1.0, -0.9995, -1.0, -1.0]
    assert twins(frames, energies, 1e-3) == {1: 0}
    assert twins(frames, energies, 1e-4) == {}  # too far apart in energy


def test_repetitions_are_measured_from_the_frame_that_stays() -> None:
    atoms = shaken(1)
    assert twins([atoms] * 4, [0.0, 0.8e-3, 1.6e-3, 2.4e-3], 1e-3) == {1: 0, 3: 2}


def test_a_swap_of_two_elements_is_another_structure() -> None:
    atoms = shaken(1)
    numbers = atoms.numbers.copy()
    numbers[:2] = 19
    mixed, swapped = atoms.copy(), atoms.copy()
    mixed.numbers, swapped.numbers = numbers, np.roll(numbers, 5)
    assert twins([mixed, swapped], [0.0, 0.0], 1e-3) == {}


def test_uniform_in_energy_takes_both_ends_and_spreads() -> None:
    energies = [0.0, 0.01, 0.02, 0.03, 1.0, 2.1, 2.9, 4.0]
    assert uniform_in_energy(energies, 5) == [0, 4, 5, 6, 7]
    assert uniform_in_energy(energies, 99) == list(range(8))
    assert uniform_in_energy([3.0, 1.0, 2.0], 3) == [1, 2, 0]


def test_farthest_points_covers_the_corners_of_a_square_before_its_inside() -> None:
    corners = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    inside = (0.5 + 0.1 * np.random.default_rng(0).uniform(-1, 1, (20, 2))).tolist()
    chosen = farthest_points(np.array(corners + inside), 5)
    assert set(chosen[1:]) == {0, 1, 2, 3}
    assert chosen[0] >= 4  # the one nearest the mean


def test_share_is_in_proportion_and_whole() -> None:
    assert share([50, 30, 20], 10) == [5, 3, 2]
    assert share([1, 1, 1], 2) == [1, 1, 0]
    assert share([4, 2], 9) == [4, 2]


def test_hold_out_takes_whole_trajectories_of_every_size_and_is_repeatable() -> None:
    trajectories = [f"{size}-{run}" for size in (13, 55) for run in range(10) for _ in range(6)]
    sizes = [int(name.split("-")[0]) for name in trajectories]
    held = hold_out(trajectories, sizes, 0.2, seed=4)
    assert held == hold_out(trajectories, sizes, 0.2, seed=4) != hold_out(trajectories, sizes, 0.2, seed=5)
    assert sorted(name.split("-")[0] for name in held) == ["13", "13", "55", "55"]
    assert hold_out(["a"] * 5 + ["b"] * 5, [20] * 10, 0.9, seed=1) != {"a", "b"}  # something stays to fit
    assert hold_out(trajectories, sizes, 0.0, seed=1) == set()


def test_of_a_size_with_three_trajectories_the_smallest_is_held_out_at_least() -> None:
    trajectories = ["a"] * 5 + ["b"] * 3 + ["c"] * 7
    for seed in range(5):
        assert hold_out(trajectories, [13] * 15, 0.01, seed) == {"b"}
    assert hold_out(["a", "b"], [13] * 2, 0.01, 1) == set()  # of two, both are needed


def test_picks_are_bad_and_unlike_each_other() -> None:
    scores = np.array([1.0, 0.99, 0.98, 0.5, 0.1, 0.0])
    vectors = np.array([[0.0, 0], [0.01, 0], [0.02, 0], [1, 0], [0, 5], [9, 9]])
    trajectories = ["a", "a", "a", "b", "b", "c"]
    several = {"spread": 2, "per_trajectory": 9}
    # of the four worst the first, then the one that is far from it: not its neighbours
    assert pick_diverse(scores, vectors, trajectories, count=2, **several) == [0, 3]
    assert pick_diverse(scores, vectors, trajectories, count=2, spread=1, per_trajectory=9) == [0, 1]
    assert pick_diverse(scores, vectors, trajectories, count=6, spread=1, per_trajectory=1) == [0, 5, 4]
    assert pick_diverse(np.array([]), np.empty((0, 2)), [], count=3, **several) == []


def test_the_distance_from_known_frames_is_that_of_the_nearest() -> None:
    assert nearest_distance(np.array([[0.0, 3], [1, 1]]), np.array([[0.0, 0], [1, 2]])) == pytest.approx(
        [math.sqrt(2), 1]
    )
