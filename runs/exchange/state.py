"""A ladder's two files: how far each rung is and which walker it holds, and where every walker has been.

A walker is a configuration on its way through the rungs. `exchange-r1.json` is replaced at once, after all rungs have
written their restarts: with it the ladder is at a new step, before it at the old one.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from deckgen.decks.protocols import NVT
from deckgen.errors import RunError
from deckgen.files import append, reason, set_aside, write_json
from deckgen.records import read_record

__all__ = ["LadderState", "RungState", "append_walkers", "read_state", "state_file", "walkers_file", "write_state"]


@dataclass(frozen=True)
class RungState:
    """Where a rung stands: the step of its restart, and its walker."""

    step: int
    walker: int

    def __post_init__(self) -> None:
        """Refuse numbers that count nothing."""
        if min(self.step, self.walker) < 0:
            raise ValueError(f"step {self.step} or walker {self.walker} is negative")


@dataclass(frozen=True)
class LadderState:
    """Where a ladder stands.

    Parameters
    ----------
    rungs
        By the name of the deck.
    walkers_bytes
        Length of the file of the walkers then: what is behind it belongs to steps that a kill has undone.
    """

    rungs: dict[str, RungState]
    walkers_bytes: int = 0

    def __post_init__(self) -> None:
        """Refuse a length that is none."""
        if self.walkers_bytes < 0:
            raise ValueError(f"walkers_bytes is {self.walkers_bytes}")

    def step_of(self, name: str) -> int | None:
        """Return the step of a rung's restart; None where the ladder does not know the rung."""
        return self.rungs[name].step if name in self.rungs else None

    def with_rungs(self, names: list[str]) -> LadderState:
        """Return the state with rungs that are new to it: each brings a walker of its own."""
        known = dict(self.rungs)
        for name in names:
            known.setdefault(name, RungState(0, 1 + max((rung.walker for rung in known.values()), default=-1)))
        return replace(self, rungs=known)


@dataclass(frozen=True)
class _StateFile:
    """What the file has."""

    schema: Literal[1]
    rungs: dict[str, RungState]
    walkers_bytes: int


def state_file(study_folder: Path, replica: int) -> Path:
    """Return the file that says where a ladder stands."""
    return NVT.folder(study_folder) / f"exchange-r{replica}.json"


def walkers_file(state: Path) -> Path:
    """Return the file of a ladder's walkers."""
    return state.with_suffix(".dat")


def read_state(file: Path) -> LadderState:
    """Read where a ladder stands; the beginning where there is no file.

    Raises
    ------
    RunError
        If the file is damaged.
    """
    try:
        said = read_record(file, _StateFile)
        return LadderState(said.rungs, said.walkers_bytes)
    except FileNotFoundError:
        return LadderState({})
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise RunError(
            f"{file}: not where a ladder stands ({why})",
            hint="put it back; without it the rungs begin from their own restarts, with new walkers",
        ) from error


def write_state(file: Path, state: LadderState) -> None:
    """Replace what a ladder's file says: from then on it stands there."""
    write_json(file, asdict(_StateFile(1, state.rungs, state.walkers_bytes)))


def append_walkers(file: Path, state: LadderState, lines: list[str]) -> LadderState:
    """Write lines behind those that belong to a state; return the state with them.

    Raises
    ------
    RunError
        If the file is shorter than it was, or the disk refuses it.
    """
    size = file.stat().st_size if file.exists() else 0
    if size < state.walkers_bytes:
        raise RunError(
            f"{file}: {size} bytes, where {state.walkers_bytes} belong to the ladder's steps", hint="put it back"
        )
    if size and not state.walkers_bytes:
        set_aside(file)  # of a ladder that nothing else tells of any more
    elif size > state.walkers_bytes:
        os.truncate(file, state.walkers_bytes)
    text = "".join(f"{line}\n" for line in lines)
    if text:
        append(file, text)
    return replace(state, walkers_bytes=state.walkers_bytes + len(text.encode()))
