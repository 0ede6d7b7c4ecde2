"""A deck that is done leaves eight files, and with them all that it computed, and all that it takes to go on."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from small_study import deck_of, rows_of, small_study
from untidied import restarts_of, untidy

import deckgen
from deckgen.decks.deck import write_decks
from deckgen.decks.manifest import read_manifest, read_run
from deckgen.runs.journal import read_attempts
from deckgen.runs.status import status

FILES = ["cluster.data", "deck.json", "energies.dat", "frames.extxyz", "in.lammps"]
FILES += ["log.lammps", "nvt.restart", "quenched.extxyz"]


@pytest.fixture(scope="module")
def done_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study whose decks are done, at 1,000 steps; not to be changed."""
    study = small_study(tmp_path_factory.mktemp("done") / "study", duration_ps=2, restart_every=400)
    assert not deckgen.run(study, progress=False).failed
    return study


@pytest.fixture
def done(done_once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(done_once, tmp_path / "study"))


@pytest.fixture(scope="module")
def extended(done_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same made longer, and done at 1,200."""
    study = Path(shutil.copytree(done_once, tmp_path_factory.mktemp("extended") / "study"))
    longer(study)
    assert not deckgen.run(study, progress=False).failed
    return study


def longer(study: Path) -> None:
    small_study(study, duration_ps=2.4, restart_every=400)


def names_in(deck: Path) -> list[str]:
    return sorted(path.name for path in deck.iterdir())


def test_a_deck_that_is_done_leaves_eight_files_however_many_attempts_it_took(extended: Path) -> None:
    for kelvin in (20, 25, 30):
        assert names_in(deck_of(extended, kelvin)) == FILES


def test_its_attempts_and_the_record_of_its_restart_are_in_deck_json(extended: Path) -> None:
    deck = deck_of(extended)
    assert [(one.outcome, one.from_step, one.to_step) for one in read_attempts(deck)] == [
        ("done", 0, 1000),
        ("done", 1000, 1200),
    ]
    (record,) = read_run(deck)["restarts"]
    assert (record["step"], record["identity"]) == (1200, read_manifest(deck).identity)
    assert status(extended)[0].ns_per_day


def test_its_log_has_the_logs_of_all_attempts_in_order(extended: Path) -> None:
    log = (deck_of(extended) / "log.lammps").read_text()
    assert log.count("\nLAMMPS (") + log.startswith("LAMMPS (") == 2
    assert 0 < log.index("\nReading data file") < log.index("\nReading restart file")


def test_decks_that_are_written_again_or_made_longer_keep_what_deck_json_says_of_their_runs(done: Path) -> None:
    runs = [read_run(deck_of(done, kelvin)) for kelvin in (20, 25, 30)]
    assert all(runs)
    small_study(done, duration_ps=2, restart_every=400)
    assert [deck.change for deck in write_decks(done)] == ["same"] * 3
    longer(done)
    assert [deck.change for deck in write_decks(done)] == ["updated"] * 3
    assert [read_run(deck_of(done, kelvin)) for kelvin in (20, 25, 30)] == runs


def test_a_bare_lmp_still_runs_it(done: Path) -> None:
    longer(done)
    write_decks(done)
    deck = deck_of(done)
    subprocess.run([Path(sys.prefix, "bin", "lmp"), "-in", "in.lammps", "-screen", "none"], cwd=deck, check=True)
    assert rows_of(deck) == list(range(10, 1210, 10))
    assert status(done)[0].state == "done"


def test_decks_that_an_earlier_version_ran_or_whose_run_is_damaged_go_on(done: Path) -> None:
    earlier, damaged = deck_of(done, 20), deck_of(done, 25)
    untidy(restarts_of([earlier]))
    assert {"nvt.restart.old", "nvt.restart.json", "status.json"} < set(names_in(earlier))
    assert (status(done)[0].state, len(read_attempts(earlier))) == ("done", 1)
    text = (damaged / "deck.json").read_text()
    for right, wrong in (('"attempts": [', '"attempts": 1, "others": ['), ('"sha256"', '"hash"')):
        assert right in text
        (damaged / "deck.json").write_text(text := text.replace(right, wrong))
        assert read_attempts(damaged) == ()
        assert status(done)[1].state == "done"
    longer(done)
    assert not deckgen.run(done, progress=False).failed
    assert [attempt.from_step for attempt in read_attempts(earlier)] == [0, 1000]
    assert [attempt.from_step for attempt in read_attempts(damaged)] == [1000]  # LAMMPS read the restart
    assert names_in(earlier) == names_in(damaged) == FILES
