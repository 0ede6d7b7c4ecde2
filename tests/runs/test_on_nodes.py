"""Decks on an executor whose tasks are taken away: blocks of nodes, here processes of this machine."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from small_study import deck_of, frames_of, rows_of, small_study

import deckgen
from deckgen.processes.cluster.machine import Machine
from deckgen.processes.executor import TaskExecutor, open_executor
from deckgen.runs.journal import read_attempts
from deckgen.runs.status import status

STUCK = """{% extends "deckgen/nvt.in.j2" %}
{% block structure %}
{{ super() }}
{% if temperature_K == 20 %}
shell 'kill -TERM $PPID; sleep 1'
{% endif %}
{% endblock %}
"""


@pytest.fixture(scope="module")
def executor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TaskExecutor]:
    machine = Machine(scheduler="local", cores=3, lost_after_s=8)
    with open_executor(machine=machine, log=tmp_path_factory.mktemp("engine")) as opened:
        yield opened


def attempts(deck: Path) -> list[dict[str, Any]]:
    return [asdict(attempt) for attempt in read_attempts(deck)]


def begun(deck: Path) -> bool:
    return bool(attempts(deck)) and (deck / "energies.dat").exists() and len(rows_of(deck)) > 1


def test_decks_that_others_stop_or_kill_begin_again_without_a_row_lost(
    tmp_path: Path, executor: TaskExecutor, until: Callable[..., None]
) -> None:
    study = small_study(tmp_path / "study", duration_ps=200, restart_every=20_000)
    told, killed = deck_of(study, 20), deck_of(study, 25)

    def press(deck: Path, number: signal.Signals) -> None:
        until(lambda: begun(deck))
        os.kill(attempts(deck)[-1]["pid"], number)

    pressers = [
        threading.Thread(target=press, args=pressed) for pressed in ((told, signal.SIGTERM), (killed, signal.SIGKILL))
    ]
    for presser in pressers:
        presser.start()
    result = deckgen.run(study, executor=executor, progress=False)
    for presser in pressers:
        presser.join()
    assert (len(result.done), result.failed, result.interrupted) == (3, [], [])
    assert [deck.state for deck in status(study)] == ["done"] * 3
    for deck in (told, killed):
        assert rows_of(deck) == list(range(10, 100_001, 10))
        assert frames_of(deck) == list(range(500, 100_001, 500))
    assert [attempt["outcome"] for attempt in attempts(told)] == ["interrupted", "done"]
    assert [attempt["outcome"] for attempt in attempts(killed)] == ["killed", "done"]


@pytest.mark.long
def test_a_deck_that_gains_no_step_in_three_attempts_has_failed_with_the_reason(
    tmp_path: Path, executor: TaskExecutor
) -> None:
    study = small_study(tmp_path / "study")
    (study / "templates").mkdir()
    (study / "templates/nvt.in.j2").write_text(STUCK)
    stuck = deck_of(study, 20)
    result = deckgen.run(study, executor=executor, progress=False)
    assert {record.folder for record in result.done} == {deck_of(study, 25), deck_of(study, 30)}
    (failed,) = result.failed
    assert failed.folder == stuck
    assert "stopped 3 times without a step gained" in failed.message
    assert len(attempts(stuck)) == 3
