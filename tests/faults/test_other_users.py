"""A study of another user: what may not be read or written is named in a sentence, and nothing of it is changed.

The studies belong to nobody, and root, who runs the tests, gives up its right to pass over that.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from small_study import deck_of, rows_of, small_study

import deckgen
from deckgen.processes.lock import lock

NOBODY = 65534
COMMANDS = ("run", "status", "analyse", "report")
PROGRAM = """
import json, os, sys, tempfile
from deckgen.cli import main
ends, own = [], os.dup(1)
for arguments in json.loads(sys.argv[1]):
    with tempfile.TemporaryFile("w+") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
        code = main(arguments)
        sys.stdout.flush()
        said.seek(0)
        ends.append([code, said.read()])
os.write(own, json.dumps(ends).encode())
"""
"""Runs commands one after another: a process for each would take seconds."""


class Ended(NamedTuple):
    """The exit code of a command, and what it said."""

    code: int
    said: str


def ordinary(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command without root's rights on the files of others."""
    start = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner", "--"]
    environment = os.environ | {"COLUMNS": "999"}
    return subprocess.run([*start, *command], env=environment, capture_output=True, text=True, timeout=300, check=False)


def read_only(study: Path) -> None:
    """As a home folder that others may look at."""


def closed(study: Path) -> None:
    study.chmod(0o700)


def closed_decks(study: Path) -> None:
    (study / "decks").chmod(0o700)


def closed_protocol(study: Path) -> None:
    (study / "decks/nvt").chmod(0o700)


def closed_deck(study: Path) -> None:
    deck_of(study).chmod(0o700)


def closed_rows(study: Path) -> None:
    (deck_of(study) / "energies.dat").chmod(0o600)


def closed_manifest(study: Path) -> None:
    (deck_of(study) / "deck.json").chmod(0o600)


def closed_study_file(study: Path) -> None:
    (study / "study.toml").chmod(0o600)


STATES = (
    read_only,
    closed,
    closed_decks,
    closed_protocol,
    closed_deck,
    closed_rows,
    closed_manifest,
    closed_study_file,
)
every_state = pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the studies are."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root, with setpriv, makes files of another user")
    folder = tmp_path_factory.mktemp("others")
    (folder / "probe").touch(mode=0o600)
    os.chown(folder / "probe", NOBODY, NOBODY)
    if ordinary("cat", str(folder / "probe")).returncode != 1:
        pytest.skip("root cannot give up its rights here")
    return folder


@pytest.fixture(scope="module")
def ended(folder: Path) -> dict[tuple[str, str], Ended]:
    """How each command ends on a study in each state."""
    first = small_study(folder / "first", duration_ps=2, restart_every=200)
    assert not deckgen.run(first, progress=False).failed
    studies = {state.__name__: folder / state.__name__ for state in STATES}
    for state, study in zip(STATES, studies.values(), strict=True):
        shutil.copytree(first, study, symlinks=True)
        state(study)
        for path in (study, *study.rglob("*")):
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    pairs = [(name, command) for name in studies for command in COMMANDS]
    arguments = json.dumps([[command, str(studies[name])] for name, command in pairs])
    before = {path: path.lstat().st_mtime_ns for study in studies.values() for path in (study, *study.rglob("*"))}
    done = ordinary(sys.executable, "-c", PROGRAM, arguments)
    assert done.returncode == 0, done.stderr
    after = {path: path.lstat().st_mtime_ns for study in studies.values() for path in (study, *study.rglob("*"))}
    assert after == before
    return {pair: Ended(*end) for pair, end in zip(pairs, json.loads(done.stdout), strict=True)}


@every_state
@pytest.mark.parametrize("command", COMMANDS)
def test_a_study_of_another_user_ends_a_command_in_a_sentence(
    ended: dict[tuple[str, str], Ended], folder: Path, state, command: str
) -> None:
    end = ended[state.__name__, command]
    assert "Traceback" not in end.said
    assert "a bug in deckgen" not in end.said
    if command == "status" and state is read_only:
        assert end.code == 0
        return
    assert end.code in {1, 2}
    errors = [line for line in end.said.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert str(folder / state.__name__) in errors[0]
    assert re.search("permission denied|cannot be written|is not readable", errors[0], re.IGNORECASE)


def test_a_deck_of_another_user_fails_by_its_name_and_the_others_go_on(folder: Path) -> None:
    study = small_study(folder / "shared", duration_ps=2, restart_every=200)
    assert not deckgen.run(study, progress=False).failed
    small_study(study, duration_ps=4, restart_every=200)
    deckgen.write_decks(study)
    foreign = deck_of(study)
    for path in (foreign, *foreign.iterdir()):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    done = ordinary(sys.executable, "-m", "deckgen", "run", str(study))
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert "2 decks done, 0 were done before, 1 failed" in done.stdout
    (said,) = (line for line in done.stdout.splitlines() if line.startswith("nvt/T0020.000K-r1: "))
    assert re.search("permission denied|cannot be written", said, re.IGNORECASE)
    assert rows_of(deck_of(study, 25))[-1] == rows_of(deck_of(study, 30))[-1] == 2000


def test_a_deck_that_another_user_runs_is_seen_to_run(folder: Path) -> None:
    look = "import sys, pathlib, deckgen.processes.lock as l; print(l.held(pathlib.Path(sys.argv[1])))"
    path = folder / "lock"
    with lock(path, "this"):
        os.chown(path, NOBODY, NOBODY)
        path.chmod(0o644)
        assert ordinary(sys.executable, "-c", look, str(path)).stdout == "True\n"
    assert ordinary(sys.executable, "-c", look, str(path)).stdout == "False\n"
