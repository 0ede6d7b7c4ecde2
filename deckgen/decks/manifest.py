"""A deck's folder as every stage sees it: the names of its files, and its manifest.

Light, because every process of a batch imports it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deckgen.errors import InputError
from deckgen.files import read_json

__all__ = [
    "DATA",
    "ENERGIES",
    "FRAMES",
    "MANIFEST",
    "OLD_RESTART",
    "OUTPUTS",
    "QUENCHED",
    "RESTART",
    "SCRIPT",
    "Manifest",
    "read_manifest",
]

SCRIPT = "in.lammps"
DATA = "cluster.data"
MANIFEST = "deck.json"
ENERGIES = "energies.dat"
FRAMES = "frames.extxyz"
RESTART = "nvt.restart"
OLD_RESTART = "nvt.restart.old"
QUENCHED = "quenched.extxyz"
OUTPUTS = ("energies*", "frames*", "quenched*", "*.restart*", "log.*", "status.json*", ".*")
"""Patterns of what is written beside a deck."""


@dataclass(frozen=True)
class Manifest:
    """What `deck.json` says of a deck.

    `identity` is a hash of everything that decides what the deck computes, its length apart: a longer deck continues
    the same run. `settings` holds the same in the study's words, to say what changed.
    """

    protocol: str
    id: str
    identity: str
    formula: str
    n_atoms: int
    potential_name: str
    potential_sha256: str
    settings: dict[str, Any]
    n_steps: int
    temperature_K: float | None = None
    replica: int = 1
    thermostat: str = ""
    timestep_fs: float = 0.0
    sample_every: int = 0
    frame_every: int = 0
    restart_every: int = 0
    schema: int = 1

    @property
    def start(self) -> str:
        """What its run begins with: `minimum` or `melted`."""
        return "melted" if self.settings.get("melt_K") else "minimum"

    @property
    def planned_ps(self) -> float:
        """Length of the run."""
        return self.n_steps * self.timestep_fs / 1000


def read_manifest(folder: Path) -> Manifest:
    """Read a deck folder's `deck.json`.

    Raises
    ------
    InputError
        If it is missing or not a manifest.
    """
    path = folder / MANIFEST
    try:
        return Manifest(**read_json(path))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"{path}: not a deck's manifest ({error})", hint="write the decks again: deckgen decks"
        ) from error
