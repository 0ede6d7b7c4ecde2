"""However a command ends, it says so in a sentence and by its exit code; a traceback is never shown."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from small_study import deck_of, small_study

from deckgen.cli import main
from deckgen.cli.output import out, plain
from deckgen.decks.deck import write_decks
from deckgen.processes.display import Display, visible

DECKGEN = [sys.executable, "-m", "deckgen"]
LJ = """[cluster]
element = "Ar"
size = 13
[potential]
kind = "lammps"
pair_style = "lj/cut 30.0"
pair_coeff = ["* * 0.0104 3.40"]
[ladder]
temperatures_K = [15, 25, 35]
[nvt]
duration_ps = 20000
timestep_fs = 5
"""


def ended(*command: str, **how: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False, timeout=120, **how)  # type: ignore[call-overload, no-any-return]


def test_output_that_cannot_be_written_is_a_sentence() -> None:
    with open("/dev/full", "w") as full:
        listed = ended(*DECKGEN, "potentials", "--json", stdout=full)
    assert (listed.returncode, listed.stderr.strip()) == (1, "error: standard output: no space left on device")


def test_a_reader_that_has_gone_is_no_error() -> None:
    begun = subprocess.Popen([*DECKGEN, "potentials"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert begun.stdout is not None
    begun.stdout.close()
    _, error = begun.communicate(timeout=120)
    assert (begun.returncode, error) == (1, "")


def test_closed_streams_are_as_good_as_none() -> None:
    assert ended("sh", "-c", f"{' '.join(DECKGEN)} potentials <&- >&-").returncode == 0
    assert ended("sh", "-c", f"{' '.join(DECKGEN)} status nowhere <&- >&- 2>&-").returncode == 2


def test_a_second_ctrl_c_is_taken_as_the_first(tmp_path: Path, until: Callable[..., None]) -> None:
    (tmp_path / "study.toml").write_text(LJ)
    begun = subprocess.Popen(
        [*DECKGEN, "run", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    until(lambda: list(tmp_path.glob("decks/nvt/*/energies.dat")))
    begun.send_signal(signal.SIGINT)
    while begun.poll() is None:  # and a third, and a fourth
        begun.send_signal(signal.SIGINT)
        try:
            begun.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
    _, error = begun.communicate(timeout=120)
    assert begun.returncode == 130
    assert "Traceback" not in error


def test_a_folder_that_is_not_ones_own_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "study.toml").write_text(LJ)
    (tmp_path / "decks").touch()  # where a folder is due: root may write into folders that are read-only
    assert main(["decks", str(tmp_path), "--no-timing"]) in {1, 2}
    error = capfd.readouterr().err
    assert str(tmp_path / "decks") in error
    assert "Traceback" not in error


def test_a_lock_that_cannot_be_taken_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "study.toml").write_text(LJ)
    (tmp_path / ".deckgen.lock").mkdir()
    assert main(["run", str(tmp_path)]) == 1
    error = capfd.readouterr().err
    assert str(tmp_path / ".deckgen.lock") in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (PermissionError(13, "Permission denied", "/a/b"), 1, "error: /a/b: permission denied\nyou need the rights"),
        (OSError(28, "No space left on device"), 1, "error: no space left on device\nmake room"),
        (MemoryError(), 1, "not enough memory"),
        (KeyboardInterrupt(), 130, "interrupted: what was done is kept; give the same command again"),
        (ValueError("[bold]odd[/]\x1b[31m :key:"), 1, r"a bug in deckgen: ValueError: [bold]odd[/]\x1b[31m :key:"),
    ],
)
def test_every_exception_is_a_sentence_and_a_code(
    error: BaseException,
    code: int,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("deckgen.decks.scaffold.init", fail)
    assert main(["init", "nowhere"]) == code
    printed = capfd.readouterr().err
    assert says in printed
    assert "Traceback" not in printed
    reports = [file.read_text() for file in tmp_path.glob("deckgen-bug-*.txt")]
    assert len(reports) == isinstance(error, ValueError)
    assert all("Traceback" in report and "in fail" in report for report in reports)


@pytest.mark.parametrize("foreign", ["root:x:0:0", ":key: :bug:", "[red]a[/]", "[/]", "a\\", "[a\\[b]", "a\nb"])
def test_foreign_text_is_printed_as_it_is(foreign: str) -> None:
    with out.capture() as printed:
        out.print(plain(foreign))
    assert printed.get() == foreign + "\n"


def test_what_could_command_a_terminal_is_shown_instead() -> None:
    assert visible("a\x1b[31m\x07\r\x9b\u202e\udcff b") == r"a\x1b[31m\x07\r\x9b\u202e\udcff b"


TITLE = "\x1b]0;mine\x07\x1b[2J"


def test_nothing_in_a_deck_commands_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Its name and why it failed, as somebody else's deck.json and status.json have them."""
    study = small_study(tmp_path / "study")
    write_decks(study)
    manifest, journal = deck_of(study) / "deck.json", deck_of(study) / "status.json"
    document = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(document | {"id": f"T0020{TITLE}"}))
    journal.write_text(json.dumps({"state": "failed", "message": f"ERROR: {TITLE}"}))
    for command in ("status", "decks"):
        main([command, str(study)])
    printed = "".join(capfd.readouterr())
    assert "\x1b" not in printed
    assert "\x07" not in printed


