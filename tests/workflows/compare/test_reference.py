"""Isomers against a reference: Lennard-Jones against Lennard-Jones of other parameters, whose answers are known."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import typer
import vasp_files
from ase import Atoms
from ase.calculators.lj import LennardJones
from ase.io import read, write
from ase.optimize import BFGS

from deckgen.cli.compare import compare
from deckgen.errors import InputError, RunError
from deckgen.processes.lock import LOCK, lock
from deckgen.study.folder import ResultsFolder
from deckgen.training.extxyz import read_dataset
from deckgen.workflows.compare.energy_zero import EnergyZero
from deckgen.workflows.compare.read import read_comparison
from deckgen.workflows.compare.study import compare_isomers
from deckgen.workflows.html import html_environment
from deckgen.workflows.isomers.study import isomers
from deckgen.workflows.report.comparison import reference_context

EPSILON_EV, SIGMA_A, CUTOFF_A = 5.0, 2.0, 40.0
DEEPER, LONGER = 1.02, 1.004
"""The reference's epsilon and sigma are so much larger: all its minima are the potential's, scaled by that."""

STUDY = f"""
[cluster]
element = "Ar"
size = 7
[potential]
kind = "lammps"
pair_style = "lj/cut {CUTOFF_A}"
pair_coeff = ["* * {EPSILON_EV} {SIGMA_A}"]
mass_u = 39.948
[isomers]
files = ["start.xyz"]
frequencies = 0
"""
SCALED = {"epsilon": DEEPER * EPSILON_EV, "sigma": LONGER * SIGMA_A, "rc": CUTOFF_A}
DEEPER_ONLY = SCALED | {"sigma": SIGMA_A}
CALCULATORS = """
from pathlib import Path
from ase.calculators.lj import LennardJones

class Offset(LennardJones):
    '''Each atom has some energy of its own.'''
    def calculate(self, atoms=None, *args, **kwargs):
        super().calculate(atoms, *args, **kwargs)
        self.results["energy"] += 0.7 * len(atoms)
        self.results["free_energy"] = self.results["energy"]

class Fails(LennardJones):
    '''Fails for clusters that are not the lowest, as long as a file is there.'''
    def calculate(self, *args, **kwargs):
        super().calculate(*args, **kwargs)
        if Path("FAIL_FILE").exists() and -83 < self.results["energy"] < -10:
            raise RuntimeError("no convergence")
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study whose isomers were found, the lowest three of LJ7; not to be changed."""
    folder = tmp_path_factory.mktemp("found") / "study"
    folder.mkdir()
    (folder / "study.toml").write_text(STUDY)
    rng, frames = np.random.default_rng(3), []
    while len(frames) < 40:
        positions = rng.uniform(-2.2, 2.2, (7, 3))
        distances = np.linalg.norm(positions[:, None] - positions, axis=2)[np.triu_indices(7, 1)]
        if distances.min() > 0.7 * SIGMA_A:
            frames.append(Atoms("Ar7", positions=positions))
    write(folder / "start.xyz", frames)
    assert isomers(folder, workers=2, progress=False).found.n_distinct >= 3
    return folder


@pytest.fixture
def study(found: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(found, tmp_path / "study", symlinks=True))


@pytest.fixture
def reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write a [reference] table among others."""
    (tmp_path / "odd_lj.py").write_text(CALCULATORS.replace("FAIL_FILE", str(tmp_path / "fail")))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def make(keywords: dict[str, object], calculator: str = "lj", more: str = "") -> Path:
        values = ", ".join(f"{name} = {json.dumps(value)}" for name, value in keywords.items())
        path = tmp_path / "gap.toml"
        text = f'[data]\nfiles = []\n[reference]\ncalculator = "{calculator}"\nkeywords = {{{values}}}\n'
        path.write_text(text + more)
        return path

    return make


def lj_energy(atoms: Atoms, keywords: dict[str, float]) -> float:
    free = atoms.copy()
    free.calc = LennardJones(**keywords)
    return float(free.get_potential_energy())


