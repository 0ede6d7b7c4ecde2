"""LAMMPS logs: thermo output of every style, with what the commands say of units, normalisation and thermostat."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deckgen.errors import InputError
from deckgen.runs.external.commands import Settings
from deckgen.runs.external.multi import BLOCK, in_columns
from deckgen.runs.external.run import (
    ENERGY_NAMES,
    STEP_NAMES,
    TEMPERATURE_NAMES,
    ExternalRun,
    evenly_spaced,
    first_named,
    numbers,
    of_the_cluster,
)
from deckgen.runs.external.source import Source
from deckgen.runs.external.units import UnitStyle, agreed_style
from deckgen.units import KB_EV_K

__all__ = ["is_log", "read_log"]

FACTOR = 2.0
"""Units differ by more; degrees of freedom that were counted differently, by less."""

BANNER = "LAMMPS ("
END_OF_RUN = "Loop time of"
MEMORY = "Per MPI rank memory allocation"
YAML_KEYWORDS = re.compile(r"\s*keywords:\s*\[(.*)\]")
YAML_ROW = re.compile(r"\s*-\s*\[(.*)\]")
POTENTIAL, KINETIC, TOTAL = ("PotEng",), ("KinEng",), ("TotEng",)
UNITS = re.compile(r"\s*(?:units|Unit style\s*:)\s+([a-z]\w*)")
ATOMS = re.compile(r"Loop time of .* with (\d+) atoms")
ATOMS_READ = re.compile(r"\s+(\d+) atoms\s*$")


@dataclass(frozen=True)
class _Table:
    """Thermo output of one `run`, and what was set then."""

    names: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]
    settings: Settings

    def column(self, names: tuple[str, ...]) -> list[float] | None:
        """Return the first of the named columns that there is."""
        found = first_named(self.names, names)
        return None if found is None else [row[found] for row in self.rows]

    @property
    def per_atom(self) -> bool:
        """Whether its energies are per atom; LAMMPS divides none that a variable holds."""
        found = first_named(self.names, ENERGY_NAMES)
        return self.settings.per_atom and found is not None and not self.names[found].startswith("v_")


def is_log(source: Source) -> bool:
    """Return whether a file is a LAMMPS log, or a part of one that says so."""
    starts = (BANNER, END_OF_RUN, MEMORY)
    return any(line.startswith(starts) or YAML_KEYWORDS.match(line) or BLOCK.match(line) for line in source.lines)


def read_log(source: Source) -> ExternalRun:
    """Read a LAMMPS log; see `read_log_energies`."""
    path = source.path
    lines = source.whole_lines
    style = agreed_style(path, _one(path, "style of units", _all(UNITS, lines)), source.units)
    tables, minimised = _tables(lines)
    usable = [table for table in tables if _has(table, ENERGY_NAMES) and _has(table, STEP_NAMES)]
    if not usable:
        raise InputError(f"{path}: no thermo output with Step and PotEng", hint="print it: thermo_style custom step pe")
    steps = np.concatenate([table.column(STEP_NAMES) for table in usable]).astype(int)
    kept = evenly_spaced(path, steps)
    of_table = np.repeat(np.arange(len(usable)), [len(table.rows) for table in usable])
    read = [usable[k] for k in np.unique(of_table[kept])]
    timestep = _one(path, "time step", [f"{table.settings.timestep:g}" for table in read if table.settings.timestep])
    stride = int(np.diff(steps[kept][:2])[0]) if kept.sum() > 1 else 0
    n_said = _one(path, "number of atoms", _all(ATOMS, lines) or _all(ATOMS_READ, lines))
    n_atoms = int(n_said) if n_said else source.n_atoms
    energies = np.concatenate([_energies(path, table, n_atoms) for table in usable]) * style.energy_eV
    if not any(line.split()[:1] == ["units"] for line in lines):  # nor is any other command of the beginning there
        for table in read:
            _check_kinetic_energy(path, table, style, n_atoms)
    return ExternalRun(
        potential_energy_eV=energies[kept],
        units=style.name,
        step=steps[kept],
        interval_ps=float(timestep) * stride * style.time_ps if timestep and stride else None,
        temperature_K=_temperature(usable, kept),
        thermostats_K=frozenset(pair for table in read for pair in table.settings.thermostats.values()),
        n_atoms=int(n_said) if n_said else None,
        per_atom=any(table.per_atom for table in read),
        dropped_rows=minimised + int((~kept).sum()),
    )


def _has(table: _Table, names: tuple[str, ...]) -> bool:
    return first_named(table.names, names) is not None


def _all(pattern: re.Pattern[str], lines: Iterable[str]) -> list[str]:
    return [match.group(1) for match in map(pattern.match, lines) if match]


def _one(path: Path, what: str, said: Sequence[str]) -> str | None:
    """Return what a log says of one thing throughout; None where it says nothing."""
    values = list(dict.fromkeys(said))
    if len(values) > 1:
        raise InputError(f"{path}: more than one {what}: {', '.join(values)}", hint="give the part of one run")
    return values[0] if values else None


def _energies(path: Path, table: _Table, n_atoms: int | None) -> NDArray[np.float64]:
    """Return the energies of the whole cluster, in the log's unit."""
    energies = np.array(table.column(ENERGY_NAMES))
    return of_the_cluster(path, energies, n_atoms, "the log") if table.per_atom else energies


