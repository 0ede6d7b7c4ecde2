"""deckgen train as a user meets it: from labelled frames to a validated potential by three commands."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.morse import MorsePotential
from ase.io import write

from deckgen.cli import main
from deckgen.decks.clusters import build

TABLES = """
[curate]
holdout_trajectories = ["run-5"]
[fit.two_body]
cutoff_A = 9.0
delta_eV = 1.0
n_sparse = 25
[fit.soap]
use = false
[fit.sigma]
energy_eV_atom = 0.0005
force_eV_A = 0.005
rules = []
[validation]
stretched_size = 7
"""


def labelled(path: Path) -> None:
    """Write clusters whose labels are a pair potential, short enough for a pair GAP to have all of it."""
    rng = np.random.default_rng(7)
    frames = [Atoms("Na", info={"REF_energy": -0.2})]
    frames[0].arrays["REF_forces"] = np.zeros((1, 3))
    for run in range(6):
        start = build("Na", 5 + run % 2)
        for _ in range(4):
            atoms = Atoms(start.symbols, positions=0.95 * start.positions + rng.normal(0, 0.15, start.positions.shape))
            atoms.calc = MorsePotential(epsilon=0.5, r0=3.4, rho0=4.0, rcut1=7.0, rcut2=8.5)
            energy, forces = atoms.get_potential_energy(), atoms.get_forces()
            atoms.calc = None
            atoms.info = {"REF_energy": energy - 0.2 * len(atoms), "trajectory": f"run-{run}"}
            atoms.arrays["REF_forces"] = forces
            frames.append(atoms)
    write(path, frames, format="extxyz")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    labelled(folder / "frames.extxyz")
    assert main(["train", "init", str(folder / "gap"), str(folder / "frames.extxyz")]) == 0
    file = folder / "gap" / "gap.toml"
    head = file.read_text().split("[sample]")[0]
    file.write_text(head + TABLES)
    return folder / "gap"


def test_from_labelled_frames_to_a_validated_potential_by_three_commands(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "curate", str(project)]) == 0
    assert "trajectories held out: run-5" in capfd.readouterr().out
    assert main(["train", "fit", str(project)]) == 0
    fitted = capfd.readouterr()
    assert "20 frames" in fitted.out
    assert "memory" in fitted.err
    assert main(["train", "validate", str(project)]) == 0
    shown = capfd.readouterr().out
    assert "held out" in shown
    assert f"open {project / 'validation' / 'report.html'}" in shown
    errors = json.loads((project / "validation" / "errors.json").read_text())
    assert errors["e0_eV"] == {"Na": -0.2}
    (potential,) = errors["potentials"]
    held_out = potential["sets"]["holdout"]
    assert list(held_out["by_size"]) == ["6"]
    # what the frames hold is a pair potential: so is the fit, to a few meV
    assert held_out["all"]["n_frames"] == 4
    assert held_out["all"]["energy_rmse_meV_atom"] < 3
    assert held_out["all"]["force_rmse_meV_A"] < 30
    dimer, _ = potential["scans"]
    assert dimer["minimum"] == pytest.approx(3.4, abs=0.15)
    assert dimer["minimum_eV"] == pytest.approx(-0.5, abs=0.02)
    with (project / "validation" / "frames.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 24


def test_json_for_programs(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def answer(*words: str) -> dict:  # type: ignore[type-arg]
        capfd.readouterr()
        assert main(["train", words[0], str(project), *words[1:], "--json"]) == 0
        return json.loads(capfd.readouterr().out)

    read = answer("read")
    assert [(row["n_atoms"], row["n_frames"], row["n_trajectories"]) for row in read["sizes"]] == [
        (5, 12, 3),
        (6, 12, 3),
    ]
    curated = answer("curate")
    assert curated["n_frames"] == {"train": 20, "holdout": 4, "pool": 0, "dropped": 0}
    fitted = answer("fit")
    assert fitted["n_frames"] == 20
    xml = project / "fit" / "gap.xml"
    both = answer("validate", "--against", str(xml))
    assert list(both) == ["fit/gap.xml"]  # one and the same potential
    assert both["fit/gap.xml"]["sha256"] == fitted["sha256"]


@pytest.mark.parametrize(
    ("change", "command", "code", "says"),
    [
        (lambda text: text.replace("two_body", "two_bodies"), "fit", 2, "did you mean 'two_body'?"),
        (lambda text: text, "fit", 2, "make them: deckgen train curate"),
        (lambda text: text, "validate", 2, "make them: deckgen train curate"),
        (lambda text: text, "augment", 2, "make them: deckgen train curate"),
        (lambda text: text, "label", 2, "deckgen train sample"),
        (lambda text: text + "[sample]\ntemperatures_K = [300, 200, 100]\n", "sample", 2, "must increase"),
        (lambda text: text + "[sample]\nduration_ps = 0.01\n", "sample", 2, "has too few steps"),
        (lambda text: text + '[sample]\npotential = "none.xml"\n', "sample", 2, "none.xml"),
    ],
)
def test_wrong_input_gives_its_exit_code_and_the_fix(
    change: Callable[[str], str], command: str, code: int, says: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gap.toml").write_text(change(TABLES))
    assert main(["train", command, str(tmp_path)]) == code
    error = capfd.readouterr().err
    assert says in error
    assert "Traceback" not in error


def test_init_writes_what_the_other_commands_take_and_overwrites_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "init", str(tmp_path)]) == 0
    assert "deckgen train sample" in capfd.readouterr().out
    schema = json.loads((tmp_path / "gap.schema.json").read_text())
    assert "fit" in schema["properties"]
    before = (tmp_path / "gap.toml").read_text()
    assert main(["train", "init", str(tmp_path)]) == 2
    assert (tmp_path / "gap.toml").read_text() == before
    assert main(["train", "read", str(tmp_path)]) == 2  # there are no labels yet
    assert "labels/labelled.extxyz: no such file" in capfd.readouterr().err


def test_vasp_folders_to_run_elsewhere(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text = '[sample]\nby = "vasp"\nsizes = [13, 55]\ntemperatures_K = [50, 100, 150]\nduration_ps = 10\n'
    (tmp_path / "gap.toml").write_text(text + "[reference]\nkeywords = {ENCUT = 120}\n")
    assert main(["train", "sample", str(tmp_path)]) == 0
    assert 'files = ["frames/vasp/*/vasprun.xml"]' in capfd.readouterr().out
    folders = sorted((tmp_path / "frames" / "vasp").iterdir())
    assert [folder.name for folder in folders][:2] == ["Na13-T0050.000K-r1", "Na13-T0100.000K-r1"]
    assert len(folders) == 6
    tags = dict(line.split(" = ") for line in (folders[1] / "INCAR").read_text().splitlines())
    assert (tags["IBRION"], tags["TEBEG"], tags["TEEND"], tags["ENCUT"]) == ("0", "100.0", "100.0", "120")
    assert int(tags["NSW"]) * float(tags["POTIM"]) == 12_000  # fs, 2 ps of equilibration among them
    assert (folders[1] / "POSCAR").is_file()


def test_another_calculators_keywords_are_no_incar_tags(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text = '[sample]\nby = "vasp"\n[reference]\ncalculator = "gpaw"\nkeywords = {xc = "PBE"}\n'
    (tmp_path / "gap.toml").write_text(text)
    assert main(["train", "sample", str(tmp_path)]) == 2
    assert 'there calculator = "gpaw"' in capfd.readouterr().err
    assert not (tmp_path / "frames").exists()