def test_a_scaled_reference_gives_the_known_answers(study, reference, capsys):
    toml = reference(SCALED)
    compare(reference=toml, study=study, lowest=2, max_steps=20, max_force=0.03, workers=2)
    assert "relaxed: " in capsys.readouterr().out
    result = json.loads((study / "results" / "isomers_reference.json").read_text())
    minima = read(study / "results" / "isomers.extxyz", ":2")
    relaxed = read(study / "results" / "isomers_reference.extxyz", ":")
    assert [atoms.info["rank"] for atoms in relaxed] == [1, 2]
    for isomer, before, after in zip(result["isomers"], minima, relaxed, strict=True):
        energy = isomer["energy_eV"]
        start, end = isomer["at_potential_minimum"], isomer["at_reference_minimum"]
        assert start["reference_eV"] == pytest.approx(lj_energy(before, SCALED), abs=1e-5)
        assert start["error"]["error_eV"] == pytest.approx(energy - start["reference_eV"])
        assert start["error"]["per_atom_eV"] == pytest.approx(abs(energy - start["reference_eV"]) / 7)
        assert end["reference_eV"] == pytest.approx(DEEPER * energy, abs=2e-4)
        assert end["error"]["percent"] == pytest.approx(100 * (1 - 1 / DEEPER), abs=1e-3)
        assert end["max_force_eV_A"] < 0.03 < start["max_force_eV_A"]
        assert isomer["converged"]
        change = isomer["change"]
        assert change["same"]
        assert change["deviation_A"] < 2e-3
        for name, length in change["before"].items():
            assert change["after"][name] == pytest.approx(LONGER * length, abs=1e-3)
        assert change["before"]["shortest_A"] == pytest.approx(before.get_all_distances()[np.triu_indices(7, 1)].min())
        assert lj_energy(after, SCALED) == pytest.approx(end["reference_eV"], abs=1e-5)
    relative = np.array([isomer["relative_eV"] for isomer in result["isomers"]])
    order = result["relative_energies"]["at_reference_minimum"]
    assert order["mean_absolute_error_eV"] == pytest.approx((DEEPER - 1) * relative[1:].mean(), abs=2e-4)
    assert result["zeros"] == {"potential_eV": {"Ar": 0}, "reference_eV": {"Ar": 0}, "counted_from_atoms": True}
    assert len((study / "results" / "isomers_reference.csv").read_text().splitlines()) == 3

    page = html_environment().get_template("comparison_reference.html.j2")
    text = page.render(reference=reference_context(study))
    error = result["isomers"][0]["at_potential_minimum"]["error"]
    assert f"<td>{1000 * error['per_atom_eV']:.2f}</td><td>{error['percent']:.3f}</td>" in text
    assert text.count("yes, within 0.00 Å") == 2
    assert "found anew" not in text


def test_a_relaxation_is_ases_bfgs_and_goes_on_as_if_it_had_not_stopped(study, reference):
    toml = reference(SCALED)
    first = compare_isomers(study, toml, lowest=1, max_steps=2, max_force_eV_A=1e-3, progress=False).isomers[0]
    assert (first.n_steps, first.converged) == (2, False)
    (steps,) = (study / "results" / "reference").glob("lj-*/minimum-001/steps.extxyz")
    whole = steps.read_text()
    steps.write_text(whole[: whole.rindex("Properties") + 300])  # killed while it wrote the third
    compare_isomers(study, toml, lowest=1, max_steps=3, max_force_eV_A=1e-3, progress=False)
    assert steps.read_text().startswith(whole)
    frames = read_dataset(steps).frames
    assert len(frames) == 4
    atoms = read(study / "results" / "isomers.extxyz", 0)
    atoms.calc = LennardJones(**SCALED)
    optimizer = BFGS(atoms, logfile=None)
    for frame in frames:
        assert frame.atoms.positions == pytest.approx(atoms.positions, abs=1e-5)
        assert frame.energy_eV == pytest.approx(atoms.get_potential_energy(), abs=1e-6)
        assert frame.forces_eV_A == pytest.approx(atoms.get_forces(), abs=1e-4)
        optimizer.step()


