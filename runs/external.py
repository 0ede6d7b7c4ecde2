"""Potential energies of runs made elsewhere: LAMMPS logs and plain text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deckgen.errors import InputError

__all__ = ["ExternalRun", "read_log_energies"]

Array = NDArray[np.float64]

ENERGY_NAMES = ("potential_energy_eV", "PotEng", "pe", "c_pe", "v_pe", "c_thermo_pe")
STEP_NAMES = ("step", "Step")
YAML_KEYWORDS = re.compile(r"\s*keywords:\s*\[(.*)\]")
YAML_ROW = re.compile(r"\s*-\s*\[(.*)\]")
UNITS = re.compile(r"\s*units\s+(\w+)", re.IGNORECASE)
TIMESTEP = re.compile(r"\s*timestep\s+([0-9.eE+-]+)\s*$")
ATOMS = re.compile(r"Loop time of .* with (\d+) atoms")


@dataclass(frozen=True, eq=False)
class ExternalRun:
    """What a file holds of one run.

    Parameters
    ----------
    potential_energy_eV : (n,)
        In order of time, evenly spaced.
    step : (n,) or None
        Steps, where the file has them.
    interval_ps
        Time between two rows; None where the file does not tell.
    n_atoms
        None where the file does not tell.
    dropped_rows
        Rows left out: minimisations, rows before the step counter was set back, and rows off the even spacing.
    """

    potential_energy_eV: Array
    step: NDArray[np.int_] | None = None
    interval_ps: float | None = None
    n_atoms: int | None = None
    dropped_rows: int = 0


@dataclass(frozen=True)
class _Table:
    """Rows under one header."""

    names: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]

    def column(self, names: Sequence[str]) -> list[float] | None:
        found = next((name for name in names if name in self.names), None)
        return None if found is None else [row[self.names.index(found)] for row in self.rows]


def read_log_energies(path: str | Path) -> ExternalRun:
    """Read the potential energies of one run at one temperature.

    Parameters
    ----------
    path
        A LAMMPS log in `units metal` whose thermo output has `pe` (columns or YAML, any number of `run` commands), or
        text: one column of energies in eV, or columns under a header (with or without `#`) that names
        `potential_energy_eV` or `PotEng`, and `step` if it can, such as deckgen's own energies.dat.

    Raises
    ------
    InputError
        If the file cannot be read, has no potential energies, is in other units, or its rows are not evenly spaced.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    if _is_log(lines):
        # A line without its end is still being written.
        run = _read_log(path, [line for line in lines if line.endswith("\n")])
    else:
        run = _read_text(path, lines)
    if not np.isfinite(run.potential_energy_eV).all():
        raise InputError(f"{path}: some potential energies are not finite", hint="the run has failed; leave it out")
    return run


def _is_log(lines: Iterable[str]) -> bool:
    return any(line.startswith(("LAMMPS (", "Loop time of")) or YAML_KEYWORDS.match(line) for line in lines)


def _read_log(path: Path, lines: Sequence[str]) -> ExternalRun:
    units = _last(UNITS, lines)
    if units not in (None, "metal"):
        raise InputError(f"{path}: the log is in units {units}, not metal", hint="give the energies in eV, as text")
    tables, minimised = _log_tables(lines)
    columns = [(table.column(ENERGY_NAMES), table.column(STEP_NAMES)) for table in tables]
    found = [(energy, step) for energy, step in columns if energy is not None and step is not None]
    if not found:
        raise InputError(f"{path}: no thermo output with Step and PotEng", hint="print it: thermo_style custom step pe")
    energies = np.concatenate([energy for energy, _ in found])
    steps = np.concatenate([step for _, step in found]).astype(int)
    kept = _even(path, steps)
    timestep = _last(TIMESTEP, lines)
    stride = int(np.diff(steps[kept][:2])[0]) if kept.sum() > 1 else 0
    n_atoms = _last(ATOMS, lines)
    return ExternalRun(
        potential_energy_eV=energies[kept],
        step=steps[kept],
        interval_ps=float(timestep) * stride if timestep and stride else None,
        n_atoms=int(n_atoms) if n_atoms else None,
        dropped_rows=minimised + int((~kept).sum()),
    )


