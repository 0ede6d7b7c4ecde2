"""One small study, run for real once, and copies of it to change."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from deckgen.runs.batch import run
from deckgen.workflows.analyse.study import analyse

MadeOnce = Callable[[str, Callable[[Path], object]], Path]

STUDY = """
[study]
name = "Na13 <short>"
[cluster]
element = "Na"
size = 13
[potential]
name = "na-gupta"
[ladder]
temperatures_K = [150, 190, 230, 270, 310]
[nvt]
timestep_fs = 4
duration_ps = 40
sample_every = 5
frame_every = 250
[analysis]
grid_K = 2
bootstraps = 20
"""


@pytest.fixture(scope="session")
def finished(made_once: MadeOnce) -> Path:
    """A study whose runs are done; not to be changed."""

    def make(folder: Path) -> None:
        (folder / "study.toml").write_text(STUDY)
        assert run(folder, workers=2, progress=False).failed == []

    return made_once("finished-study", make)


@pytest.fixture
def study(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished study, without results."""
    return Path(shutil.copytree(finished, tmp_path / "study", symlinks=True))


@pytest.fixture(scope="session")
def analysed(finished: Path, made_once: MadeOnce) -> Path:
    """The study with its results; not to be changed."""

    def make(folder: Path) -> None:
        shutil.copytree(finished, folder, symlinks=True, dirs_exist_ok=True)
        analyse(folder)

    return made_once("analysed-study", make)


@pytest.fixture
def deck() -> Callable[[Path, float], Path]:
    return lambda study, T: study / "decks" / "nvt" / f"T{T:08.3f}K-r1"


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20240607)
