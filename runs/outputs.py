"""What a deck has written so far: how far it is without a hole, and back to the step of its restart."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deckgen.contents import content_of
from deckgen.decks.manifest import ENERGIES, FRAMES, QUENCHED, Manifest
from deckgen.files import append_bytes, write_whole
from deckgen.frames import find_frames, surviving
from deckgen.runs.rows import last_step, parse_row, read_energies

__all__ = ["DROPPED_ENERGIES", "DROPPED_FRAMES", "Cut", "cut_back", "is_finished", "resumable_to", "whole_to"]

DROPPED_ENERGIES = "energies.dropped.dat"
DROPPED_FRAMES = "frames.dropped.extxyz"
_STEPS = re.compile(rb"\bTimestep=(\d+)")
_UNKNOWN = sys.maxsize


class _Piece(NamedTuple):
    """A piece of a file, in the file's order: a whole row or frame, with its step; a comment; what a kill cut short."""

    kind: Literal["whole", "comment", "cut short"]
    text: bytes
    step: int = 0


@dataclass(frozen=True, slots=True)
class Cut:
    """How many rows of energies.dat and how many frames were moved out."""

    rows: int
    frames: int


def is_finished(folder: Path, manifest: Manifest) -> bool:
    """Return whether a deck has reached its length without a hole and quenched its end, by its outputs."""
    if not (folder / QUENCHED).exists() or last_step(folder) < manifest.n_steps:
        return False
    return manifest.n_steps == 0 or whole_to(folder, manifest) >= manifest.n_steps


def whole_to(folder: Path, manifest: Manifest) -> int:
    """Return the step up to which no row and no frame of a deck is missing."""
    return min(_rows_to(*_state(folder / ENERGIES), manifest.sample_every), _frames_reach(folder, manifest))


def resumable_to(folder: Path, manifest: Manifest) -> int:
    """Return the last step of a restart that a deck may resume from: before its next row or frame is due."""
    rows = _rows_to(*_state(folder / ENERGIES), manifest.sample_every) + manifest.sample_every - 1
    return min(rows, _frames_reach(folder, manifest))


def _frames_reach(folder: Path, manifest: Manifest) -> int:
    if not (folder / FRAMES).exists():
        return _UNKNOWN
    return _frames_to(*_state(folder / FRAMES), manifest.frame_every, manifest.n_atoms)


def _state(path: Path) -> tuple[str, int, int]:
    """Return a file and what changes with it, so that it is read once."""
    try:
        found = path.stat()
    except OSError:
        return str(path), 0, 0
    return os.path.abspath(path), found.st_size, found.st_mtime_ns  # not a Path, which takes four times the memory


@lru_cache(maxsize=4096)
def _rows_to(path: str, size: int, _time: int, every: int) -> int:
    rows = read_energies(Path(path))[0] if size else np.empty((0, 1))
    return every * _without_hole(rows[:, 0].astype(np.int64), every)


@lru_cache(maxsize=4096)
def _frames_to(path: str, _size: int, _time: int, every: int, n_atoms: int) -> int:
    data = content_of(Path(path))
    steps = np.array(_STEPS.findall(data), dtype=np.int64)
    if data.count(b"\n") != len(steps) * (n_atoms + 2) or b"\0" in data:  # otherwise all frames are whole
        steps = np.array([span.step for span in find_frames(data.rstrip(b"\0"))], dtype=np.int64)
    steps = steps[surviving(steps)]
    if len(steps) and steps[0] != every:
        return _UNKNOWN  # a template of the user's own, with another interval
    return every * (_without_hole(steps, every) + 1) - 1


def _without_hole(steps: NDArray[np.int64], every: int) -> int:
    """Return how many of the first steps are every, 2 every, 3 every ..."""
    wrong = steps != every * np.arange(1, len(steps) + 1)
    return int(wrong.argmax()) if wrong.any() else len(steps)


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
        data = content_of(path)
    except FileNotFoundError:
        return 0
    pieces = split(data.rstrip(b"\0"))  # a power cut leaves zero bytes where data were on their way to the disk
    survives = iter(surviving([piece.step for piece in pieces if piece.kind == "whole"]).tolist())
    kept, dropped = list[bytes](), list[bytes]()
    for piece in pieces:
        stays = piece.kind == "comment" or (piece.kind == "whole" and next(survives) and piece.step <= step)
        (kept if stays else dropped).append(piece.text)
    if lost := [text.strip(b"\0\n") + b"\n" for text in dropped if text.strip(b"\0\n")]:
        append_bytes(dropped_path, b"".join(lost))
    whole = b"".join(kept)
    if whole == data[: len(whole)] and len(whole) < len(data):
        os.truncate(path, len(whole))  # takes no room, where the disk is almost full
    elif whole != data:
        write_whole(path, whole)
    return len(dropped)


def _rows(data: bytes) -> list[_Piece]:
    pieces, n_words = list[_Piece](), 0
    for line in data.splitlines(keepends=True):
        row = parse_row(line)
        n_words = n_words or len(row or ())
        if line.startswith(b"#") and line.endswith(b"\n"):
            pieces.append(_Piece("comment", line))
        elif row and len(row) == n_words:
            pieces.append(_Piece("whole", line, int(row[0])))
        else:  # also two rows that ran into each other
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