def test_a_structure_commands_no_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "start.xyz").write_text(f"2\nLattice={TITLE}\nAr 0 0 0\n{TITLE} 0 0 4\n")
    (tmp_path / "study.toml").write_text(LJ.replace("size = 13", 'file = "start.xyz"').replace('element = "Ar"\n', ""))
    assert main(["decks", str(tmp_path)]) == 2
    assert "\x1b" not in "".join(capfd.readouterr())


def test_a_display_that_nobody_reads_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    said = list[str]()
    with contextlib.suppress(OSError), open("/dev/full", "w", buffering=1) as full:  # closing it fails as well
        monkeypatch.setattr(sys, "stderr", full)
        with Display() as display:
            display.say("stopping")
            display.update("half", at_once=True)
            said.append("both")
    assert said == ["both"]


def test_help_is_no_error(capfd: pytest.CaptureFixture[str]) -> None:
    for command in ([], ["-h"], ["--help"], ["train"], ["train", "-h"], ["templates"], ["run", "-h"]):
        assert main(command) == 0
        printed = capfd.readouterr()
        assert printed.out.startswith("Usage: ")
        assert printed.err == ""


@pytest.mark.parametrize(
    "options",
    [
        ["analyse", "--from", "10=rows", "--from", "20=rows", "--atoms", "9" * 400],
        ["analyse", "--from", "1e-320=rows", "--from", "1e300=rows", "--atoms", "13"],
        ["analyse", "--from", "nan=rows", "--from", "20=rows", "--atoms", "13"],
        ["compare", "--reference", "rows", "--lowest", "9" * 400],
        ["compare", "--reference", "rows", "--max-force", "nan"],
        ["run", "--workers", "9" * 400],
    ],
    ids=lambda options: " ".join(options)[:40],
)
def test_a_number_out_of_all_proportion_is_refused(
    options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rows").write_text("# step potential_energy_eV\n" + "".join(f"{k} {-1 - k % 7}\n" for k in range(200)))
    assert main(options) == 2
    assert "Traceback" not in capfd.readouterr().err


def test_a_wrong_option_names_the_commands_own_help(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["compare"]) == 2
    assert "compare --help" in capfd.readouterr().err


def test_decks_that_lammps_refuses_are_written_and_not_a_success(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "study.toml").write_text(LJ.replace("lj/cut", "lj/cutt"))
    assert main(["decks", str(tmp_path)]) == 1
    printed = capfd.readouterr()
    assert "nvt/T0015.000K-r1" in printed.out
    assert printed.err.count("Unrecognized pair style 'lj/cutt'") == 1
    assert f"{tmp_path / 'decks/nvt/T0015.000K-r1'}: LAMMPS" in printed.err
    assert main(["decks", str(tmp_path), "--no-timing"]) == 0


def test_what_all_decks_fail_of_is_said_once(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "study.toml").write_text(LJ.replace("lj/cut", "lj/cutt"))
    assert main(["run", str(tmp_path), "--workers", "1"]) == 1
    printed = capfd.readouterr()
    assert printed.out.count("Unrecognized pair style") == 1
    assert "4 decks failed alike, minimize/start" in printed.out
    assert f"its log: {tmp_path / 'decks/minimize/start/log.lammps'}" in printed.out.replace("\n", "")
    assert printed.err.count("Unrecognized pair style") == 1
    assert "nvt/T0025.000K-r1: failed as minimize/start" in printed.err
