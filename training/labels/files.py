"""The files that labelling appends to, frame by frame: whole frames only, whenever it is killed."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path

from ase import Atoms
from ase.io import iread, write

from deckgen.errors import InputError
from deckgen.training.dataset import bare

__all__ = ["KEY", "atoms_text", "mend", "read_infos"]

KEY = "frame_key"
"""Where a frame in these files says which of the given frames it is."""


def mend(path: Path) -> None:
    """Cut off a last frame that a kill left incomplete.

    Raises
    ------
    InputError
        If what stands there is not extended XYZ.
    """
    if not path.is_file():
        return
    data, whole = path.read_bytes(), 0
    while whole < len(data):
        end = _end_of_frame(data, whole, path)
        if end < 0:
            break
        whole = end
    if whole < len(data):
        os.truncate(path, whole)


def _end_of_frame(data: bytes, start: int, path: Path) -> int:
    """Return where the frame ends that starts at `start`, or -1 where it does not end."""
    end = data.find(b"\n", start) + 1
    if end == 0:
        return -1
    first = data[start:end].strip()
    if not first.isdigit():
        raise InputError(f"{path}: not extended XYZ: '{first[:40].decode(errors='replace')}' is no number of atoms")
    for _ in range(int(first) + 1):
        end = data.find(b"\n", end) + 1
        if end == 0:
            return -1
    return end


def atoms_text(atoms: Atoms, info: Mapping[str, object]) -> str:
    """Return an unlabelled frame as extended XYZ, with `info` beside its own."""
    text = io.StringIO()
    write(text, bare(atoms, {**atoms.info, **info}), format="extxyz", columns=["symbols", "positions"])
    return text.getvalue()


def read_infos(path: Path) -> list[dict[str, object]]:
    """Return what is said of each frame in a file, the file's absence being no frames."""
    return [dict(atoms.info) for atoms in iread(path, index=":", format="extxyz")] if path.is_file() else []
