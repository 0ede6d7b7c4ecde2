"""Extended XYZ, frame by frame: a frame that is not whole stops the reading, with its number and its line."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

from ase.io.extxyz import read_xyz

from deckgen.compressed import opened_text
from deckgen.contents import unchanged
from deckgen.errors import InputError
from deckgen.structures import END_IT
from deckgen.training.formats.raw import RawFrame, plain_exponents, raw_frame
from deckgen.training.recipe.data import Data

__all__ = ["read_frames_of_xyz"]

_PROPERTIES = re.compile(r"""\bProperties\s*=\s*["']?([^"'\s]+)""", re.IGNORECASE)
_UNIT = re.compile(
    r"""(?:^|\s)["']?(\w*(?:energy|energies|forces?)[-_]units?)["']?\s*=\s*["']?([^"'\s]+)""", re.IGNORECASE
)
_EV = {"ev", "ev/a", "ev/ang", "ev/angstrom", "ev/å"}
_XYZ_COLUMNS = 4


@dataclass(frozen=True)
class _Text:
    """The lines of one frame; `line` is the number of the first, from 1."""

    index: int
    line: int
    comment: str
    rows: list[str]


def read_frames_of_xyz(path: Path, name: str, data: Data) -> Iterator[RawFrame]:
    """Yield the frames of a file; blank lines between them are passed over.

    Raises
    ------
    InputError
        If a frame is not whole, or its columns are not what its comment says.
    """
    try:
        with unchanged(path), opened_text(path, encoding="utf-8-sig") as file:
            for text in _texts(file, name):
                yield _frame(text, name, data)
    except (OSError, EOFError) as error:
        raise InputError(f"{name}: not extended XYZ ({type(error).__name__}: {error})") from error


def _texts(file: IO[str], name: str) -> Iterator[_Text]:
    number, index = 0, 0
    for line in file:
        number += 1
        if not line.strip():
            continue
        place = f"{name}: not extended XYZ: frame {index}, line {number}"
        try:
            n_atoms = int(line)
        except ValueError:
            raise InputError(f"{place}: a number of atoms is missing, there is {line.strip()[:40]!r}") from None
        if n_atoms < 1:
            raise InputError(f"{place}: {n_atoms} atoms")
        comment = file.readline()
        rows = list(islice(file, n_atoms))
        if len(rows) < n_atoms:
            raise InputError(f"{place}: the file ends after {len(rows)} of its {n_atoms} atoms")
        if index and not rows[-1].endswith("\n"):
            raise InputError(f"{place}: cut short, or being written: the last line has no end", hint=END_IT)
        yield _Text(index, number, comment, rows)
        index, number = index + 1, number + 1 + n_atoms


def _frame(text: _Text, name: str, data: Data) -> RawFrame:
    place = f"{name}: not extended XYZ: frame {text.index}, line"
    _check_columns(text, place)
    lines = [f"{len(text.rows)}\n", plain_exponents(text.comment), *map(plain_exponents, text.rows)]
    try:
        atoms = next(iter(read_xyz(io.StringIO("".join(lines)), index=slice(None))))
    except Exception as error:  # ASE's reader raises what it comes across
        raise InputError(f"{place} {text.line}: {type(error).__name__}: {error}") from error
    # ASE moves what it knows by name (energy, free_energy, forces) into a calculator's results
    results = atoms.calc.results if atoms.calc is not None else {}
    values = {**atoms.arrays, **results, **atoms.info}
    energy, free = values.get(data.energy_key), values.get(_free(data.energy_key))
    both = energy is not None and free is not None
    info = {key: value for key, value in atoms.info.items() if key not in {data.energy_key, _free(data.energy_key)}}
    return raw_frame(
        atoms,
        info,
        free if both else energy,
        values.get(data.forces_key),
        known=tuple(sorted(values.keys() - {"numbers", "positions"})),
        set_aside=energy if both else None,
        fault=_doubled(text.comment, (data.energy_key, _free(data.energy_key))) or _other_units(text.comment),
    )


def _free(energy_key: str) -> str:
    """Return the name of the free energy beside the named one: dft_free_energy beside dft_energy."""
    return energy_key if "free" in energy_key else energy_key.replace("energy", "free_energy")


def _check_columns(text: _Text, place: str) -> None:
    """Refuse a frame whose columns are not what its comment says: ASE would take the first and drop the others."""
    found = _PROPERTIES.search(text.comment)
    words = found[1].split(":") if found else []
    names = words[::3]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"{place} {text.line + 1}: Properties has {', '.join(twice)} twice")
    if len(words) % 3 or not all(word.isdigit() for word in words[2::3]):
        raise InputError(f"{place} {text.line + 1}: Properties = {found[1] if found else ''}: not name:kind:columns")
    wanted = sum(map(int, words[2::3]))
    for number, row in enumerate(text.rows, text.line + 2):
        columns = len(row.split())
        if columns != wanted if wanted else columns < _XYZ_COLUMNS:
            says = f"Properties has {wanted}" if wanted else f"species and position are {_XYZ_COLUMNS}"
            raise InputError(f"{place} {number}: {columns} columns, {says}")


def _doubled(comment: str, keys: tuple[str, ...]) -> str:
    for key in keys:
        if len(re.findall(rf"""(?:^|\s)["']?{re.escape(key)}["']?\s*=""", comment)) > 1:
            return f"have {key} twice"
    return ""


def _other_units(comment: str) -> str:
    """Say if a frame states units of its energy or forces, as dpdata writes them, that are not eV and eV/A."""
    for key, value in _UNIT.findall(comment):
        if value.lower() not in _EV:
            return f"are in other units than eV and eV/A ({key} = {value})"
    return ""
