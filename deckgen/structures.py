"""Any file of structures that ASE reads, with one kind of error for all that can be wrong with it."""

from __future__ import annotations

import io
import re
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from deckgen.compressed import opened, require_end
from deckgen.contents import unchanged
from deckgen.errors import DeckgenError, InputError
from deckgen.files import require_file

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["read_structures"]

END_IT = "wait until it is written; if it is whole, end its last line"
_PROPERTIES = re.compile(rb"""\bProperties\s*=\s*["']?([^"'\s]+)""", re.IGNORECASE)
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
    require_file(path)
    try:
        with unchanged(path):
            for atoms in _read(path, index, kind or _format(path)):
                _require_elements(path, atoms)
                yield atoms
    except (DeckgenError, GeneratorExit):
        raise
    except Exception as error:  # every reader of ASE raises its own
        raise InputError(f"{path}: ASE cannot read it: {type(error).__name__}: {error}") from error


def _read(path: Path, index: int | slice, kind: str) -> Iterator[Atoms]:
    from ase.io import extxyz, iread, xyz  # slow to import, and not every process that imports this reads structures

    readers = {"xyz": xyz.read_xyz, "extxyz": extxyz.read_xyz}
    if kind not in readers:
        require_end(path)
        yield from iread(path, index=index, format=kind, do_not_split_by_at_sign=True)
        return
    for text in _chosen(_xyz_texts(path), index):
        yield next(iter(readers[kind](io.StringIO(text), index=slice(None))))


Item = TypeVar("Item")


def _chosen(items: Iterator[Item], index: int | slice) -> Iterable[Item]:
    """Return items as a list would, without one where they are counted from the beginning."""
    if index == -1:
        return deque(items, maxlen=1)
    if isinstance(index, int):
        return [list(items)[index]]
    parts = [part for part in (index.start, index.stop, index.step) if part is not None]
    return islice(items, index.start, index.stop, index.step) if min(parts, default=0) >= 0 else list(items)[index]


def _format(path: Path) -> str:
    from ase.io.formats import filetype

    return str(filetype(str(path)))


def _xyz_texts(path: Path) -> Iterator[str]:
    """Yield the text of each frame of an XYZ file, with as many lines as it says: ASE counts on beyond the end."""
    with opened(path) as file:
        line, frames = file.readline(), 0
        while found := _COUNT.fullmatch(line):
            lines = [line, file.readline()]
            for number in range(int(found[1])):
                line = file.readline()
                if not line:
                    raise InputError(f"{path}: cut short: a frame of {int(found[1])} atoms has {number}")
                lines.append(line)
            frames += 1
            _require_columns(path, lines)
            if frames > 1 and not line.endswith(b"\n"):
                raise InputError(f"{path}: cut short, or being written: its last line has no end", hint=END_IT)
            line = file.readline()
            while line.startswith(b"VEC"):
                lines.append(line)
                line = file.readline()
            yield b"".join(lines).decode("utf-8-sig")
    if line.strip():
        raise InputError(f"{path}: not XYZ: no number of atoms begins frame {frames + 1}")


def _require_columns(path: Path, lines: list[bytes]) -> None:
    """Make sure that a frame has the columns that its comment promises: ASE makes room for them first."""
    if found := _PROPERTIES.search(lines[1]):
        wanted = sum(int(count) for count in found[1].split(b":")[2::3] if count.isdigit())
        columns = min((len(line.split()) for line in lines[2:]), default=wanted)
        if columns < wanted:
            raise InputError(f"{path}: an atom has {columns} columns, Properties more")


def _require_elements(path: Path, atoms: Atoms) -> None:
    """Make sure that every atomic number is an element's: formats of numbers may have any."""
    from ase.data import chemical_symbols

    for number, Z in enumerate(atoms.numbers.tolist(), start=1):
        if not 0 <= Z < len(chemical_symbols):
            raise InputError(f"{path}: atom {number} has the atomic number {Z}")
