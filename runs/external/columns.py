"""Energies in columns: plain text, CSV, and what LAMMPS' `fix ave/time` writes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deckgen.errors import InputError
from deckgen.runs.external.run import (
    ENERGY_NAMES,
    STEP_NAMES,
    TEMPERATURE_NAMES,
    ExternalRun,
    evenly_spaced,
    first_named,
    numbers,
)
from deckgen.runs.external.units import STYLES, agreed_style, named_energy_eV

__all__ = ["from_columns", "read_columns"]

AVERAGED = "# Time-averaged data"
XYZ_COMMENT = re.compile(r"Lattice=|Properties=")
ENERGY_WITH_UNIT = re.compile(
    r"(?:potential|potential[_ ]?energy|poteng|e_?pot|pe)(?:[_ ]*[\[(]?\s*(?P<unit>[a-z]+(?:(?:/|_per_)mol)?)[\])]?)?",
    re.IGNORECASE,
)
TIME_PS = {"time_ps": 1.0, "time (ps)": 1.0, "time_fs": 1e-3, "time (fs)": 1e-3, "time_ns": 1e3, "time (ns)": 1e3}
WHOLE = 0.02
"""Times may be off whole multiples of their interval by this fraction of it: they were rounded."""


def read_columns(path: Path, lines: Sequence[str], units: str | None) -> ExternalRun:
    """Read energies in columns; see `read_log_energies`."""
    filled = [line for line in lines if line.strip()]
    if len(filled) > 1 and filled[0].strip().isdigit() and XYZ_COMMENT.search(filled[1]):
        raise InputError(
            f"{path}: structures (extended XYZ), not energies", hint="give their energies as text, one (eV) a line"
        )
    comments = [line.lstrip("# ") for line in filled if line.lstrip().startswith("#")]
    data = [line for line in filled if not line.lstrip().startswith("#")]
    if data and not numbers(data[0]):
        comments.append(data.pop(0))
    names = next((words for words in map(_words, comments) if _energy_column(words) is not None), None)
    rows = [numbers(line) for line in data]
    width = len(names) if names else 1
    if not rows or any(len(row) != width for row in rows):
        raise InputError(
            f"{path}: not one column of energies, and no header names their column",
            hint="give one energy (eV) a line, or a header such as: # step potential_energy_eV",
        )
    names = names or ENERGY_NAMES[:1]
    if any(line.startswith(AVERAGED) for line in filled):
        agreed_style(path, None, units)  # LAMMPS' own units, which it does not write there
    return from_columns(path, names, np.array(rows), units)


def from_columns(path: Path, names: tuple[str, ...], rows: NDArray[np.float64], units: str | None) -> ExternalRun:
    """Return the run that columns (n, len(names)) hold.

    Raises
    ------
    InputError
        If the energy's unit is not known, the steps are not whole, or the rows not evenly spaced.
    """
    column = _energy_column(names)
    if column is None:
        raise InputError(f"{path}: no column of potential energies", hint=f"there are: {', '.join(names)}")
    unit, factor = _unit(path, names[column], units)
    energies = rows[:, column] * factor
    temperature = first_named(names, TEMPERATURE_NAMES)
    step, interval_ps = _clock(path, names, rows)
    kept = np.ones(len(rows), dtype=bool) if step is None else evenly_spaced(path, step)
    return ExternalRun(
        potential_energy_eV=energies[kept],
        units=unit,
        step=None if step is None or interval_ps is not None else step[kept],
        interval_ps=interval_ps,
        temperature_K=None if temperature is None else rows[kept, temperature],
        dropped_rows=int((~kept).sum()),
    )


def _words(header: str) -> tuple[str, ...]:
    words = header.split(",") if "," in header else header.split()
    return tuple(word.strip().strip("\"'") for word in words)


def _energy_column(names: tuple[str, ...]) -> int | None:
    found = first_named(names, ENERGY_NAMES)
    return found if found is not None else next((k for k, name in enumerate(names) if _stated(name)), None)


def _stated(name: str) -> re.Match[str] | None:
    match = ENERGY_WITH_UNIT.fullmatch(name)
    return match if match and (match["unit"] is None or named_energy_eV(match["unit"]) is not None) else None


def _unit(path: Path, name: str, units: str | None) -> tuple[str, float]:
    """Return the unit of a column and its value in eV: stated in its name, or given, or eV for the names of old."""
    match = _stated(name)
    stated = match["unit"] if match else None
    factor = None if stated is None else named_energy_eV(stated)
    if stated is not None and factor is not None:
        given = None if units is None else agreed_style(path, None, units)
        if given is not None and not np.isclose(given.energy_eV, factor):
            raise InputError(f"{path}: {name} is not in units {units}", hint="leave out --units, or correct it")
        return stated, factor
    if units is None and name in ENERGY_NAMES:
        return "eV", STYLES["metal"].energy_eV
    style = agreed_style(path, None, units)
    return style.name, style.energy_eV


def _clock(
    path: Path, names: tuple[str, ...], rows: NDArray[np.float64]
) -> tuple[NDArray[np.int_] | None, float | None]:
    """Return steps, or times as multiples of their interval, with that interval in ps; None for what there is not."""
    column = first_named(names, STEP_NAMES)
    if column is not None:
        steps = rows[:, column]
        if not (steps == np.rint(steps)).all():
            raise InputError(
                f"{path}: the column {names[column]} does not hold whole numbers",
                hint="if it is a time, name it by its unit: time_ps",
            )
        return steps.astype(int), None
    column = next((k for k, name in enumerate(names) if name.lower() in TIME_PS), None)
    if column is None or len(rows) < 2:
        return None, None
    times = rows[:, column] * TIME_PS[names[column].lower()]
    interval = float(np.median(np.diff(times)))
    count = (times - times[0]) / interval if interval > 0 else np.full(len(times), np.nan)
    if not (np.abs(count - np.rint(count)) < WHOLE).all():
        raise InputError(
            f"{path}: the times in {names[column]} are not evenly spaced",
            hint="give the part of the run that was sampled evenly",
        )
    return np.rint(count).astype(int), interval
