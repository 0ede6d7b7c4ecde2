"""Start structures from files of others: a cluster, made whole; or refused; and what of them is not used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.constraints import FixAtoms
from ase.io import write

from deckgen.decks.clusters import build, start_structure
from deckgen.decks.structure_file import NOT_USED
from deckgen.errors import InputError
from deckgen.study import Cluster


def read(folder: Path, atoms: Atoms, name: str = "start.extxyz", **keys: object) -> Atoms:
    write(folder / name, atoms)
    return start_structure(Cluster.model_validate({"file": name, **keys}), folder)


def wrapped(pbc: bool, cell: list[float] | list[list[float]], shift: tuple[float, float, float]) -> Atoms:
    atoms = build("Cu", 13)
    atoms.set_cell(cell)
    atoms.positions += np.array(shift) @ atoms.cell.array
    atoms.wrap(pbc=True)
    atoms.pbc = pbc
    return atoms


@pytest.mark.parametrize("pbc", [True, False])
@pytest.mark.parametrize("cell", [[16.0, 17.0, 18.0], [[16.0, 0.0, 0.0], [5.0, 16.0, 0.0], [3.0, -4.0, 18.0]]])
@pytest.mark.parametrize("shift", [(0, 0, 0), (0, 0.5, 0.98), (0.5, 0.5, 0.5)])
def test_a_cluster_across_the_faces_of_its_cell_is_made_whole(
    tmp_path: Path, pbc: bool, cell: list[float], shift: tuple[float, float, float]
) -> None:
    found = read(tmp_path, wrapped(pbc, cell, shift))
    np.testing.assert_allclose(found.get_all_distances(), build("Cu", 13).get_all_distances(), atol=1e-6)
    assert not found.pbc.any()


@pytest.mark.parametrize("name", ["POSCAR", "start.cif", "start.extxyz"])
def test_a_crystal_is_refused_unless_its_atoms_are_wanted(tmp_path: Path, name: str) -> None:
    crystal = bulk("Na", cubic=True) * (3, 3, 3)
    with pytest.raises(InputError, match=r"it is periodic .*less than 5 A of vacuum") as caught:
        read(tmp_path, crystal, name)
    assert 'periodic = "cut"' in caught.value.hint
    found = read(tmp_path, crystal, name, periodic="cut")
    np.testing.assert_allclose(
        np.sort(found.get_all_distances().ravel()), np.sort(crystal.get_all_distances().ravel()), atol=1e-4
    )


def test_vacuum_is_wanted_along_the_periodic_axes_only(tmp_path: Path) -> None:
    chain = build("Na", 13)
    chain.set_cell([50.0, 50.0, 8.0])
    chain.pbc = (False, False, True)
    with pytest.raises(InputError, match=r"pbc F F T"):
        read(tmp_path, chain)
    chain.pbc = (True, True, False)
    assert len(read(tmp_path, chain)) == 13


def test_positions_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.xyz").write_text("2\n\nNa 0 0 0\nNa 0 0 nan\n")
    with pytest.raises(InputError, match="is at \\("):
        start_structure(Cluster(file=Path("a.xyz")), tmp_path)


@pytest.mark.parametrize(
    ("formula", "apart_A", "fine"), [("Na2", 1.2, False), ("Na2", 1.5, True), ("H2", 0.45, False), ("H2", 0.7, True)]
)
def test_atoms_on_top_of_each_other_are_named_by_the_size_of_their_elements(
    tmp_path: Path, formula: str, apart_A: float, fine: bool
) -> None:
    """The dimers have 3.08 and 0.74 A."""
    pair = Atoms(formula, positions=[(0, 0, 0), (0, 0, apart_A)])
    if fine:
        assert len(read(tmp_path, pair)) == 2
    else:
        with pytest.raises(InputError, match=rf"two of its atoms are {apart_A:.2f} A apart: {formula[:-1]} 0 and"):
            read(tmp_path, pair)


def test_fragments_are_refused_unless_a_container_keeps_them_together(tmp_path: Path) -> None:
    cluster = build("Na", 13)
    atom = Atoms("Na", positions=[(0, 0, 15.0)])
    with pytest.raises(InputError, match=r"2 fragments \(13, 1 atoms\), 12\.0 A apart"):
        read(tmp_path, cluster + atom)
    assert len(read(tmp_path, cluster + atom, container_radius_A=20.0)) == 14


def test_molecules_that_touch_are_one_cluster(tmp_path: Path) -> None:
    water = molecule("H2O")
    cluster = water.copy()
    for shift in ((2.9, 0, 0), (0, 2.9, 0.5)):
        other = water.copy()
        other.positions += shift
        cluster += other
    assert len(read(tmp_path, cluster)) == 9


def test_velocities_and_constraints_are_not_used_and_that_is_said(tmp_path: Path) -> None:
    cluster = build("Na", 13)
    assert read(tmp_path, cluster).info[NOT_USED] == []
    cluster.set_momenta(np.ones((13, 3)))
    cluster.set_constraint(FixAtoms([0]))
    assert read(tmp_path, cluster, "start.traj").info[NOT_USED] == [
        "the velocities of the file are not used: every run draws its own",
        "the constraints of the file (FixAtoms) are not used: all atoms move",
    ]
