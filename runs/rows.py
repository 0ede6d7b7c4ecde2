"""The rows of a deck's `energies.dat`, also where a kill, a restart or a full disk left its marks."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deckgen.contents import content_of, regular
from deckgen.decks.manifest import ENERGIES
from deckgen.frames import surviving

__all__ = ["COLUMNS", "last_step", "moments_at", "parse_row", "read_energies", "read_swaps"]

COLUMNS = 6  # step, potential energy, kinetic temperature, three principal moments; with swaps, two more
LARGEST_STEP = 2.0**53
"""Up to here every whole number is a float."""
_TAIL_BYTES = 4096


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
    return int(_last_row(folder / ENERGIES)[0])


def read_swaps(path: Path) -> tuple[int, int] | None:
    """Return how many swaps of unlike atoms a deck has tried and accepted so far; None where it swaps none."""
    row = _last_row(path)
    return (int(row[COLUMNS]), int(row[COLUMNS + 1])) if len(row) == COLUMNS + 2 else None


def _last_row(path: Path) -> list[float]:
    """Return the last whole row that is past step 0, [0] where there is none, reading as little as possible."""
    try:
        with open(path, "rb", opener=regular) as file:
            end, size = file.seek(0, 2), _TAIL_BYTES
            while True:
                file.seek(max(0, end - size))
                tail = file.read(size).splitlines(keepends=True)
                lines = tail if size >= end else tail[1:]  # the first one is cut by this reading
                found = next((row for line in reversed(lines) if (row := parse_row(line))), [0.0])
                if int(found[0]) or size >= end:
                    return found
                size *= 16  # a power cut may leave a long tail of zero bytes
    except OSError:
        return [0.0]


def read_energies(path: Path) -> tuple[NDArray[np.float64], int]:
    """Read a deck's `energies.dat`.

    A last line that is still being written is left out, as are rows that a resumed run went over again (the step goes
    back to s: earlier rows from s on), rows of another length than the first (two that ran into each other), and
    everything from the first value on that is not finite.

    Returns
    -------
    rows : (n, 6)
        Step, potential energy (eV), kinetic temperature (K), principal moments (u A^2), the steps increasing.
    dropped
        Rows gone over again.
    """
    data = content_of(path)
    rows = _numbers(data[: data.rfind(b"\n") + 1])
    keep = surviving(rows[:, 0].astype(np.int64))
    wanted = keep & (rows[:, 0] > 0)
    kept = rows if wanted.all() else rows[wanted]  # a long run is not copied for nothing
    if np.isfinite(kept).all():
        return kept, int((~keep).sum())
    broken = ~np.isfinite(kept).all(axis=1)
    return kept[: int(broken.argmax())], int((~keep).sum())


def moments_at(folder: Path, step: int) -> NDArray[np.float64] | None:
    """Return the principal moments (3,) in u A^2 of a deck's row at a step; None where there is no such row."""
    path = folder / ENERGIES
    rows = read_energies(path)[0] if path.exists() else np.empty((0, COLUMNS))
    found = rows[rows[:, 0] == step]
    return found[-1, 3:] if len(found) else None


def _numbers(data: bytes) -> NDArray[np.float64]:
    try:
        if parse_row(data[data[:-1].rfind(b"\n") + 1 :]):
            table = np.loadtxt(io.BytesIO(data), ndmin=2)[:, :COLUMNS]
            if table.shape[1] == COLUMNS and (np.abs(table[:, 0]) < LARGEST_STEP).all():
                return table
    except ValueError:
        pass  # a kill cut a row short, and the next attempt wrote behind it
    rows = [row for line in data.splitlines(keepends=True) if (row := parse_row(line)) and len(row) >= COLUMNS]
    whole = [row[:COLUMNS] for row in rows if len(row) == len(rows[0])]
    return np.array(whole, dtype=float).reshape(-1, COLUMNS)
