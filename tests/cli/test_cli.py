"""The command line as a user meets it: messages, exit codes, JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from deckgen.cli import main

LJ = """[cluster]
element = "Ar"
size = 7
[potential]
kind = "lammps"
pair_style = "lj/cut 30.0"
pair_coeff = ["* * 0.0104 3.40"]
[ladder]
temperatures_K = [8, 11, 14]
[nvt]
timestep_fs = 5
duration_ps = 40
sample_every = 10
frame_every = 500
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    (tmp_path / "study.toml").write_text(LJ)
    return tmp_path


def test_from_a_study_to_its_report_by_the_command_line(study: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["decks", str(study), "--json"]) == 0
    rows = json.loads(capfd.readouterr().out)
    assert [row["change"] for row in rows] == ["new"] * 4
    assert all(row["cost_s"] > 0 for row in rows[1:])
    assert main(["status", str(study)]) == 0
    assert "0 of 4 decks are done" in capfd.readouterr().out
    assert main(["run", str(study), "--workers", "2"]) == 0
    assert "4 decks done, 0 were done before, 0 failed" in capfd.readouterr().out
    assert main(["status", str(study), "--json"]) == 0
    assert {row["state"] for row in json.loads(capfd.readouterr().out)} == {"done"}
    assert main(["analyse", str(study)]) == 0
    assert "heat capacity" in capfd.readouterr().out
    assert json.loads((study / "results" / "thermodynamics.json").read_text())["cluster"]["n_atoms"] == 7
    assert main(["report", str(study)]) == 0
    assert str(study / "report.html") in capfd.readouterr().out
    assert (study / "report.html").stat().st_size > 10_000


def test_a_deck_that_fails_gives_exit_code_1_and_lammps_words(study: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = study / "study.toml"
    file.write_text(LJ.replace("lj/cut 30.0", "lj/cutt 30.0"))
    assert main(["run", str(study)]) == 1
    output = capfd.readouterr()
    assert "Unrecognized pair style 'lj/cutt'" in output.out
    assert "Last input line: pair_style lj/cutt 30.0" in " ".join(output.out.split())


def test_units_of_a_log_are_asked_for_and_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{step} {-1 - step % 3}\n" for step in range(100))
    Path("log").write_text(f"LAMMPS (22 Jul 2025)\nStep PotEng\n{rows}")
    assert main(["analyse", "--from", "10=log", "--atoms", "13"]) == 2
    assert "--units metal|real" in capfd.readouterr().err
    assert main(["analyse", "--from", "10=log", "--atoms", "13", "--units", "real"]) == 1
    assert "samples at two temperatures or more" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["status", "nowhere"], "make one with: deckgen init"),
        (["status"], "deckgen init"),
        (["frobnicate"], "No such command 'frobnicate'"),
        (["run", "--workers", "0"], "--workers"),
        (["analyse", "--from", "hot=log.lammps", "--atoms", "13"], "--from hot=log.lammps: not T=FILE"),
        (["analyse", "--from", "10=a", "--from", "10.0=b", "--atoms", "13"], "10 K was given before"),
    ],
)
def test_wrong_input_gives_exit_code_2_and_the_mend(
    arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capfd.readouterr().err
    assert says in error
    assert "Traceback" not in error


def test_init_makes_a_study_that_the_other_commands_take(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "new"
    assert main(["init", str(folder), "--size", "13", "--potential", "na-gupta"]) == 0
    assert f"deckgen run {folder}" in capfd.readouterr().out
    assert main(["decks", str(folder), "--no-timing"]) == 0
    assert "nvt/T0060.000K-r1" in capfd.readouterr().out
    assert main(["init", str(folder)]) == 2


def test_templates_are_exported_and_used_from_the_study(study: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["templates", "list"]) == 0
    assert "nvt.in.j2" in capfd.readouterr().out.split()
    assert main(["decks", str(study), "--no-timing"]) == 0
    before = (study / "decks/nvt/T0008.000K-r1/in.lammps").read_text()
    assert main(["templates", "export", str(study / "templates")]) == 0
    assert main(["decks", str(study), "--no-timing"]) == 0
    assert (study / "decks/nvt/T0008.000K-r1/in.lammps").read_text() == before
    assert main(["templates", "export", str(study / "templates")]) == 2
    assert "exists already" in capfd.readouterr().err


def test_the_built_in_potentials_and_their_files(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["potentials", "--json"]) == 0
    listed = json.loads(capfd.readouterr().out)
    assert set(listed) == {"cuau-gupta", "na-gap", "na-gupta"}
    assert all(Path(potential["file"]).is_file() for potential in listed.values())


def test_doctor_finds_everything_here(capfd: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "--json"])
    checks = json.loads(capfd.readouterr().out)
    assert [check for check in checks if check["state"] == "failed"] == []
    assert code == 0
    assert {"compiler", "plugin", "LAMMPS", "gap_fit", "pair_style quip", "licences"} <= {c["name"] for c in checks}


def test_doctor_says_what_to_do_without_a_compiler(tmp_path: Path) -> None:
    bin_folder = Path(sys.executable).parent
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path), "DECKGEN_CACHE": str(tmp_path / "cache")}
    command = [str(bin_folder / "deckgen"), "doctor", "--json"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    checks = {check["name"]: check for check in json.loads(ended.stdout)}
    assert ended.returncode == 1
    assert checks["compiler"]["state"] == "failed"
    assert "g++" in checks["compiler"]["mend"]
    assert "other potentials, analyses and reports work" in checks["compiler"]["mend"]
    assert "every style of the decks but pair_style quip" in checks["LAMMPS"]["detail"]
    assert checks["gap_fit"]["state"] == "ok"


def test_the_version() -> None:
    command = [str(Path(sys.executable).parent / "deckgen"), "--version"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.startswith("deckgen 0.")
