"""Two commands at a time: the second one is refused, or waits; nothing is moved from under a LAMMPS that runs."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ase.calculators.emt import EMT
from ase.io import write
from small_study import deck_of, small_study

import deckgen
from deckgen.decks.clusters import build
from deckgen.decks.deck import write_decks
from deckgen.errors import RunError
from deckgen.files import whole
from deckgen.processes.children import dying_with_parent
from deckgen.processes.lock import LOCK, lock
from deckgen.runs.rows import last_step
from deckgen.runs.status import status
from deckgen.training.recipe import Recipe
from deckgen.workflows.train.augment import augment
from deckgen.workflows.train.curate import curate
from deckgen.workflows.train.fit import fit
from deckgen.workflows.train.label import label

RUN = "import sys; from deckgen.cli import main; sys.exit(main(['run', sys.argv[1]]))"
PARENT = """
import subprocess, sys, time
from deckgen.processes.children import dying_with_parent
print(subprocess.Popen(dying_with_parent(["/bin/sleep", "1000"])).pid, flush=True)
time.sleep(1000)
"""
WRITER = """
import sys
from pathlib import Path
from deckgen.files import remove_leftovers, whole
for _ in range(60):
    with whole(Path(sys.argv[1])) as part, part.open("w") as file:
        for _ in range(20):
            print(sys.argv[2] * 50, file=file, flush=True)
    remove_leftovers(Path(sys.argv[1]).parent, ".")
"""
LONG_FIT = """
[data]
files = ["labelled.extxyz"]
e0 = "average"
isolated_spin = "none: a classical potential"
[curate]
select = 30
holdout_fraction = 0.1
[fit.two_body]
n_sparse = 10
[fit.soap]
n_max = 10
l_max = 8
n_sparse = 300
[augment]
by = "pool"
"""


@pytest.mark.parametrize("force", [True, False])
def test_decks_are_not_written_while_they_run(tmp_path: Path, until, force: bool) -> None:
    study = small_study(tmp_path / "study", duration_ps=100_000)
    with subprocess.Popen([sys.executable, "-c", RUN, study], stderr=subprocess.DEVNULL) as program:
        try:
            until(lambda: last_step(deck_of(study)) > 0)
            small_study(study, duration_ps=8, damping_fs=300 if force else 200)
            with pytest.raises(RunError, match=f"the study {study} is in use: process {program.pid}"):
                write_decks(study, force=force)
            assert "index 50000000" in (deck_of(study) / "in.lammps").read_text()
            assert not (study / "decks.old").exists()
        finally:
            program.kill()


def test_a_killed_batch_leaves_nothing_in_use_for_the_next(tmp_path: Path, until) -> None:
    """Its workers die with it, but not in the same moment: the next batch begins at once."""
    study = small_study(tmp_path / "study", duration_ps=100_000)
    write_decks(study)
    for _ in range(2):
        with subprocess.Popen([sys.executable, "-c", RUN, study], stderr=subprocess.DEVNULL) as program:
            until(lambda: sum(deck.state == "running" for deck in status(study)) > 1)
            program.kill()
    reached = max(last_step(deck_of(study)), last_step(deck_of(study, 25)), 4000)
    small_study(study, duration_ps=(reached - reached % 1000 + 1000) / 500)
    assert deckgen.run(study, progress=False).failed == []


def test_a_file_that_two_commands_write_is_written_whole_by_each(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    words = [sys.executable, "-c", WRITER, str(file)]
    writers = [subprocess.Popen([*words, letter], stderr=subprocess.PIPE, text=True) for letter in "abc"]
    ended, seen = False, set[str]()
    while not ended:
        ended = all(writer.poll() is not None for writer in writers)
        if file.exists():
            seen.add(file.read_text())
    assert [writer.communicate()[1] for writer in writers] == ["", "", ""]
    assert seen <= {20 * (letter * 50 + "\n") for letter in "abc"}
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_goes_before_it_is_taken_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another command may move the file into place after this one opened it: the two would then not see each other."""
    flock, moved = fcntl.flock, list[Path]()

    def late(file: int, how: int) -> None:
        if not moved:
            moved.append((tmp_path / "file.part").rename(tmp_path / "file"))
        flock(file, how)

    monkeypatch.setattr("deckgen.parts.fcntl.flock", late)
    with whole(tmp_path / "file") as part:
        assert part.exists()
    assert moved


