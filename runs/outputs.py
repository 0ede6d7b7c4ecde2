"""What a deck has written so far: read it, and cut it back to the step of its restart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from deckgen.decks.manifest import ENERGIES, FRAMES, QUENCHED, Manifest
from deckgen.files import write_whole
from deckgen.frames import find_frames, surviving

__all__ = ["DROPPED_ENERGIES", "DROPPED_FRAMES", "Cut", "cut_back", "is_finished", "last_step", "parse_row"]

DROPPED_ENERGIES = "energies.dropped.dat"
DROPPED_FRAMES = "frames.dropped.extxyz"
_TAIL_BYTES = 4096
LARGEST_STEP = 2.0**53
"""Up to here every whole number is a float."""


class _Piece(NamedTuple):
    """A piece of a file, in the file's order: a whole row or frame, with its step; a comment; what a kill cut short."""

    kind: Literal["whole", "comment", "cut short"]
    text: bytes
    step: int = 0


@dataclass(frozen=True)
class Cut:
    """How many rows of energies.dat and how many frames were moved out."""

    rows: int
    frames: int


def parse_row(line: bytes) -> list[float] | None:
    """Return the numbers of a whole row of `energies.dat`, its step first.

    None for a comment, a row that a kill cut short, and one whose first number cannot be a step.
    """
    try:
        row = [float(word) for word in line.split()]
    except ValueError:
        return None
    return row if line.endswith(b"\n") and row and abs(row[0]) < LARGEST_STEP else None


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
    """Return whether a deck has reached its length and quenched its end, by its outputs: whoever ran it."""
    return (folder / QUENCHED).exists() and last_step(folder) >= manifest.n_steps


def cut_back(folder: Path, step: int) -> Cut:
    """Move rows and frames past `step`, and what a kill cut short, into files of their own: nothing is lost.

    What stays is the course that leads to the restart at `step`: its steps increase strictly.
    """
    return Cut(
        rows=_cut(folder / ENERGIES, folder / DROPPED_ENERGIES, _rows, step),
        frames=_cut(folder / FRAMES, folder / DROPPED_FRAMES, _frames, step),
    )


def _cut(path: Path, dropped_path: Path, split: Callable[[bytes], list[_Piece]], step: int) -> int:
    try:
        pieces = split(path.read_bytes())
    except OSError:
        return 0
    survives = iter(surviving([piece.step for piece in pieces if piece.kind == "whole"]).tolist())
    kept, dropped = list[bytes](), list[bytes]()
    for piece in pieces:
        stays = piece.kind == "comment" or (piece.kind == "whole" and next(survives) and piece.step <= step)
        (kept if stays else dropped).append(piece.text)
    if dropped:
        with dropped_path.open("ab") as file:
            file.writelines(text.rstrip(b"\n") + b"\n" for text in dropped)
        write_whole(path, b"".join(kept))
    return len(dropped)


def _rows(data: bytes) -> list[_Piece]:
    pieces = []
    for line in data.splitlines(keepends=True):
        if line.startswith(b"#") and line.endswith(b"\n"):
            pieces.append(_Piece("comment", line))
        elif row := parse_row(line):
            pieces.append(_Piece("whole", line, int(row[0])))
        else:
            pieces.append(_Piece("cut short", line))
    return pieces


def _frames(data: bytes) -> list[_Piece]:
    pieces, end = list[_Piece](), 0
    for span in find_frames(data):
        if span.start > end:
            pieces.append(_Piece("cut short", data[end : span.start]))
        pieces.append(_Piece("whole", data[span.start : span.end], span.step))
        end = span.end
    return [*pieces, _Piece("cut short", data[end:])] if end < len(data) else pieces
