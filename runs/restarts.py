"""A deck's restart files, the newest and the one before it: what is known of each, and which one a run resumes from."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from deckgen.contents import regular
from deckgen.decks.manifest import OLD_RESTART, RESTART, Manifest, read_run
from deckgen.errors import DeckgenError, RunError
from deckgen.files import first_free, unless_refused, write_json
from deckgen.records import as_record, read_record
from deckgen.runs.rows import last_step, moments_at

__all__ = [
    "RECORDS",
    "Choice",
    "RestartRecord",
    "RestartState",
    "choose",
    "keep_records",
    "put_in_place",
    "read_records",
    "step_of",
]

RECORDS = "nvt.restart.json"
DROPPED = "nvt.restart.dropped-{}"

_MARK = b"LammpS RestartT\0"  # LAMMPS begins and ends a restart file with it
_STEP = re.compile(rb"metal\0\x05\0\0\0(.{8})", re.DOTALL)  # the units, then the number of the field and the step
_HEADER_BYTES = 4096
_PRINTED = 1e-4  # moments are printed with four decimals


@dataclass(frozen=True)
class RestartRecord:
    """What is known of a restart file: its step and checksum, and the deck that wrote it."""

    step: int
    sha256: str
    deck: str
    identity: str
    potential_sha256: str


class RestartState(NamedTuple):
    """What LAMMPS reads from a restart file: its step and principal moments of inertia (3,) in u A^2, ascending."""

    step: int
    moments_uA2: NDArray[np.float64]


@dataclass(frozen=True)
class _Records:
    """The file: what is known of the restart files beside it."""

    restarts: tuple[RestartRecord, ...]
    schema: int = 1


@dataclass(frozen=True)
class Choice:
    """Where a run begins: the step, and the restart file there (None: from the start).

    `refused` are the files that it must not begin from; `passed_over` says why.
    """

    step: int
    path: Path | None
    refused: tuple[Path, ...] = field(default=())
    passed_over: tuple[str, ...] = field(default=())


def step_of(path: Path) -> int | None:
    """Return the step that a whole restart file is at; None where it is not whole or of another format."""
    return _step_in(_whole(path))


def read_records() -> tuple[RestartRecord, ...]:
    """Return what is known of the working folder's restart files; of a deck that is done, `deck.json` has it."""
    try:
        if Path(RECORDS).exists():
            return read_record(Path(RECORDS), _Records).restarts
        return as_record({"restarts": read_run(Path()).get("restarts", [])}, _Records).restarts
    except (OSError, ValueError):
        return ()


def keep_records(manifest: Manifest) -> None:
    """Write down what the restart files in the working folder are, beside them; no disk that is full stops it.

    One that LAMMPS is replacing at this moment waits for the next call.
    """
    known, found = {record.sha256: record for record in read_records()}, dict[str, RestartRecord]()
    for name in (RESTART, OLD_RESTART):
        data = _whole(Path(name))
        sha256, step = hashlib.sha256(data).hexdigest(), _step_in(data)
        if sha256 in known:
            found[sha256] = known[sha256]
        elif step is not None:
            deck = f"{manifest.protocol}/{manifest.id}"
            found[sha256] = RestartRecord(step, sha256, deck, manifest.identity, manifest.potential_sha256)
    if found.keys() != known.keys():
        with unless_refused():
            write_json(Path(RECORDS), asdict(_Records(tuple(found.values()))))


def choose(manifest: Manifest, resumable_to: int, read: Callable[[Path], RestartState]) -> Choice:
    """Choose the newest restart file of the working folder that is whole, of this deck and not newer than its rows.

    Parameters
    ----------
    manifest
        The deck's.
    resumable_to
        The last step before the first row or frame that is missing.
    read
        Has LAMMPS read a restart file that no record tells of: such as a bare `lmp` writes.

    Raises
    ------
    RunError
        If there is none, and to begin afresh would cost more than two restart intervals.
    """
    known, reached = {record.sha256: record for record in read_records()}, last_step(Path())
    problems, good = dict[Path, str](), dict[Path, int]()
    for path in (path for name in (RESTART, OLD_RESTART) if (path := Path(name)).exists()):
        try:
            step = _checked_step(path, known, manifest, read)
        except RunError as error:
            problems[path] = f"{path} {error.message}"
            continue
        if step > resumable_to:
            whole_to = resumable_to - resumable_to % manifest.sample_every
            problems[path] = f"{path} is at step {step:,}, rows or frames are missing after step {whole_to:,}"
            reached = max(reached, step)
        else:
            good[path] = step
    if good:
        path = max(good, key=lambda path: good[path])
        return Choice(good[path], path, tuple(problems), tuple(problems.values()))
    if manifest.restart_every and reached > 2 * manifest.restart_every:
        why = "; ".join(problems.values()) or f"{RESTART} is missing"
        raise RunError(
            f"no restart file to resume from, and the deck had reached step {reached:,}: {why}",
            hint="nothing was touched; put the file back, or start the deck afresh: deckgen run STUDY --redo "
            f"{manifest.protocol}/{manifest.id}",
        )
    return Choice(0, None, tuple(problems), tuple(problems.values()))


def put_in_place(choice: Choice) -> None:
    """Make the chosen file the working folder's restart; those that were refused are kept aside."""
    for path in choice.refused:
        path.rename(first_free(Path(), DROPPED))
    if choice.path is not None and choice.path.name == OLD_RESTART:
        choice.path.rename(RESTART)


def _checked_step(
    path: Path, known: dict[str, RestartRecord], manifest: Manifest, read: Callable[[Path], RestartState]
) -> int:
    """Return the step of a restart file that is whole and of this deck; the message says what it is otherwise."""
    data = _whole(path)
    if not data:
        raise RunError("is cut short or damaged")
    record = known.get(hashlib.sha256(data).hexdigest())
    if record is not None:
        if record.identity != manifest.identity:
            raise RunError(f"is of another deck, {record.deck}")
        return record.step
    try:
        state = read(path)
    except DeckgenError as error:
        raise RunError(f"cannot be read: {error.message}") from error
    row = moments_at(Path(), state.step)
    if row is not None and not np.allclose(state.moments_uA2, row, rtol=1e-6, atol=_PRINTED):
        raise RunError(f"is not of this run: its structure is not the one of the row at step {state.step:,}")
    return state.step


def _whole(path: Path) -> bytes:
    """Return a restart file's content, and make sure that it is on the disk; nothing where it is not whole."""
    try:
        with open(path, "rb", opener=regular) as file:
            data = file.read()
            os.fsync(file.fileno())
    except OSError:
        return b""
    return data if data.startswith(_MARK) and data.endswith(_MARK) and len(data) > 2 * len(_MARK) else b""


def _step_in(data: bytes) -> int | None:
    found = _STEP.search(data[:_HEADER_BYTES])
    return int.from_bytes(found[1], "little") if found else None
