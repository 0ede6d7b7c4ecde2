from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.cluster import Icosahedron
from ase.io import write

from deckgen.cells import in_large_cell
from deckgen.decks.potentials import BUILTIN
from deckgen.errors import InputError
from deckgen.training.predict import predict, soap_vectors
from deckgen.training.recipe.fit import Soap

XML = BUILTIN["na-gap"].file


def shaken(seed: int, n_atoms: int = 13) -> Atoms:
    atoms = Icosahedron("Na", 2, latticeconstant=5.3)[:n_atoms]
    return Atoms(
        atoms.numbers, positions=atoms.positions + np.random.default_rng(seed).normal(0, 0.2, atoms.positions.shape)
    )


def test_predictions_are_in_order_whoever_makes_them_and_where_the_cluster_is() -> None:
    frames = [shaken(seed, n_atoms) for seed, n_atoms in enumerate((13, 5, 12, 7, 3))]
    frames[1].translate([100.0, -3.0, 7.0])
    one, two = predict(XML, frames, workers=1), predict(XML, frames, workers=2)
    assert [len(prediction.forces_eV_A) for prediction in two] == [13, 5, 12, 7, 3]
    for first, second in zip(one, two, strict=True):
        assert second.energy_eV == pytest.approx(first.energy_eV, abs=1e-10)
        np.testing.assert_allclose(second.forces_eV_A, first.forces_eV_A, atol=1e-10)
        assert np.abs(first.forces_eV_A.sum(axis=0)).max() < 1e-8


def test_forces_are_the_slope_of_the_energy() -> None:
    atoms, h = shaken(1), 1e-4
    moved = [atoms.copy(), atoms.copy()]
    moved[0].positions[4, 1] += h
    moved[1].positions[4, 1] -= h
    up, down, here = predict(XML, [*moved, atoms], workers=1)
    assert (down.energy_eV - up.energy_eV) / (2 * h) == pytest.approx(here.forces_eV_A[4, 1], abs=1e-6)


def test_the_program_agrees(tmp_path: Path) -> None:
    atoms = in_large_cell(shaken(2), 12.0)
    write(tmp_path / "one.extxyz", atoms)
    command = [sys.executable, "-m", "deckgen.quip.quippy", str(tmp_path / "one.extxyz"), str(XML)]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    (prediction,) = predict(XML, [shaken(2)], workers=1)
    assert answer["energy"] == pytest.approx(prediction.energy_eV, abs=1e-6)  # the file has eight decimals
    np.testing.assert_allclose(answer["forces"], prediction.forces_eV_A, atol=1e-6)


def test_no_frames_no_process() -> None:
    assert predict(XML, []) == []


def test_a_potential_without_its_sparse_points_is_refused(tmp_path: Path) -> None:
    shutil.copy(XML, tmp_path / "gap.xml")
    with pytest.raises(InputError, match="its sparse points are missing"):
        predict(tmp_path / "gap.xml", [shaken(1)])


def test_the_cell_keeps_images_apart_and_periodic_frames_as_they_are() -> None:
    atoms = shaken(3)
    boxed = in_large_cell(atoms, 7.3)
    extent = np.ptp(atoms.positions, axis=0).max()
    assert boxed.pbc.all()
    assert extent + 2 * 7.3 <= boxed.cell[0, 0] < extent + 2 * 7.3 + 1
    np.testing.assert_allclose(boxed.get_all_distances(), atoms.get_all_distances(), atol=1e-12)
    crystal = Atoms("Na", cell=[4.0] * 3, pbc=True)
    np.testing.assert_array_equal(in_large_cell(crystal, 7.3).cell, crystal.cell)


def test_soap_vectors_know_no_rotation_and_no_order_of_the_atoms() -> None:
    rng = np.random.default_rng(5)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    atoms = shaken(4)
    turned = Atoms(atoms.numbers, positions=(atoms.positions @ turn)[rng.permutation(13)] + 5.0)
    soap = Soap(cutoff_A=6.0, n_max=4, l_max=3)
    vectors = soap_vectors([atoms, turned, shaken(6)], soap, workers=1)
    assert vectors.shape == (3, 4 * 5 // 2 * 4 + 1)
    np.testing.assert_allclose(vectors[1], vectors[0], atol=1e-10)
    assert np.linalg.norm(vectors[2] - vectors[0]) > 1e-3
    single, pair = soap_vectors([Atoms("Na"), Atoms("Na2", [[0, 0, 0], [0, 0, 3.5]])], soap, workers=1)
    assert np.linalg.norm(single) == pytest.approx(1.0)  # the vector of one atom has unit length
    assert np.linalg.norm(pair) == pytest.approx(1.0)  # and so has the mean of two equal ones
