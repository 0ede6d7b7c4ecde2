"""A study that runs in seconds: thirteen Lennard-Jones atoms, of which one core runs some 50,000 steps a second."""

from __future__ import annotations

from pathlib import Path

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
temperatures_K = {temperatures_K}
[nvt]
damping_fs = {damping_fs}
duration_ps = {duration_ps}
frame_every = {frame_every}
restart_every = {restart_every}
"""


def small_study(folder: Path, **changes: object) -> Path:
    """Write the study, or write it again with changes; return its folder."""
    usual = {
        "temperatures_K": [20, 25, 30],
        "damping_fs": 200,
        "duration_ps": 8,
        "frame_every": 500,
        "restart_every": 1000,
    }
    folder.mkdir(exist_ok=True)
    (folder / "study.toml").write_text(STUDY.format_map(usual | changes))
    return folder


def deck_of(study: Path, temperature_K: int = 20) -> Path:
    """Return the folder of the deck at a temperature."""
    return study / f"decks/nvt/T{temperature_K:04d}.000K-r1"


def rows_of(deck: Path) -> list[int]:
    """Return the steps of a deck's rows; -1 stands for a line that is no row."""
    lines = [line for line in (deck / "energies.dat").read_bytes().splitlines() if not line.startswith(b"#")]
    return [int(words[0]) if len(words := line.split()) == 6 and words[0].isdigit() else -1 for line in lines]


def frames_of(deck: Path) -> list[int]:
    """Return the steps of a deck's frames."""
    words = (deck / "frames.extxyz").read_text().split()
    return [int(word.removeprefix("Timestep=")) for word in words if word.startswith("Timestep=")]
