"""Studies of many decks, and decks that are done without having run."""

from __future__ import annotations

import shutil
from pathlib import Path

from deckgen.decks.manifest import MANIFEST, Manifest, manifest_text, read_run

__all__ = ["fill", "write_study"]

STUDY = """
[cluster]
element = "Ar"
size = 13
relax = false
[potential]
kind = "lammps"
pair_style = "lj/cut 60.0"
pair_coeff = ["* * 0.0103 3.4"]
mass_u = 39.948
[ladder]
min_K = 20
max_K = 30
count = {rungs}
[nvt]
replicas = {replicas}
duration_ps = {duration_ps}
sample_every = {every}
frame_every = {frame_every}
restart_every = {frame_every}
[isomers]
source = "nvt"
"""
REPLICAS = 50


def write_study(folder: Path, n_decks: int, n_steps: int = 200, every: int = 1) -> Path:
    """Write a study of so many decks."""
    replicas = min(REPLICAS, n_decks // 3)  # a ladder has three rungs or more
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text(
        STUDY.format(
            rungs=n_decks // replicas,
            replicas=replicas,
            duration_ps=n_steps * 0.002,
            every=every,
            frame_every=50 * every,
        )
    )
    return folder


def fill(decks: dict[Path, Manifest], done: Path) -> None:
    """Copy the outputs of a deck that is done to others, and what its manifest says of its runs."""
    outputs = [path for path in done.iterdir() if path.is_file() and path.name != MANIFEST]
    run = read_run(done)
    for deck, manifest in decks.items():
        (deck / MANIFEST).write_text(manifest_text(manifest, run))
        for path in outputs:
            if not (deck / path.name).exists():
                shutil.copy2(path, deck / path.name)
