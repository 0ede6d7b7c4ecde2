from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.morse import MorsePotential
from shaken_clusters import moved, shaken

from deckgen.errors import InputError
from deckgen.training.curate import Curation, about_holdout, curate, write_curation
from deckgen.training.dataset import Dataset, LabelledFrame
from deckgen.training.extxyz import read_dataset
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.data import Curate
from deckgen.training.recipe.fit import Fit


def labelled(atoms: Atoms, index: int, trajectory: str = "md", energy_eV: float | None = None) -> LabelledFrame:
    atoms.calc = MorsePotential(epsilon=0.05, r0=3.7, rho0=4.0, rcut1=8.0, rcut2=9.0)
    energy, forces = atoms.get_potential_energy(), atoms.get_forces()
    atoms.calc = None
    return LabelledFrame(atoms, energy if energy_eV is None else energy_eV, forces, f"data:{index}", trajectory)


def recipe(**curate: object) -> Recipe:
    return Recipe(curate=Curate.model_validate(curate), fit=Fit.model_validate({"soap": {"cutoff_A": 5.0}}))


def sources(dataset: Dataset) -> list[str]:
    return [frame.source for frame in dataset.frames]


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


@pytest.mark.parametrize(("window_meV", "dropped"), [(1.0, 0), (3.0, 1)])
def test_a_duplicate_is_one_within_the_energy_window(window_meV: float, dropped: int) -> None:
    """A copy whose label is 2 meV higher, the noise of another run of the same calculation."""
    first = labelled(shaken(1), 0)
    copy = labelled(moved(first.atoms, 2), 1, energy_eV=first.energy_eV + 0.002)
    frames = Dataset((first, copy, labelled(shaken(5), 2)), {})
    found = curated(frames, energy_window_eV=window_meV / 1000, holdout_fraction=0.0)
    assert [one.source for one in found.dropped] == ["data:1"][:dropped]


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


def test_without_trajectories_similar_structures_are_held_out_together() -> None:
    """Four basins far from each other, six frames each, all of one trajectory: one basin is held out, whole."""
    frames = []
    for basin in range(4):
        start = shaken(10 * basin)
        start.positions *= 1 + 0.06 * basin
        for k in range(6):
            atoms = start.copy()
            atoms.rattle(0.01, seed=k)
            frames.append(labelled(atoms, 10 * basin + k))
    dataset = Dataset(tuple(frames), {"Na": 0.0})
    found = curated(dataset, holdout_fraction=0.25, holdout_by="structure", energy_window_eV=0.0)
    held = {int(source.partition(":")[2]) // 10 for source in sources(found.holdout)}
    assert (len(held), len(found.holdout)) == (1, 6)
    assert len(found.holdout) + len(found.train) == len(dataset)
    assert about_holdout(found, recipe().curate) == []


def test_that_nothing_is_held_out_is_said_unless_it_is_wanted() -> None:
    dataset = Dataset(tuple(labelled(shaken(k), k) for k in range(4)), {"Na": 0.0})
    found = curated(dataset)
    [finding] = about_holdout(found, recipe().curate)
    assert (finding.code, len(found.holdout)) == ("no_holdout", 0)
    assert "and there is one; name the key" in finding.message
    assert about_holdout(curated(dataset, holdout_fraction=0.0), recipe(holdout_fraction=0.0).curate) == []


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
