"""Kinds of files: read, or refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write

from deckgen.errors import InputError
from deckgen.training.dataset import LabelledFrame
from deckgen.training.read import read_data
from deckgen.training.recipe.data import Data

FORCES = np.array([(0, 0, 0.5), (0, 0, -0.5), (0, 0, 0)])


def read(folder: Path, name: str) -> tuple[LabelledFrame, ...]:
    return read_data(Data.model_validate({"files": [name], "e0": "average"}), folder).dataset.frames


def test_a_trajectory_of_ase_gives_its_free_energy(tmp_path: Path) -> None:
    atoms = Atoms("Na3", positions=[(0, 0, 0), (0, 0, 3.1), (0, 3, 0)])
    atoms.calc = SinglePointCalculator(atoms, energy=-3.5, free_energy=-3.6, forces=FORCES)
    write(tmp_path / "md.traj", [atoms, atoms.copy()])
    [frame] = read(tmp_path, "md.traj")
    assert frame.energy_eV == -3.6
    np.testing.assert_array_equal(frame.forces_eV_A, FORCES)


@pytest.mark.parametrize("free", [True, False])
def test_a_folder_of_dpdata_is_read_as_one_file(tmp_path: Path, free: bool) -> None:
    part = tmp_path / "system" / "set.000"
    part.mkdir(parents=True)
    (tmp_path / "system" / "type.raw").write_text("0\n1\n0\n")
    (tmp_path / "system" / "type_map.raw").write_text("Na K\n")
    if free:
        (tmp_path / "system" / "nopbc").touch()
    positions = np.array([[(7, 7, 7), (7, 7, 10.1), (7, 10, 7)], [(7, 7, 7), (7, 7, 10.5), (7, 10, 7)]], dtype=float)
    np.save(part / "coord.npy", positions.reshape(2, 9))
    np.save(part / "energy.npy", [-3.5, -3.4])
    np.save(part / "force.npy", np.tile(FORCES.ravel(), (2, 1)))
    np.save(part / "box.npy", np.tile(20 * np.eye(3).ravel(), (2, 1)))
    frames = read(tmp_path, "system")
    assert [(frame.energy_eV, str(frame.atoms.symbols)) for frame in frames] == [(-3.5, "NaKNa"), (-3.4, "NaKNa")]
    assert [frame.atoms.get_distance(0, 1) for frame in frames] == pytest.approx([3.1, 3.5])
    assert not any(frame.atoms.pbc.any() for frame in frames)
    (part / "coord.npy").unlink()
    with pytest.raises(InputError, match="system: not a folder of dpdata"):
        read(tmp_path, "system")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("md17.npz", "names and units each data set defines itself"),
        ("ML_ABN", "training data of VASP's own force field"),
        ("run.lammpstrj", "a dump of LAMMPS"),
        ("dump.300", "a dump of LAMMPS"),
        ("XDATCAR", "positions without energies"),
        ("log.out", "unknown kind of file"),
    ],
)
def test_other_kinds_are_refused_by_name_with_what_to_do(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / name).write_text("ITEM: TIMESTEP\n" if "dump" in name else "x\n")
    with pytest.raises(InputError, match=says) as caught:
        read(tmp_path, name)
    assert "extended XYZ" in caught.value.hint or ".extxyz" in caught.value.hint


def test_a_folder_without_frames_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty is a folder without type\.raw"):
        read(tmp_path, "empty")