def _check_kinetic_energy(path: Path, table: _Table, style: UnitStyle, n_atoms: int | None) -> None:
    """Refuse units, or a number of atoms that energies are divided by, in which Temp and kinetic energy disagree.

    A log that was reopened, or what the screen showed, need not name them. In LAMMPS K is dof k_B Temp / 2 exactly.
    """
    temperature, kinetic = table.column(("Temp",)), table.column(KINETIC)
    total, potential = table.column(TOTAL), table.column(POTENTIAL)
    if kinetic is None and total is not None and potential is not None:
        kinetic = [a - b for a, b in zip(total, potential, strict=True)]
    if kinetic is None or temperature is None or n_atoms is None or not np.mean(temperature) > 0:
        return
    found = float(np.mean(kinetic)) * style.energy_eV * (n_atoms if table.per_atom else 1)
    expected = 1.5 * (n_atoms - 1) * KB_EV_K * float(np.mean(temperature))
    if not 1 / FACTOR < found / expected < FACTOR:
        raise InputError(
            f"{path}: in units {style.name} the mean kinetic energy is {found:.3g} eV, but {n_atoms} atoms at the mean "
            f"Temp have {expected:.3g} eV",
            hint="give the right --units; energies per atom (thermo_modify norm yes) multiply by the number of atoms",
        )


def _temperature(tables: Sequence[_Table], kept: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    columns = [table.column(TEMPERATURE_NAMES) for table in tables]
    if any(column is None for column in columns):
        return None
    return np.concatenate([np.array(column) for column in columns])[kept]


def _tables(lines: Iterable[str]) -> tuple[list[_Table], int]:
    """Return the thermo output of every `run`, and the number of rows of minimisations."""
    tables: list[_Table] = []
    settings = Settings()
    minimised = 0
    names: tuple[str, ...] = ()
    rows: list[tuple[float, ...]] = []
    for line in in_columns(_whole([*lines, f"{END_OF_RUN} a run that was cut short"])):
        header = _header(line)
        if header or line.startswith((END_OF_RUN, BANNER)):
            now = replace(settings, thermostats=dict(settings.thermostats))
            tables += [_Table(names, tuple(rows), now)] if rows else []
            names, rows = header, []
        elif line.startswith("Minimization stats") and tables:
            minimised += len(tables.pop().rows)
        elif names and (row := _row(line)) and len(row) == len(names):
            rows.append(row)
        settings.follow(line)
    return tables, minimised


def _whole(lines: Iterable[str]) -> Iterator[str]:
    """Yield commands that `&` continues as one line."""
    begun = ""
    for line in lines:
        if line.rstrip().endswith("&"):
            begun += line.rstrip()[:-1] + " "
        else:
            yield begun + line
            begun = ""


def _header(line: str) -> tuple[str, ...]:
    yaml = YAML_KEYWORDS.match(line)
    if yaml:
        return tuple(name.strip(" '\"") for name in yaml.group(1).split(",") if name.strip())
    words = tuple(line.split())
    is_header = words[:1] == ("Step",) or ("Step" in words and first_named(words, ENERGY_NAMES) is not None)
    return words if is_header else ()


def _row(line: str) -> tuple[float, ...]:
    yaml = YAML_ROW.match(line)
    return numbers(yaml.group(1).replace(" .nan", " nan").replace(" .inf", " inf") if yaml else line)
