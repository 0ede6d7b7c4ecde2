"""What --on sends to a machine gives what this machine gives. The machine here is `local`, by Parsl.

`run`, `isomers` and `train label` are tried on a real Slurm: tests/slurm.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones
from ase.cluster import Icosahedron
from ase.io import read, write

from deckgen.cli import main
from deckgen.training.extxyz import read_dataset

pytestmark = pytest.mark.long

COPPER = """
[data]
e0 = {Cu = 0.0}
[sample]
potential = "cuau-gupta"
element = "Cu"
sizes = [4]
temperatures_K = [100, 200, 300]
equilibration_ps = 0.1
duration_ps = 0.2
frames = 4
rattle_A = 0.05
[reference]
calculator = "emt"
[curate]
holdout_trajectories = ["cuau-gupta-Cu4-200K"]
[fit]
engine = "native"
[fit.two_body]
cutoff_A = 6.0
n_sparse = 10
[fit.soap]
cutoff_A = 6.0
n_max = 4
l_max = 3
n_sparse = 20
[augment]
by = "variance"
add_per_round = 3
max_rounds = 1
target_eV_A = 0.001
"""
ARGON = """
[cluster]
element = "Ar"
size = 13
relax = false
[potential]
kind = "lammps"
pair_style = "lj/cut 40.0"
pair_coeff = ["* * 0.01 3.4"]
mass_u = 39.948
[isomers]
files = ["start.xyz"]
frequencies = 0
"""
DEEPER = '[reference]\ncalculator = "lj"\nkeywords = {epsilon = 0.0102, sigma = 3.4, rc = 40.0}\n'


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    file = tmp_path / "machine.toml"
    file.write_text('scheduler = "local"\ncores = 2\nlost_after_s = 8\n')
    return file


@pytest.fixture
def copper(tmp_path: Path) -> Path:
    folder = tmp_path / "copper"
    folder.mkdir()
    (folder / "gap.toml").write_text(COPPER)
    return folder


def n_tasks(folder: Path) -> int:
    """Return how many tasks the machine has done for a study or project so far."""
    logs = (log.read_text() for log in (folder / ".engine").glob("*/parsl.log"))
    return sum(len(re.findall(r"Task \d+ changing state from launched to exec_done", log)) for log in logs)


def energy_of(atoms: Atoms, calculator: EMT | LennardJones) -> float:
    free = Atoms(atoms.symbols, positions=atoms.positions, calculator=calculator)
    return float(free.get_potential_energy())


def test_sampled_frames_are_those_of_this_machine(copper: Path, machine: Path, tmp_path: Path) -> None:
    here = Path(shutil.copytree(copper, tmp_path / "here"))
    assert main(["train", "sample", str(here), "--workers", "2"]) == 0
    assert main(["train", "sample", str(copper), "--on", str(machine)]) == 0
    assert (copper / "frames/sampled.extxyz").read_bytes() == (here / "frames/sampled.extxyz").read_bytes()
    assert n_tasks(copper) == 1 + 3  # the start structure, three temperatures


def test_the_reference_calculator_drives_dynamics_there_too(copper: Path, machine: Path, tmp_path: Path) -> None:
    (copper / "gap.toml").write_text(COPPER.replace("[sample]", '[sample]\nby = "reference"'))
    here = Path(shutil.copytree(copper, tmp_path / "here"))
    assert main(["train", "sample", str(here), "--workers", "2"]) == 0
    assert main(["train", "sample", str(copper), "--on", str(machine)]) == 0
    assert (copper / "frames/sampled.extxyz").read_bytes() == (here / "frames/sampled.extxyz").read_bytes()
    assert n_tasks(copper) == 3


def test_a_potential_is_augmented_validated_and_used_there(copper: Path, machine: Path) -> None:
    for step in ("sample", "label"):
        assert main(["train", step, str(copper), "--workers", "2"]) == 0
    assert main(["train", "curate", str(copper)]) == 0
    assert main(["train", "augment", str(copper), "--on", str(machine)]) == 0
    first, second = json.loads((copper / "augment/rounds.json").read_text())["rounds"]
    assert second["n_train"] == first["n_train"] + 3
    # dynamics of 1 + 3 decks by the potential, 3 labels, and what shares frames out: at least the three of each round
    n_augment = n_tasks(copper)
    assert n_augment > 1 + 3 + 3 + 3
    for frame in read_dataset(copper / "augment/round-00/labels/labelled.extxyz").frames:
        assert frame.energy_eV == pytest.approx(energy_of(frame.atoms, EMT()), abs=1e-6)
    best = ["--model", str(copper / second["xml"])]
    assert main(["train", "validate", str(copper), *best, "--on", str(machine)]) == 0
    (found,) = json.loads((copper / "validation/errors.json").read_text())["potentials"]
    expected = second["sets"]["holdout"]["force_rmse_meV_A"]
    assert found["sets"]["holdout"]["all"]["force_rmse_meV_A"] == pytest.approx(expected, rel=1e-6)
    n_validate = n_tasks(copper)
    assert n_validate > n_augment

    held_out = copper / "curated/holdout.extxyz"
    assert main(["train", "predict", str(copper), "--frames", str(held_out), *best, "--on", str(machine)]) == 0
    assert n_tasks(copper) == n_validate + 2  # one part of the frames for each core
    predicted = read(copper / "predicted/holdout.extxyz", ":")
    errors = [
        np.square(atoms.get_forces() - frame.forces_eV_A).mean()
        for atoms, frame in zip(predicted, read_dataset(held_out).frames, strict=True)
    ]
    assert 1000 * np.sqrt(np.mean(errors)) == pytest.approx(expected, rel=1e-3)  # the file has eight decimals


def test_isomers_are_compared_with_a_reference_there(tmp_path: Path, machine: Path) -> None:
    study, reference = tmp_path / "argon", tmp_path / "reference.toml"
    study.mkdir()
    (study / "study.toml").write_text(ARGON)
    reference.write_text(DEEPER)
    rng, start = np.random.default_rng(1), Icosahedron("Ar", 2, latticeconstant=5.4)
    frames = [Atoms(start.numbers, positions=start.positions + rng.normal(0, 0.3, (13, 3))) for _ in range(3)]
    write(study / "start.xyz", frames)
    assert main(["isomers", str(study), "--workers", "2"]) == 0
    assert main(["compare", str(study), "--reference", str(reference), "--on", str(machine)]) == 0
    compared = json.loads((study / "results/isomers_reference.json").read_text())
    isomers = read(study / "results/isomers.extxyz", ":")
    assert len(compared["isomers"]) == len(isomers)
    for isomer, atoms in zip(compared["isomers"], isomers, strict=True):  # 2 % deeper, the minima the same
        deeper = energy_of(atoms, LennardJones(epsilon=0.0102, sigma=3.4, rc=40.0))
        assert isomer["at_potential_minimum"]["reference_eV"] == pytest.approx(deeper, abs=1e-6)
        assert isomer["change"]["same"]
    assert n_tasks(study) >= 1 + len(isomers)  # the isolated atom, each isomer
