"""What a deck has written so far: read it, and cut it back to the step of its restart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from deckgen.decks.manifest import ENERGIES, FRAMES, QUENCHED, Manifest
from deckgen.files import write_whole
from deckgen.frames import find_frames, surviving

__all__ = ["DROPPED_ENERGIES", "DROPPED_FRAMES", "Cut", "cut_back", "is_finished", "last_step", "parse_row"]

DROPPED_ENERGIES = "energies.dropped.dat"
DROPPED_FRAMES = "frames.dropped.extxyz"
_TAIL_BYTES = 4096
_BROKEN = 2**62  # the step of what a kill cut short: past every restart


class _Record(NamedTuple):
    """A piece of a file: a row, a frame, or (without a step) a comment."""

    step: int | None
    text: bytes


@dataclass(frozen=True)
class Cut:
    """How many rows of energies.dat and how many frames were moved out."""

    rows: int
    frames: int


def parse_row(line: bytes) -> list[float] | None:
    """Return the numbers of a whole row of `energies.dat`; None for a comment or a row that a kill cut short."""
    try:
        return [float(word) for word in line.split()] or None if line.endswith(b"\n") else None
    except ValueError:
        return None


def last_step(folder: Path) -> int:
    """Return the step of the last whole row of a deck's `energies.dat`; 0 where there is none. Cheap for any length."""
    try:
        with (folder / ENERGIES).open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _TAIL_BYTES))
            tail = file.read().splitlines(keepends=True)
    except OSError:
        return 0
    return next((int(row[0]) for line in reversed(tail) if (row := parse_row(line))), 0)


def is_finished(folder: Path, manifest: Manifest) -> bool:
    """Tell from a deck's outputs whether it has reached its length and quenched its end, whoever ran it."""
    return (folder / QUENCHED).exists() and last_step(folder) >= manifest.n_steps


def cut_back(folder: Path, step: int) -> Cut:
    """Move rows and frames past `step`, and what a kill cut short, into files of their own: nothing is lost.

    What stays is the course that leads to the restart at `step`: its steps increase strictly.
    """
    return Cut(
        rows=_cut(folder / ENERGIES, folder / DROPPED_ENERGIES, _rows, step),
        frames=_cut(folder / FRAMES, folder / DROPPED_FRAMES, _frames, step),
    )


def _cut(path: Path, dropped_path: Path, split: Callable[[bytes], list[_Record]], step: int) -> int:
    try:
        records = split(path.read_bytes())
    except OSError:
        return 0
    survives = iter(surviving([record.step for record in records if record.step is not None]).tolist())
    kept, dropped = list[bytes](), list[bytes]()
    for record in records:
        stays = record.step is None or (next(survives) and record.step <= step)
        (kept if stays else dropped).append(record.text)
    if dropped:
        with dropped_path.open("ab") as file:
            file.writelines(text.rstrip(b"\n") + b"\n" for text in dropped)
        write_whole(path, b"".join(kept))
    return len(dropped)


def _rows(data: bytes) -> list[_Record]:
    records = []
    for line in data.splitlines(keepends=True):
        if line.startswith(b"#") and line.endswith(b"\n"):
            records.append(_Record(None, line))
        else:
            row = parse_row(line)
            records.append(_Record(int(row[0]) if row else _BROKEN, line))
    return records


def _frames(data: bytes) -> list[_Record]:
    records, end = list[_Record](), 0
    for span in find_frames(data):
        if span.start > end:
            records.append(_Record(_BROKEN, data[end : span.start]))
        records.append(_Record(span.step, data[span.start : span.end]))
        end = span.end
    return [*records, _Record(_BROKEN, data[end:])] if end < len(data) else records
