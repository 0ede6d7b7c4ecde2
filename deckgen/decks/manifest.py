"""A deck's folder as every stage sees it: the names of its files, and its manifest.

Light, because every process of a batch imports it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deckgen.errors import InputError
from deckgen.files import read_json
from deckgen.records import as_record

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
    "manifest_text",
    "read_manifest",
    "read_run",
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

_RUN = "run"


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

    def __post_init__(self) -> None:
        """Refuse what no deck has: a damaged file would divide by zero."""
        least = {"n_atoms": 1, "replica": 1, "n_steps": 0, "sample_every": 0, "frame_every": 0, "restart_every": 0}
        if self.n_steps:
            least |= {"sample_every": 1}
        for key, smallest in least.items():
            if getattr(self, key) < smallest:
                raise ValueError(f"{key} is {getattr(self, key)}")
        if self.n_steps and not (self.timestep_fs > 0 and (self.temperature_K or 0) > 0):
            raise ValueError(f"timestep_fs is {self.timestep_fs:g}, temperature_K is {self.temperature_K}")

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
        If it is missing or not a manifest; the message names the key.
    """
    path = folder / MANIFEST
    try:
        document = read_json(path)
        if isinstance(document, dict):
            document.pop(_RUN, None)
        return as_record(document, Manifest)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: not a deck's manifest ({error})", hint="write the decks again: deckgen decks"
        ) from error


def read_run(folder: Path) -> dict[str, Any]:
    """Return what `deck.json` says of the runs of a deck that is done: its attempts, and the record of its restart.

    Empty for a deck that is not done, and where the file is damaged: it only explains.
    """
    try:
        run = read_json(folder / MANIFEST)[_RUN]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return run if isinstance(run, dict) else {}


def manifest_text(manifest: Manifest, run: dict[str, Any] | None = None) -> str:
    """Return the text of `deck.json`; `run` is what `read_run` returns."""
    return json.dumps(vars(manifest) | ({_RUN: run} if run else {}), indent=1) + "\n"
