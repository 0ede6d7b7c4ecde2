"""Any file of structures that ASE reads, with one kind of error for all that can be wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from deckgen.compressed import require_end
from deckgen.errors import DeckgenError, InputError
from deckgen.files import require_file

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["read_structures"]

LONGEST_LINE = 10_000_000
_COUNT = re.compile(rb"\s*(\d{1,18})\s*")


def read_structures(path: Path, index: int | slice = slice(None), *, kind: str | None = None) -> Iterator[Atoms]:
    """Yield the structures of a file, one in memory at a time where its format allows that.

    Parameters
    ----------
    path
        The file.
    index
        Which of them: a number (-1: the last one) or a slice.
    kind
        ASE's name of the format; by default ASE finds it out.

    Raises
    ------
    InputError
        If it is not a file that can be read, or ASE cannot read it: cut short, say.
    """
    from ase.io import iread  # slow to import, and not every process that imports this reads structures

    require_file(path)
    try:
        require_end(path)
        if (kind or _format(path)) in {"xyz", "extxyz"}:
            _require_atoms(path)
        for atoms in iread(path, index=index, format=kind, do_not_split_by_at_sign=True):
            _require_elements(path, atoms)
            yield atoms
    except (DeckgenError, GeneratorExit):
        raise
    except Exception as error:  # every reader of ASE raises its own
        raise InputError(f"{path}: ASE cannot read it: {type(error).__name__}: {error}") from error


def _format(path: Path) -> str:
    from ase.io.formats import filetype

    return str(filetype(str(path)))


def _require_atoms(path: Path) -> None:
    """Make sure that every frame of an XYZ file has as many lines as it says: ASE counts on beyond the end."""
    from ase.io.formats import open_with_compression

    with open_with_compression(str(path), "rb") as opened:
        file: IO[bytes] = opened
        line = _line(path, file)
        while found := _COUNT.fullmatch(line):
            _line(path, file)
            for number in range(int(found[1])):
                if not _line(path, file):
                    raise InputError(f"{path}: cut short: a frame of {int(found[1])} atoms has {number}")
            line = _line(path, file)
            while line.startswith(b"VEC"):
                line = _line(path, file)


def _require_elements(path: Path, atoms: Atoms) -> None:
    """Make sure that every atomic number is an element's: formats of numbers may have any."""
    from ase.data import chemical_symbols

    for number, Z in enumerate(atoms.numbers.tolist(), start=1):
        if not 0 <= Z < len(chemical_symbols):
            raise InputError(f"{path}: atom {number} has the atomic number {Z}")


def _line(path: Path, file: Any) -> bytes:
    line: bytes = file.readline(LONGEST_LINE)
    if len(line) == LONGEST_LINE:
        raise InputError(f"{path}: not a file of structures: it has a line of more than {LONGEST_LINE // 1_000_000} MB")
    return line
