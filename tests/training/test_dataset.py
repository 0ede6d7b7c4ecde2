from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.emt import EMT
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deckgen.decks.clusters import build
from deckgen.errors import InputError
from deckgen.training.dataset import Dataset, LabelledFrame, frame_key
from deckgen.training.e0 import e0_of
from deckgen.training.extxyz import read_dataset, write_dataset


def labelled(atoms: Atoms, energy_eV: float, **words: str) -> LabelledFrame:
    forces = np.linspace(-1, 1, 3 * len(atoms)).reshape(-1, 3)
    return LabelledFrame(atoms, energy_eV, forces, **({"source": "a:0", "trajectory": "a"} | words))


@pytest.fixture
def dataset() -> Dataset:
    frames = [labelled(build("Cu", size), -3.0 * size, trajectory=f"T{size}", config_type="md") for size in (13, 4, 7)]
    return Dataset(tuple(frames), {"Cu": 3.51})


def test_a_data_set_is_read_as_it_was_written(tmp_path: Path, dataset: Dataset) -> None:
    dataset.frames[0].atoms.info["temperature_K"] = 300.0
    path = tmp_path / "curated" / "train.extxyz"
    write_dataset(path, dataset)
    again = read_dataset(path)
    assert again.isolated_eV == {"Cu": 3.51}
    assert [frame.n_atoms for frame in again.frames] == [13, 4, 7]
    assert path.read_text().startswith("1\n")
    for before, after in zip(dataset.frames, again.frames, strict=True):
        assert after.energy_eV == before.energy_eV
        np.testing.assert_allclose(after.forces_eV_A, before.forces_eV_A, atol=1e-8)
        np.testing.assert_allclose(after.atoms.positions, before.atoms.positions, atol=1e-8)
        assert (after.source, after.trajectory, after.config_type) == ("a:0", before.trajectory, "md")
        assert frame_key(after.atoms) == frame_key(before.atoms)
    assert again.frames[0].atoms.info == {"temperature_K": 300.0}
    assert [file.name for file in path.parent.iterdir()] == ["train.extxyz"]


def test_parts_of_a_data_set(dataset: Dataset) -> None:
    assert len(dataset) == 3
    assert dataset.sizes == (4, 7, 13)
    assert dataset.elements == ("Cu",)
    assert [frame.formula for frame in dataset.select([2, 0]).frames] == ["Cu7", "Cu13"]
    assert dataset.of_size(4).frames == (dataset.frames[1],)
    assert len(dataset + dataset.of_size(4)) == 4
    with pytest.raises(InputError, match=r"isolated Cu atom has two energies, 3\.510000 and 3\.600000 eV"):
        _ = dataset + Dataset((), {"Cu": 3.6})


def test_the_average_of_one_element_is_the_mean_energy_per_atom() -> None:
    clusters = [build("Cu", size) for size in (4, 7, 13)]
    for atoms in clusters:
        atoms.calc = EMT()
    energies = [atoms.get_potential_energy() for atoms in clusters]
    data = Dataset(tuple(labelled(atoms, energy) for atoms, energy in zip(clusters, energies, strict=True)))
    mean = np.mean([energy / len(atoms) for atoms, energy in zip(clusters, energies, strict=True)])
    assert e0_of(data, "average") == {"Cu": pytest.approx(mean)}


def test_the_average_of_two_elements_solves_for_both() -> None:
    formulas = {"Cu2": 2 * -1.5, "CuAu": -1.5 - 2.5, "Au3": 3 * -2.5, "Cu2Au": -3.0 - 2.5}
    atoms = [Atoms(formula, positions=np.arange(3 * len(Atoms(formula))).reshape(-1, 3)) for formula in formulas]
    data = Dataset(tuple(labelled(a, energy) for a, energy in zip(atoms, formulas.values(), strict=True)))
    assert e0_of(data, "average") == {"Au": pytest.approx(-2.5), "Cu": pytest.approx(-1.5)}


def test_e0_isolated_or_given(dataset: Dataset) -> None:
    assert e0_of(dataset, "isolated") == {"Cu": 3.51}
    assert e0_of(dataset, {"Cu": 3, "Au": 2}) == {"Cu": 3.0}
    with pytest.raises(InputError, match="no energy of the isolated atom of Cu"):
        e0_of(Dataset(dataset.frames), "isolated")


def test_a_frame_is_known_by_its_shape_not_by_its_place() -> None:
    cluster = build("Na", 13)
    moved = cluster.copy()
    moved.translate([1.23456, -7.0, 3.3])
    assert frame_key(moved) == frame_key(cluster)
    moved.positions[4, 1] += 2e-3
    assert frame_key(moved) != frame_key(cluster)
    assert frame_key(build("Cu", 13)) != frame_key(cluster)


def test_what_is_no_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_dataset(tmp_path / "nothing.extxyz")
    (tmp_path / "plain.xyz").write_text("1\n\nNa 0 0 0\n")
    with pytest.raises(InputError, match=r"not a data set \(KeyError: 'REF_energy'\)"):
        read_dataset(tmp_path / "plain.xyz")


PIECES = (
    "",
    "a",
    " ",
    '"',
    "'",
    "\\",
    "\n",
    "\r",
    "\x0b",
    "\x00",
    "\u2028",
    "=",
    "{",
    "}",
    "[",
    "_JSON ",
    "T",
    "7",
    "#",
)
words = st.lists(st.sampled_from((*PIECES, "\n2\n\nNa 0 0 0\n", "REF_energy=-99 ")), max_size=6).map("".join)


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(source=words, trajectory=words, config_type=words, known=words)
@example(source="s", trajectory="t", config_type="\\", known="k")
@example(source="s", trajectory="t", config_type="c", known="k\\")
@example(source="s", trajectory="t", config_type="a=", known="_JSON a")
def test_the_words_of_a_frame_change_neither_its_label_nor_the_next_frame(
    source: str, trajectory: str, config_type: str, known: str, tmp_path: Path
) -> None:
    forces = np.array([[0.1, 0, 0], [-0.1, 0, 0]])
    atoms = Atoms("Na2", positions=[[0, 0, 0], [0, 0, 3]], info={"known": known})
    hostile = LabelledFrame(atoms, -1.5, forces, source, trajectory, config_type)
    write_dataset(tmp_path / "set.extxyz", Dataset((hostile, hostile)))
    read = read_dataset(tmp_path / "set.extxyz").frames
    assert [frame.energy_eV for frame in read] == [-1.5, -1.5]
    assert all(np.array_equal(frame.forces_eV_A, forces) for frame in read)
    if re.fullmatch(r"[a ]*a[a ]*", trajectory):
        assert {frame.trajectory for frame in read} == {" ".join(trajectory.split())}
