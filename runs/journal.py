"""`status.json`: what was tried with a deck, attempt by attempt; of a deck that is done, `deck.json` has it.

It explains a run; it decides nothing. How far a deck is, its own outputs tell.
"""

from __future__ import annotations

import os
import socket
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from deckgen.decks.manifest import read_run
from deckgen.files import unless_refused, write_json
from deckgen.records import as_record, read_record
from deckgen.runs.outputs import Cut

__all__ = ["JOURNAL", "Attempt", "begin", "close", "close_dead", "read_attempts"]

JOURNAL = "status.json"


@dataclass(frozen=True)
class Attempt:
    """One attempt at a deck.

    `outcome` is `running` until it is known: `done`, `interrupted`, `failed`; `killed` where it had no time left to
    stop, or where a later attempt found that it had ended without a word. The dropped rows and frames are those of
    earlier attempts, past the step that this one started from (with what a kill cut short); they are kept in
    `energies.dropped.dat` and `frames.dropped.extxyz`. `passed_over` says of restart files why it did not start from
    them.
    """

    started: str
    host: str
    pid: int
    from_step: int
    to_step: int | None = None
    dropped_rows: int = 0
    dropped_frames: int = 0
    seconds: float | None = None
    outcome: str = "running"
    message: str = ""
    passed_over: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a time that is none."""
        datetime.fromisoformat(self.started)


@dataclass(frozen=True)
class _Journal:
    """The file: its attempts in order."""

    attempts: tuple[Attempt, ...]
    schema: int = 1


def read_attempts(folder: Path) -> tuple[Attempt, ...]:
    """Return a deck's attempts in order; none where a bare `lmp` or nothing ran it, or the file is damaged."""
    try:
        if (folder / JOURNAL).exists():
            return read_record(folder / JOURNAL, _Journal).attempts
        return as_record({"attempts": read_run(folder).get("attempts", [])}, _Journal).attempts
    except (OSError, ValueError):
        return ()


def begin(folder: Path, from_step: int, reached: int, cut: Cut, passed_over: tuple[str, ...] = ()) -> None:
    """Note that an attempt begins; one that is still `running` was killed, at the step `reached` or after it."""
    attempts = [
        replace(old, outcome="killed", to_step=reached) if old.outcome == "running" else old
        for old in read_attempts(folder)
    ]
    new = Attempt(
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        host=socket.gethostname(),
        pid=os.getpid(),
        from_step=from_step,
        dropped_rows=cut.rows,
        dropped_frames=cut.frames,
        passed_over=passed_over,
    )
    _write(folder, [*attempts, new])


def close(folder: Path, outcome: str, to_step: int, seconds: float | None = None, message: str = "") -> None:
    """Note how the last attempt ended."""
    attempts = list(read_attempts(folder))
    if attempts:
        attempts[-1] = replace(attempts[-1], outcome=outcome, to_step=to_step, seconds=seconds, message=message)
        _write(folder, attempts)


def close_dead(folder: Path, outcome: str, to_step: int, message: str) -> None:
    """Note how the last attempt ended, unless its process has said so itself."""
    attempts = read_attempts(folder)
    if attempts and attempts[-1].outcome == "running":
        close(folder, outcome, to_step, message=message)


def _write(folder: Path, attempts: list[Attempt]) -> None:
    with unless_refused():
        write_json(folder / JOURNAL, asdict(_Journal(tuple(attempts))))
