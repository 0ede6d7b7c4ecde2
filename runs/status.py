"""How far a study's decks are, by what they have written: decks that a bare `lmp` ran count as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal

from deckgen.decks.deck import deck_folders, own_manifest
from deckgen.decks.manifest import ENERGIES, Manifest
from deckgen.decks.protocols import PARTS
from deckgen.errors import InputError
from deckgen.processes.lock import LOCK, held
from deckgen.runs.index import Index
from deckgen.runs.journal import Attempt, read_attempts
from deckgen.runs.outputs import is_finished, whole_to
from deckgen.runs.rows import last_step
from deckgen.study import Study

__all__ = ["DeckStatus", "State", "deck_status", "ns_per_day", "status"]

WITH_INDEX = 200
"""Studies of so many decks have an index."""

State = Literal["pending", "running", "interrupted", "failed", "done"]


@dataclass(frozen=True, slots=True)
class DeckStatus:
    """Where a deck stands.

    `pending`: never started, or made longer since it was done. `interrupted`: begun, and not running now: it resumes
    from its restart, also where rows or frames are missing: `step` is then the last one before them. `ns_per_day` is
    that of the last attempt, its preparation included; `message` says why it failed, or what is missing.
    """

    protocol: str
    id: str
    temperature_K: float | None
    replica: int
    state: State
    step: int
    n_steps: int
    timestep_fs: float
    ns_per_day: float | None
    message: str = ""

    @property
    def fraction(self) -> float:
        """Part of the deck that is done, 0 to 1."""
        if self.state == "done":
            return 1.0
        return min(self.step / self.n_steps, 1.0) if self.n_steps else 0.0


def ns_per_day(steps_per_s: float, timestep_fs: float) -> float:
    """Return the simulated time (ns) per day of wall time."""
    return steps_per_s * timestep_fs * 1e-6 * 86400


def status(study: Study | Path | str = ".") -> list[DeckStatus]:
    """Return the status of every deck of a study, in the order of the protocols, then by name.

    Parameters
    ----------
    study
        A study, its folder or its file.

    Raises
    ------
    InputError
        If the study is wrong, or there are no decks.
    """
    study_folder = (study if isinstance(study, Study) else Study.read(study)).folder
    folders = [deck for part in PARTS for deck in deck_folders(study_folder, part)]
    if len(folders) < WITH_INDEX:
        decks = [deck_status(folder, own_manifest(folder, protocol)) for protocol, folder in folders]
    else:
        decks = _by_index(study_folder, folders)
    if not decks:
        raise InputError(
            f"{study_folder}: there are no decks", hint="write them: deckgen decks; or run them: deckgen run"
        )
    return decks


def _by_index(study_folder: Path, folders: list[tuple[str, Path]]) -> list[DeckStatus]:
    """Return the status of many decks: only those are read that have changed since the last time, or run."""
    index = Index(study_folder, DeckStatus)

    def look(folder: Path, protocol: str) -> tuple[DeckStatus, bool]:
        found = deck_status(folder, own_manifest(folder, protocol))
        return found, found.state != "running"

    decks = [
        index.get(folder, f"{protocol}/{folder.name}", partial(look, folder, protocol)) for protocol, folder in folders
    ]
    index.write()
    return decks


def deck_status(folder: Path, manifest: Manifest) -> DeckStatus:
    """Return the status of one deck."""
    attempts = read_attempts(folder)
    last = attempts[-1] if attempts else None
    step = last_step(folder)
    state = _state(folder, manifest, last, step)
    message = last.message if last and state == "failed" else ""
    if state not in {"running", "done"} and (hole := _hole(folder, manifest, step)) is not None:
        step, message = hole, message or f"rows or frames are missing after step {hole:,}"
    return DeckStatus(
        protocol=manifest.protocol,
        id=manifest.id,
        temperature_K=manifest.temperature_K,
        replica=manifest.replica,
        state=state,
        step=step,
        n_steps=manifest.n_steps,
        timestep_fs=manifest.timestep_fs,
        ns_per_day=_speed(folder, manifest, attempts, step),
        message=message,
    )


def _state(folder: Path, manifest: Manifest, last: Attempt | None, step: int) -> State:
    if held(folder / LOCK):
        return "running"
    if is_finished(folder, manifest):
        return "done"
    if last is None:
        return "interrupted" if step else "pending"
    if last.outcome == "done":
        return "pending" if last.to_step is None or last.to_step < manifest.n_steps else "interrupted"
    return "failed" if last.outcome == "failed" else "interrupted"


def _hole(folder: Path, manifest: Manifest, step: int) -> int | None:
    """Return the step after which rows or frames are missing before `step`; None where a kill explains it."""
    whole, one_more = (
        whole_to(folder, manifest) if manifest.n_steps else step,
        max(manifest.sample_every, manifest.frame_every),
    )
    return whole if whole < step and (step >= manifest.n_steps or whole + one_more < step) else None


def _speed(folder: Path, manifest: Manifest, attempts: Sequence[Attempt], step: int) -> float | None:
    """Return ns/day of the last attempt, from its journal or, while it runs, from the age of its last row.

    One that had only the last frame to quench does not count: that of a rung whose ladder was done, for instance.
    """
    last = next((attempt for attempt in reversed(attempts) if attempt.from_step < manifest.n_steps), None)
    if last is None or step <= last.from_step:
        return None
    seconds = last.seconds
    if seconds is None:
        seconds = (folder / ENERGIES).stat().st_mtime - datetime.fromisoformat(last.started).timestamp()
    return ns_per_day((step - last.from_step) / seconds, manifest.timestep_fs) if seconds > 0 else None
