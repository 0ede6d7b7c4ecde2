"""Frames of a run: extended XYZ as LAMMPS' `dump extxyz` writes it, also where a kill or a restart left its marks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deckgen.errors import InputError

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["Frame", "Span", "find_frames", "read_frames", "surviving"]

# A frame starts with its number of atoms alone on a line, then the comment that `dump extxyz` writes.
_START = re.compile(rb"^(\d+)\n([^\n]*\bTimestep=(\d+)[^\n]*)\n", re.MULTILINE)
_ENERGY = re.compile(rb"\bPotential_energy=(\S+)")


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


def find_frames(data: bytes) -> list[Span]:
    """Find the whole frames in a file's content, in its order; a frame that a kill cut short is passed over."""
    spans = list[Span]()
    starts = list(_START.finditer(data))
    for match, following in zip(starts, [*starts[1:], None], strict=False):
        limit = following.start() if following else len(data)
        end = match.end()
        for _ in range(int(match[1])):
            end = data.find(b"\n", end, limit) + 1
            if end == 0:
                break
        # what follows a whole frame is the next one's number of atoms, or nothing
        if end and (end == len(data) or data[end : end + 1].isdigit()):
            spans.append(Span(int(match[3]), match.start(), end))
    return spans


def read_frames(path: Path, every: int = 1) -> Iterator[Frame]:
    """Yield the frames of a run in order of time; those that a resumed run went over again are left out.

    Parameters
    ----------
    path
        `frames.extxyz`, `quenched.extxyz`: species and positions must be the first columns.
    every
        Yield each `every`-th frame, the first included.

    Raises
    ------
    InputError
        If the file cannot be read or a frame's columns are not species and positions.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    spans = find_frames(data)
    keep = surviving([span.step for span in spans])
    for span in [span for span, kept in zip(spans, keep, strict=True) if kept][::every]:
        try:
            yield _parse(data[span.start : span.end], span.step)
        except (ValueError, IndexError) as error:
            raise InputError(f"{path}: step {span.step}: not a frame of species and positions ({error})") from error


def _parse(text: bytes, step: int) -> Frame:
    count, comment, body = text.split(b"\n", 2)
    columns = np.array(body.split()).reshape(int(count), -1)
    energy = _ENERGY.search(comment)
    return Frame(
        step=step,
        symbols=tuple(columns[:, 0].astype(str).tolist()),
        positions_A=columns[:, 1:4].astype(float),
        potential_energy_eV=float(energy[1]) if energy else float("nan"),
    )
