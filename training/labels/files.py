"""The files that labelling appends to, frame by frame; after a kill they hold complete frames only."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from ase import Atoms
from ase.io import iread, write

from deckgen.contents import regular
from deckgen.errors import InputError
from deckgen.frames import end_of_whole
from deckgen.training.dataset import bare

__all__ = ["KEY", "atoms_text", "read_infos", "repair"]

KEY = "frame_key"
"""Name of the key that identifies the given frame."""


def repair(path: Path) -> None:
    """Cut off a last frame that a kill left incomplete.

    Raises
    ------
    InputError
        If what follows the whole frames is not the beginning of one.
    """
    if not path.is_file():
        return
    with open(path, "r+b", opener=regular) as file:
        end = end_of_whole(file)
        file.seek(end)
        rest = file.read()
        if not rest:
            return
        first = rest.partition(b"\n")[0]
        if not (first.isdigit() and rest.count(b"\n") < int(first) + 2):
            shown = first[:40].decode(errors="replace")
            raise InputError(f"{path}: not extended XYZ: no frame begins with '{shown}' (byte {end})")
        file.truncate(end)


def atoms_text(atoms: Atoms, info: Mapping[str, object]) -> str:
    """Return an unlabelled frame as extended XYZ, with `info` beside its own."""
    text = io.StringIO()
    write(text, bare(atoms, {**atoms.info, **info}), format="extxyz", columns=["symbols", "positions"])
    return text.getvalue()


def read_infos(path: Path) -> list[dict[str, object]]:
    """Return the comment-line values of each frame in a file; none if there is no file."""
    return [dict(atoms.info) for atoms in iread(path, index=":", format="extxyz")] if path.is_file() else []
