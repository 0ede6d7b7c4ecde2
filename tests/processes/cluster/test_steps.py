"""The step of a job of one's own: the blocks are asked to end by Slurm, and the user's other steps are not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deckgen.processes.cluster.machine import Machine
from deckgen.processes.cluster.providers import provider_of
from deckgen.processes.cluster.steps import ask_step_to_end


def program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand inside job 9, whose Slurm writes down what it is asked to cancel."""
    monkeypatch.setenv("SLURM_JOB_ID", "9")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    program(tmp_path, "scancel", f'echo "$@" >> {tmp_path}/cancelled')
    return tmp_path


def test_the_named_step_is_asked_to_end_and_no_other(inside: Path) -> None:
    name = f"deckgen-{os.getpid()}"
    program(inside, "squeue", f'echo "$@" > {inside}/asked; echo "9.0 mine\n9.1 {name}\n9.2 {name}0\n9.batch batch"')
    launcher = provider_of(Machine(scheduler="here", cores=1)).launcher
    assert f"--job-name={name}" in launcher("POOL", 1, 1).split()
    ask_step_to_end()
    assert (inside / "cancelled").read_text() == "--signal=TERM 9.1\n"
    assert "--jobs=9" in (inside / "asked").read_text().split()


@pytest.mark.parametrize("answer", ["exit 1", "true", 'echo "9.0 mine"'])
def test_without_such_a_step_nothing_is_cancelled(inside: Path, answer: str) -> None:
    program(inside, "squeue", answer)
    ask_step_to_end()
    assert not (inside / "cancelled").exists()