def test_nothing_is_computed_twice_wherever_the_isomers_lie(study, reference):
    toml = reference(DEEPER_ONLY)
    first = compare_isomers(study, toml, lowest=2, max_steps=0, progress=False)
    # with sigma the same, the minima are the same: no step is needed
    assert [isomer.n_steps for isomer in first.isomers] == [0, 0]
    assert first.isomers[1].at_potential_minimum.error.percent == pytest.approx(100 * (1 - 1 / DEEPER), abs=1e-4)
    files = study / "results" / "isomers.extxyz"
    turned = read(files, ":")
    for atoms in turned:
        atoms.rotate(35, (1, 2, 3))
        atoms.positions = atoms.positions[::-1] + 2
    write(files, turned, format="extxyz")
    before = {path: path.stat().st_mtime_ns for path in (study / "results" / "reference").rglob("*.extxyz")}
    again = compare_isomers(study, toml, lowest=3, max_steps=0, progress=False)
    after = {path: path.stat().st_mtime_ns for path in (study / "results" / "reference").rglob("*.extxyz")}
    assert {path.parent.name for path in after.keys() - before.keys()} == {"minimum-003"}
    assert before.items() <= after.items()
    assert [isomer.structure for isomer in again.isomers] == ["minimum-001", "minimum-002", "minimum-003"]
    assert again.isomers[1].change.same


def test_energies_of_atoms_are_no_error(study, reference):
    toml = reference(DEEPER_ONLY, "odd_lj:Offset")
    result = compare_isomers(study, toml, lowest=1, max_steps=0, progress=False)
    assert result.zero.reference_eV == {"Ar": pytest.approx(0.7)}
    (isomer,) = result.isomers
    at = isomer.at_potential_minimum
    assert at.reference_eV == pytest.approx(DEEPER * isomer.energy_eV + 7 * 0.7, abs=1e-4)
    assert at.error.error_eV == pytest.approx((1 - DEEPER) * isomer.energy_eV, abs=1e-4)
    assert at.error.percent == pytest.approx(100 * (1 - 1 / DEEPER), abs=1e-4)
    written = read_comparison(ResultsFolder(study / "results"))
    assert json.loads(json.dumps(asdict(written))) == json.loads(json.dumps(result.to_json()))
    (settings,) = (study / "results" / "reference").glob("*/reference.json")
    text = settings.read_text()
    settings.write_text("")  # a power cut
    assert compare_isomers(study, toml, lowest=1, max_steps=0, progress=False).to_json() == result.to_json()
    assert settings.read_text() == text


def test_zeros_of_potentials() -> None:
    fitted = EnergyZero({"Na": -0.2371}, {"Na": -0.2372})
    assert (fitted.shift_eV(["Na"] * 3), fitted.findings()) == (0, [])
    assert fitted.reference_sum_eV(["Na"] * 3) == pytest.approx(-0.7116)
    assert "-0.2371 eV by the potential and -0.5000 eV" in EnergyZero({"Na": -0.2371}, {"Na": -0.5}).findings()[0]
    classical = EnergyZero({"Na": 0.0, "K": 0.0}, {"Na": -0.2, "K": -0.1})
    assert classical.shift_eV(["Na", "K", "K"]) == pytest.approx(-0.4)
    # one potential of the two counts from lone atoms: there is no common shift, these are total energies
    mixed = EnergyZero({"Na": 0.0, "K": -0.1}, {"Na": -0.2, "K": -0.1})
    assert (mixed.at_atoms, mixed.shift_eV(["Na", "K"])) == (False, 0)
    missing = EnergyZero({"Na": 0.0}, {})
    assert (missing.shift_eV(["Na"]), missing.reference_sum_eV(["Na"])) == (None, None)
    assert "isolated atom of Na" in missing.findings()[0]


def test_what_fails_is_named_and_kept_aside_until_it_is_tried_again(study, reference, tmp_path, capsys):
    toml = reference(DEEPER_ONLY, "odd_lj:Fails")
    (tmp_path / "fail").touch()
    with pytest.raises(typer.Exit):
        compare(reference=toml, study=study, lowest=2, single_points=True)
    printed = capsys.readouterr()
    assert "minimum-002: failed at step 0: odd_lj:Fails: RuntimeError: no convergence" in printed.err
    assert "failed: isomer 2: odd_lj:Fails: RuntimeError: no convergence" in printed.out
    (tmp_path / "fail").unlink()
    kept = compare_isomers(study, toml, lowest=2, max_steps=0, progress=False)
    assert [isomer.at_potential_minimum is None for isomer in kept.isomers] == [False, True]
    assert kept.order_errors("at_potential_minimum").mean_absolute_error_eV is None
    text = html_environment().get_template("comparison_reference.html.j2").render(reference=reference_context(study))
    assert "The reference failed: isomer 2: odd_lj:Fails" in text
    tried = compare_isomers(study, toml, lowest=2, max_steps=0, retry_failed=True, progress=False)
    assert tried.failures == []
    assert tried.order_errors("at_potential_minimum").n_isomers == 2


