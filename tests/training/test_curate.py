from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.morse import MorsePotential
from ase.cluster import Icosahedron

from deckgen.errors import InputError
from deckgen.training.curate import Curation, curate, write_curation
from deckgen.training.dataset import Dataset, LabelledFrame
from deckgen.training.extxyz import read_dataset
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.data import Curate
from deckgen.training.recipe.fit import Fit
from deckgen.training.selection import farthest_points, hold_out, share, twins, uniform_in_energy


def shaken(seed: int, size: int = 13) -> Atoms:
    atoms = Icosahedron("Na", 2, latticeconstant=5.3)[:size]
    atoms.positions += np.random.default_rng(seed).normal(0.0, 0.2, atoms.positions.shape)
    return Atoms(atoms.numbers, positions=atoms.positions)


def moved(atoms: Atoms, seed: int) -> Atoms:
    """The same cluster, turned, mirrored and its atoms in another order."""
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return Atoms(atoms.numbers, positions=(atoms.positions @ turn)[rng.permutation(len(atoms))])


def labelled(atoms: Atoms, index: int, trajectory: str = "md", energy_eV: float | None = None) -> LabelledFrame:
    atoms.calc = MorsePotential(epsilon=0.05, r0=3.7, rho0=4.0, rcut1=8.0, rcut2=9.0)
    energy, forces = atoms.get_potential_energy(), atoms.get_forces()
    atoms.calc = None
    return LabelledFrame(atoms, energy if energy_eV is None else energy_eV, forces, f"data:{index}", trajectory)


def recipe(**curate: object) -> Recipe:
    return Recipe(curate=Curate.model_validate(curate), fit=Fit.model_validate({"soap": {"cutoff_A": 5.0}}))


def sources(dataset: Dataset) -> list[str]:
    return [frame.source for frame in dataset.frames]


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


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    frames = [labelled(shaken(10 * run + k), 10 * run + k, f"md-{run}") for run in range(4) for k in range(6)]
    frames.append(labelled(moved(frames[3].atoms, 1), 99, "md-3"))
    return Dataset(tuple(frames), {"Na": 0.0})


def curated(dataset: Dataset, **settings: object) -> Curation:
    return curate(recipe(**settings), dataset, workers=1)


def test_curating_uses_every_frame_once(dataset: Dataset) -> None:
    found = curated(dataset, holdout_fraction=0.25, select=10)
    used = sources(found.train) + sources(found.holdout) + sources(found.pool) + [one.source for one in found.dropped]
    assert sorted(used) == sorted(sources(dataset))
    assert (len(found.train), len(found.holdout), len(found.pool), len(found.dropped)) == (10, 6, 8, 1)
    assert {found.dropped[0].source} <= {"data:3", "data:99"}
    assert "the same structure" in found.dropped[0].reason


def test_no_trajectory_is_on_both_sides(dataset: Dataset) -> None:
    found = curated(dataset, holdout_trajectories=["md-2"])
    assert {frame.trajectory for frame in found.holdout.frames} == {"md-2"} == set(found.holdout_trajectories)
    assert "md-2" not in {frame.trajectory for frame in (found.train + found.pool).frames}


def test_selected_by_energy_the_frames_span_the_range(dataset: Dataset) -> None:
    found = curated(dataset, holdout_trajectories=["md-2"], select=4)
    energies = [frame.energy_eV for frame in found.train.frames]
    others = [frame.energy_eV for frame in found.pool.frames]
    assert energies == sorted(energies)
    assert energies[0] <= min(others)
    assert energies[-1] >= max(others)


def test_selected_by_soap_the_frames_are_farther_apart_than_by_chance(dataset: Dataset) -> None:
    from deckgen.training.predict import soap_vectors

    found = curated(dataset, holdout_trajectories=["md-2"], select=5, by="soap")
    soap = recipe().fit.soap

    def nearest(frames: Sequence[LabelledFrame]) -> float:
        vectors = soap_vectors([frame.atoms for frame in frames], soap, workers=1)
        distances = np.linalg.norm(vectors[:, None] - vectors, axis=-1)
        return float(distances[np.triu_indices(len(vectors), 1)].min())

    assert nearest(found.train.frames) > nearest(found.pool.frames)


def test_what_was_done_is_written_down(dataset: Dataset, tmp_path: Path) -> None:
    found = curated(dataset, holdout_fraction=0.25, select=10)
    write_curation(found, tmp_path / "curated")
    assert sources(read_dataset(tmp_path / "curated" / "train.extxyz")) == sources(found.train)
    assert sources(read_dataset(tmp_path / "curated" / "holdout.extxyz")) == sources(found.holdout)
    words = json.loads((tmp_path / "curated" / "curation.json").read_text())
    assert words["n_frames"] == {"train": 10, "holdout": 6, "pool": 8, "dropped": 1}
    assert words["by_size"]["train"] == {"13": 10}


def test_a_trajectory_that_is_not_there_is_named(dataset: Dataset) -> None:
    with pytest.raises(InputError, match="no frame is of md-9") as caught:
        curated(dataset, holdout_trajectories=["md-9"])
    assert "md-0, md-1, md-2, md-3" in caught.value.hint


def test_holding_everything_out_is_refused(dataset: Dataset) -> None:
    with pytest.raises(InputError, match="no frame to fit"):
        curated(dataset, holdout_trajectories=["md-0", "md-1", "md-2", "md-3"])
