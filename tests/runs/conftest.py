from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from deckgen.decks.deck import read_manifests
from deckgen.decks.manifest import ENERGIES
from deckgen.runs.journal import read_attempts

STUDY = """
[cluster]
element = "Ar"
size = 13
{container}
relax = {relax}
[potential]
kind = "lammps"
pair_style = "{pair_style}"
pair_coeff = ["* * 0.0103 3.4"]
mass_u = 39.948
[ladder]
temperatures_K = {temperatures_K}
[nvt]
timestep_fs = 2
duration_ps = {duration_ps}
sample_every = 10
frame_every = 1000
restart_every = {restart_every}
replicas = {replicas}
"""


@pytest.fixture
def make_study(tmp_path) -> Callable[..., Path]:
    """Write a study of LJ13, of which one core runs some 50,000 steps a second, or write it again with changes."""

    def make(**changes) -> Path:
        defaults = {
            "container": "container_radius_A = 9.0",
            "relax": "true",
            "pair_style": "lj/cut 60.0",
            "temperatures_K": [20, 25, 30],
            "duration_ps": 40,
            "restart_every": 5000,
            "replicas": 1,
        }
        folder = tmp_path / "study"
        folder.mkdir(exist_ok=True)
        (folder / "study.toml").write_text(STUDY.format(**defaults | changes))
        return folder

    return make


@pytest.fixture
def nvt_decks() -> Callable[[Path], list[Path]]:
    return lambda study: [folder for folder, manifest in read_manifests(study) if manifest.protocol == "nvt"]


@pytest.fixture
def attempts() -> Callable[[Path], list[dict]]:
    return lambda deck: [asdict(attempt) for attempt in read_attempts(deck)]


@pytest.fixture
def steps() -> Callable[..., np.ndarray]:
    """Return the steps in the first column of a deck's file of rows."""

    def read(deck: Path, name: str = ENERGIES) -> np.ndarray:
        lines = (deck / name).read_text().splitlines()
        return np.array([int(line.split()[0]) for line in lines if not line.startswith("#")])

    return read