def test_vasp_by_folders(study, reference, monkeypatch):
    monkeypatch.delenv("VASP_PP_PATH", raising=False)
    toml = reference({"SIGMA": 0.1}, "vasp-files")
    first = compare_isomers(study, toml, lowest=2, max_steps=5, max_force_eV_A=0.02, progress=False)
    assert len(first.waiting) == 3
    places = [study / place for place in first.waiting]
    assert [f"{place.parent.name}/{place.name}" for place in places] == [
        "isolated-Ar/static",
        "minimum-001/relaxation",
        "minimum-002/relaxation",
    ]
    incar = [dict(line.split(" = ") for line in (place / "INCAR").read_text().splitlines()) for place in places]
    assert {tag: incar[1][tag] for tag in ("IBRION", "NSW", "EDIFFG", "SIGMA", "ENCUT")} == {
        "IBRION": "2",
        "NSW": "6",
        "EDIFFG": "-0.02",
        "SIGMA": "0.1",
        "ENCUT": "102",
    }
    assert "IBRION" not in incar[0]

    def course(place: Path, n_steps: int) -> list[Atoms]:
        frames, atoms = [], read(place / "POSCAR")
        atoms.pbc = False  # no images, however far the potential reaches
        atoms.calc = LennardJones(**SCALED)
        optimizer = BFGS(atoms, logfile=None)
        for _ in range(n_steps):
            frames.append(atoms.copy())
            frames[-1].calc = LennardJones(**SCALED)
            optimizer.step()
        return frames

    for place, n_steps, electronic in zip(places, (1, 4, 4), (3, 3, 60), strict=True):
        text = vasp_files.vasprun(course(place, n_steps), electronic, vasp_files.SETTINGS)
        (place / "vasprun.xml").write_text(text)
    result = compare_isomers(study, toml, lowest=2, max_steps=5, max_force_eV_A=0.02, progress=False)
    one, two = result.isomers
    assert result.waiting == ()
    assert one.n_steps == 3
    assert one.at_potential_minimum.reference_eV == pytest.approx(
        lj_energy(read(study / "results" / "isomers.extxyz", 0), SCALED), abs=1e-5
    )
    assert one.change.same
    assert "did not converge" in two.failure
    shutil.copy(places[1] / "vasprun.xml", places[2] / "vasprun.xml")
    (failed,) = compare_isomers(study, toml, lowest=2, max_steps=5, max_force_eV_A=0.02, progress=False).failures
    assert "does not begin with the structure" in failed


def test_what_cannot_be_compared_is_said_before_anything_runs(study, reference, tmp_path):
    with pytest.raises(InputError, match=r"no-such\.toml: no such file"):
        compare_isomers(study, tmp_path / "no-such.toml")
    with pytest.raises(InputError, match=r"\[reference\] unknown key 'keyword'; did you mean 'keywords'"):
        compare_isomers(study, reference({}, more="keyword = {}\n"))
    (tmp_path / "other.toml").write_text("[data]\n")
    with pytest.raises(InputError, match=r"\[reference\] is missing"):
        compare_isomers(study, tmp_path / "other.toml")
    toml = reference(DEEPER_ONLY)
    compare_isomers(study, toml, lowest=1, max_steps=0, progress=False)
    (folder,) = (study / "results" / "reference").glob("lj-*")
    with lock(folder / LOCK, "this test"), pytest.raises(RunError, match="is in use"):
        compare_isomers(study, toml, lowest=1, max_steps=0, progress=False)
    text = (study / "study.toml").read_text()
    (study / "study.toml").write_text(text.replace("* * 5.0", "* * 5.5"))
    with pytest.raises(InputError, match=r"isomers of another potential than study\.toml's"):
        compare_isomers(study, toml)
    os.remove(study / "results" / "isomers.json")
    with pytest.raises(InputError, match="no such file") as caught:
        compare_isomers(study, toml)
    assert "deckgen isomers" in caught.value.hint