@pytest.mark.parametrize("command", [deckgen.isomers, deckgen.report])
def test_a_command_waits_for_the_results_that_another_one_writes(
    analysed: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[[Path], object]
) -> None:
    monkeypatch.setattr("deckgen.processes.lock._WRITING_S", 0.1)
    results = analysed / "results"
    before = (results / "isomers.json").read_bytes()
    with lock(results / LOCK, "the other's"), pytest.raises(RunError, match=f"the folder {results} is in use"):
        command(analysed)
    assert (results / "isomers.json").read_bytes() == before
    assert not (analysed / "report.html").exists()


def test_commands_of_a_training_project_exclude_each_other(tmp_path: Path) -> None:
    (tmp_path / "gap.toml").write_text('[reference]\ncalculator = "emt"\n')
    recipe = Recipe.read(tmp_path)
    with lock(tmp_path / LOCK, "the project"):
        for command in (fit, label, augment):
            with pytest.raises(RunError, match=f"the training project {tmp_path} is in use"):
                command(recipe)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_program_that_was_started_dies_with_its_parent(until, number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        until(lambda: Path(f"/proc/{child}/comm").read_text() == "sleep\n")
        os.kill(parent.pid, number)
    until(lambda: not Path(f"/proc/{child}").exists() or ") Z " in Path(f"/proc/{child}/stat").read_text(), 10)


def test_a_program_whose_parent_died_first_does_not_begin(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    command = dying_with_parent(["/bin/touch", str(begun)])
    command[command.index(str(os.getpid()))] = "1"
    subprocess.run(command, check=False)
    assert not begun.exists()


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study that was analysed, with isomers among the frames of its ladder."""
    study = small_study(tmp_path_factory.mktemp("analysed") / "study", duration_ps=40)
    with (study / "study.toml").open("a") as file:
        file.write('[isomers]\nsource = "nvt"\nevery = 20\n')
    assert not deckgen.run(study, progress=False).failed
    deckgen.isomers(study, progress=False)
    deckgen.analyse(study, figures=False)
    (study / "results" / "figures" / "caloric_curve.svg").touch()
    return study


@pytest.fixture(scope="module")
def curated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training project of copper whose fit takes gap_fit much longer than a signal."""
    folder = tmp_path_factory.mktemp("long-fit")
    (folder / "gap.toml").write_text(LONG_FIT)
    for number in range(50):
        atoms = build("Cu", 13)
        atoms.rattle(0.2, seed=number)
        atoms.calc = EMT()
        atoms.info |= {"REF_energy": atoms.get_potential_energy(), "trajectory": f"T{number % 5}"}
        atoms.arrays["REF_forces"] = atoms.get_forces()
        atoms.calc = None
        write(folder / "labelled.extxyz", atoms, append=number > 0)
    curate(Recipe.read(folder))
    return folder


@pytest.mark.parametrize("command", ["fit", pytest.param("augment", marks=pytest.mark.long)])
def test_gap_fit_ends_with_the_command_that_sigterm_ends(curated: Path, until, command: str) -> None:
    words = [sys.executable, "-m", "deckgen", "train", command, str(curated)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as program:
        until(lambda: program.poll() is not None or gap_fits_in(curated))
        (child,) = gap_fits_in(curated)
        program.terminate()
        assert "Traceback" not in program.communicate(timeout=60)[1]
    assert program.returncode != 0
    until(lambda: child not in gap_fits_in(curated), 5)
    assert not list(curated.glob("**/gap.xml"))
    with lock(curated / LOCK, "the project"):  # which is free
        pass


def gap_fits_in(folder: Path) -> list[int]:
    """Return the gap_fit processes that run below a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if (path / "comm").read_text() == "gap_fit\n" and Path(os.readlink(path / "cwd")).is_relative_to(folder):
                found.append(int(path.name))
        except OSError:  # it has just ended, or is another user's
            continue
    return found
