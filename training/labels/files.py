"""The files that labelling appends to, frame by frame: whole frames only, whenever it is killed."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from ase import Atoms
from ase.io import iread, write

from deckgen.errors import InputError
from deckgen.frames import end_of_whole
from deckgen.training.dataset import bare

__all__ = ["KEY", "atoms_text", "read_infos", "repair"]

KEY = "frame_key"
"""Where a frame in these files says which of the given frames it is."""


def repair(path: Path) -> None:
    """Cut off a last frame that a kill left incomplete.

    Raises
    ------
    InputError
        If what follows the whole frames is not the beginning of one.
    """
    if not path.is_file():
        return
    with path.open("r+b") as file:
        end = end_of_whole(file)
        file.seek(end)
        rest = file.read()
        first = rest.partition(b"\n")[0]
        if rest and not (first.isdigit() and rest.count(b"\n") < int(first) + 2):
            words = first[:40].decode(errors="replace")
            raise InputError(f"{path}: not extended XYZ: no frame begins with '{words}' (byte {end})")
        if rest:  # a file that is whole keeps its time
            file.truncate(end)


def atoms_text(atoms: Atoms, info: Mapping[str, object]) -> str:
    """Return an unlabelled frame as extended XYZ, with `info` beside its own."""
    text = io.StringIO()
    write(text, bare(atoms, {**atoms.info, **info}), format="extxyz", columns=["symbols", "positions"])
    return text.getvalue()


def read_infos(path: Path) -> list[dict[str, object]]:
    """Return what is said of each frame in a file, the file's absence being no frames."""
    return [dict(atoms.info) for atoms in iread(path, index=":", format="extxyz")] if path.is_file() else []
