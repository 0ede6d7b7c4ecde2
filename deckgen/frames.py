"""Frames of a run: extended XYZ as LAMMPS' `dump extxyz` writes it, also where a kill or a restart left its marks."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deckgen.contents import regular
from deckgen.errors import InputError

if TYPE_CHECKING:
    from ase import Atoms

__all__ = [
    "Frame",
    "Record",
    "Span",
    "columns_of",
    "end_of_whole",
    "find_frames",
    "find_records",
    "frame_spans",
    "read_frames",
    "surviving",
]

_COUNT = re.compile(rb"\d{1,9}\n")
_STEP = re.compile(rb"\bTimestep=(\d{1,18})(?!\d)")
_ENERGY = re.compile(r"\bPotential_energy=(\S+)")


class Record(NamedTuple):
    """A whole structure of an XYZ file: where it lies, in bytes, and its comment line."""

    start: int
    end: int
    comment: bytes


class Span(NamedTuple):
    """Where a whole frame lies in its file, in bytes."""

    step: int
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame.

    Parameters
    ----------
    step
        Time step of the run.
    symbols
        Chemical symbol of each atom.
    positions_A : (N, 3)
        Cartesian positions.
    potential_energy_eV
        Potential energy; NaN where the file does not say.
    """

    step: int
    symbols: tuple[str, ...]
    positions_A: NDArray[np.float64]
    potential_energy_eV: float

    def atoms(self) -> Atoms:
        """Return the frame for ASE, not periodic."""
        from ase import Atoms  # here, because every process of a batch imports this module

        return Atoms(self.symbols, positions=self.positions_A)


def surviving(steps: Sequence[int] | NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which records of a run count when it was resumed from a step that it had already passed.

    Where the step goes back to s, the earlier records from s on belong to a course that was given up. What is left
    increases strictly.

    Parameters
    ----------
    steps : (n,)
        Steps in the order of the file.

    Returns
    -------
    (n,) mask of the records that count.
    """
    steps = np.asarray(steps, dtype=np.int64)
    keep = np.ones(len(steps), dtype=bool)
    keep[:-1] = steps[:-1] < np.minimum.accumulate(steps[::-1])[::-1][1:]
    return keep


def find_records(file: IO[bytes]) -> Iterator[Record]:
    """Find the whole structures of an XYZ file from its present position on, a line in memory at a time.

    What a kill cut short is passed over, also where a later attempt has written behind it, and so is what a power cut
    left zero bytes in.
    """
    position, line = file.tell(), file.readline()
    while line:
        start, position = position, position + len(line)
        if not _COUNT.fullmatch(line):
            line = file.readline()
            continue
        comment = file.readline()
        position += len(comment)
        whole = True
        for _ in range(int(line)):
            line = file.readline()
            whole = line.endswith(b"\n") and b"\0" not in line and not _COUNT.fullmatch(line)
            if not whole:
                break  # this line begins the next one
            position += len(line)
        if whole:
            line = file.readline()
            # what follows a whole structure is the next one's number of atoms, or nothing
            if line[:1].isdigit() or not line:
                yield Record(start, position, comment)


def end_of_whole(file: IO[bytes]) -> int:
    """Return where the last whole structure from the present position on ends: 0 where there is none."""
    return max((record.end for record in find_records(file)), default=0)


def find_frames(data: bytes) -> list[Span]:
    """Find the whole frames in a file's content, in its order; a frame that a kill cut short is passed over."""
    return list(_spans(io.BytesIO(data)))


def _spans(file: IO[bytes]) -> Iterator[Span]:
    """Yield the structures with the comment that `dump extxyz` writes."""
    for record in find_records(file):
        if step := _STEP.search(record.comment):
            yield Span(int(step[1]), record.start, record.end)


def frame_spans(path: Path, every: int = 1) -> list[Span]:
    """Find the frames of a run in order of time; those that a resumed run went over again are left out.

    Parameters
    ----------
    path
        `frames.extxyz`, `quenched.extxyz`.
    every
        Take each `every`-th frame, the first included.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    with _opened(path) as file:
        return _surviving(file, every)


def _surviving(file: IO[bytes], every: int) -> list[Span]:
    spans = list(_spans(file))
    keep = surviving([span.step for span in spans])
    return [span for span, kept in zip(spans, keep, strict=True) if kept][::every]


def read_frames(path: Path, every: int = 1, spans: Sequence[Span] | None = None) -> Iterator[Frame]:
    """Yield the frames of a run in order of time, one in memory at a time.

    Parameters
    ----------
    path
        `frames.extxyz`, `quenched.extxyz`: species and positions must be the first columns.
    every
        Yield each `every`-th frame, the first included.
    spans
        Yield these, which `frame_spans` has found, instead.

    Raises
    ------
    InputError
        If the file cannot be read or a frame's columns are not species and positions.
    """
    with _opened(path) as file:  # once: a run that resumes puts another one in its place
        for span in _surviving(file, every) if spans is None else spans:
            file.seek(span.start)
            try:
                yield _parse(file.read(span.end - span.start), span.step)
            except (ValueError, IndexError) as error:
                raise InputError(f"{path}: step {span.step}: not a frame of species and positions ({error})") from error


def columns_of(text: bytes) -> tuple[tuple[str, ...], NDArray[np.float64], str]:
    """Return the symbols, the positions (N, 3) in A and the comment of one structure of an XYZ file.

    Raises
    ------
    ValueError, IndexError
        If the first columns are not species and positions, or its last line has no end.
    """
    if not text.endswith(b"\n"):
        raise ValueError("its last line has no end")
    count, comment, body = text.split(b"\n", 2)
    columns = np.array(body.split()).reshape(int(count), -1)
    return tuple(columns[:, 0].astype(str).tolist()), columns[:, 1:4].astype(float), comment.decode()


def _opened(path: Path) -> IO[bytes]:
    try:
        return open(path, "rb", opener=regular)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error


def _parse(text: bytes, step: int) -> Frame:
    symbols, positions, comment = columns_of(text)
    found, energy = _STEP.search(comment.encode()), _ENERGY.search(comment)
    if found is None or int(found[1]) != step:
        raise ValueError("another frame is in its place: was the file changed?")
    return Frame(step, symbols, positions, float(energy[1]) if energy else float("nan"))