def _last(pattern: re.Pattern[str], lines: Iterable[str]) -> str | None:
    found = [match.group(1) for match in map(pattern.match, lines) if match]
    return found[-1] if found else None


def _log_tables(lines: Iterable[str]) -> tuple[list[_Table], int]:
    """Return the thermo output of every `run`, and the number of rows of minimisations."""
    tables: list[_Table] = []
    minimised = 0
    names: tuple[str, ...] = ()
    rows: list[tuple[float, ...]] = []
    for line in [*lines, "Loop time of a run that was cut short"]:
        header = _header(line)
        if header or line.startswith("Loop time of"):
            tables += [_Table(names, tuple(rows))] if rows else []
            names, rows = header, []
        elif line.startswith("Minimization stats") and tables:
            minimised += len(tables.pop().rows)
        elif names and (row := _numbers(line)) and len(row) == len(names):
            rows.append(row)
    return tables, minimised


def _header(line: str) -> tuple[str, ...]:
    yaml = YAML_KEYWORDS.match(line)
    if yaml:
        return tuple(name.strip(" '\"") for name in yaml.group(1).split(",") if name.strip())
    words = line.split()
    return tuple(words) if words and words[0] == "Step" else ()


def _numbers(line: str) -> tuple[float, ...]:
    yaml = YAML_ROW.match(line)
    words = yaml.group(1).replace(",", " ").split() if yaml else line.replace(",", " ").split()
    try:
        return tuple(float(word) for word in words)
    except ValueError:
        return ()


def _even(path: Path, steps: NDArray[np.int_]) -> NDArray[np.bool_]:
    """Return which rows to keep: those after the last return of the counter, evenly spaced, each step once."""
    strides = np.diff(steps)
    back = np.flatnonzero(strides < 0)
    kept = np.arange(len(steps)) > (back[-1] if len(back) else -1)
    kept[1:] &= strides != 0
    if kept.sum() < 3:
        return kept
    # The last step of a run is printed wherever it falls.
    stride = int(np.median(np.diff(steps[kept])))
    kept &= steps % stride == steps[kept][1] % stride
    uneven = np.flatnonzero(np.diff(steps[kept]) != stride)
    if len(uneven):
        step = steps[kept][uneven[0]]
        raise InputError(
            f"{path}: the rows are not evenly spaced after step {step}: most are {stride} steps apart",
            hint="give the part of the run that was sampled evenly",
        )
    return kept


def _read_text(path: Path, lines: Sequence[str]) -> ExternalRun:
    filled = [line for line in lines if line.strip()]
    comments = [line.lstrip("# ").split() for line in filled if line.lstrip().startswith("#")]
    data = [line for line in filled if not line.lstrip().startswith("#")]
    if data and not _numbers(data[0]):
        comments.append(data.pop(0).replace(",", " ").split())
    names = next((tuple(words) for words in comments if set(words) & set(ENERGY_NAMES)), None)
    rows = [_numbers(line) for line in data]
    width = len(names) if names else 1
    wrong = next((row for row, line in zip(rows, data, strict=True) if len(row) != width), None)
    if not rows or wrong is not None:
        raise InputError(
            f"{path}: not one column of energies, and no header names their column",
            hint="give one energy (eV) a line, or a header such as: # step potential_energy_eV",
        )
    table = _Table(names or ENERGY_NAMES[:1], tuple(rows))
    energies, steps = np.array(table.column(ENERGY_NAMES)), table.column(STEP_NAMES)
    if steps is None:
        return ExternalRun(energies)
    step = np.array(steps, dtype=int)
    kept = _even(path, step)
    return ExternalRun(energies[kept], step[kept], dropped_rows=int((~kept).sum()))
