"""Energies in columns of text: separated by blanks, commas, semicolons or tabs, and LAMMPS' `fix ave/time`."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deckgen.errors import InputError
from deckgen.runs.external.run import ENERGY_NAMES, ExternalRun, numbers
from deckgen.runs.external.series import energy_column, from_columns
from deckgen.runs.external.source import Source
from deckgen.runs.external.units import agreed_style

__all__ = ["read_columns"]

AVERAGED = "# Time-averaged data"
DELIMITERS = "\t;,"
WORD = re.compile(r'"[^"]*"|\S+(?:\s[\[(][^\])]*[\])])?')  # a name may be followed by its unit in brackets
MISSING = {"", "na", "<na>", "n/a", "null", "none"}
"""What pandas and others write for a number that is not there, beside nan."""


def read_columns(source: Source) -> ExternalRun:
    """Read energies in columns; see `read_log_energies`."""
    filled = [line.strip("\r\n") for line in source.whole_lines if line.strip()]
    comments = [line.lstrip("# ") for line in filled if line.lstrip().startswith("#")]
    data = [line for line in filled if not line.lstrip().startswith("#")]
    headers = [*comments, *data[:1]]
    header = next((line for line in headers if energy_column(_names(line)) is not None), None)
    if header is None and data:  # one that names other quantities, to say so
        width = len(_cells(data[-1])) if numbers(data[-1]) else 0
        header = next((line for line in headers if not numbers(line) and len(_names(line)) == width > 1), None)
    names = _names(header) if header is not None else ENERGY_NAMES[:1]
    # a resumed program may write the header again
    rows = [cells for line in data if line != header and (cells := _cells(line))]
    if not rows or any(len(row) != len(names) for row in rows) or (header is None and not all(map(numbers, data))):
        raise InputError(
            f"{source.path}: not one column of energies, and no header names their column",
            hint="give one energy (eV) a line, or a header such as: # step potential_energy_eV",
        )
    if any(line.startswith(AVERAGED) for line in filled):
        agreed_style(source.path, None, source.units)  # LAMMPS' own units, which it does not write there
    read = from_columns(source, names, lambda place: _column(source, names[place], [row[place] for row in rows]))
    return replace(read, dropped_rows=read.dropped_rows + len(source.lines) - len(source.whole_lines))


def _names(header: str) -> tuple[str, ...]:
    if not any(delimiter in header for delimiter in DELIMITERS):
        return tuple(word.strip("\"'") for word in WORD.findall(header))
    return tuple(word.strip().strip("\"'") for word in _cells(header))


def _cells(line: str) -> list[str]:
    delimiter = next((delimiter for delimiter in DELIMITERS if delimiter in line), None)
    if delimiter is None:
        return line.split()
    cells = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
    return [cell.strip() for cell in cells]


def _column(source: Source, name: str, cells: Sequence[str]) -> NDArray[np.float64]:
    try:
        return np.array([float("nan") if cell.lower() in MISSING else float(cell) for cell in cells])
    except ValueError as error:
        raise InputError(
            f"{source.path}: the column {name} has something that is not a number ({error})",
            hint="give it numbers with a decimal point",
        ) from error
