"""A command with --detach: started again in the background, without a terminal."""

from __future__ import annotations

import inspect
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from small_study import deck_of, rows_of, small_study

from deckgen.cli import train
from deckgen.cli.compare import compare
from deckgen.cli.isomers import isomers
from deckgen.cli.machines import detached, executor_on
from deckgen.cli.study import run
from deckgen.errors import InputError
from deckgen.workflows.machines import init_machine

Until = Callable[..., None]

pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return init_machine("hal", "local")


def started(said: str) -> int:
    found = re.search(r"started as process (\d+)", said)
    assert found is not None
    assert f"to stop: kill {found[1]}" in said
    return int(found[1])


def test_it_is_the_same_command_in_a_session_of_its_own_and_its_words_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], until: Until
) -> None:
    monkeypatch.setattr(sys, "argv", ["deckgen", "machines", "--detach"])
    assert detached("hal", True, tmp_path, "deckgen status argon")
    said = capsys.readouterr().out
    assert "to look: deckgen status argon" in said
    head = started(said)
    assert os.getsid(head) == head
    until(lambda: "hal: local, 4 tasks at once" in (tmp_path / ".engine/head.log").read_text())


def test_without_a_machine_it_is_refused_and_without_a_study_the_command_itself_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--detach without --on"):
        detached(None, True, tmp_path, "")
    with pytest.raises(InputError, match="no such machine"):
        detached("hall", True, tmp_path, "")
    assert not detached("hal", True, tmp_path / "nowhere", "")
    assert not detached("hal", False, tmp_path, "")


def test_a_head_that_is_told_to_end_ends_as_at_ctrl_c_whatever_it_does(tmp_path: Path) -> None:
    """Its jobs are cancelled then; the signal alone would end the head, and leave them to themselves for a minute."""
    with pytest.raises(KeyboardInterrupt), executor_on("hal", tmp_path):
        os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize(
    "command",
    [run, isomers, compare, train.sample, train.label, train.predict, train.validate, train.augment],
    ids=lambda one: one.__name__,
)
def test_what_can_be_sent_to_a_machine_can_be_left_there(command: Callable[..., None]) -> None:
    assert {"on", "detach"} <= inspect.signature(command).parameters.keys()


@pytest.mark.long
def test_a_study_is_run_to_its_end_when_nobody_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], until: Until
) -> None:
    study = small_study(tmp_path / "study")
    monkeypatch.setattr(sys, "argv", ["deckgen", "run", str(study), "--on", "hal", "--detach"])
    run(study, on="hal", detach=True)
    started(capsys.readouterr().out)
    log = study / ".engine/head.log"
    until(lambda: "decks done, 0 were done before, 0 failed" in log.read_text(), 240)
    assert rows_of(deck_of(study, 20))
