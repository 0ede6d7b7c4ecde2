"""LAMMPS logs: thermo output in columns or YAML, with what the commands say of units, normalisation and thermostat."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
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
from deckgen.runs.external.units import agreed_style

__all__ = ["is_log", "read_log"]

BANNER = "LAMMPS ("
END_OF_RUN = "Loop time of"
MEMORY = "Per MPI rank memory allocation"
YAML_KEYWORDS = re.compile(r"\s*keywords:\s*\[(.*)\]")
YAML_ROW = re.compile(r"\s*-\s*\[(.*)\]")
MULTI = re.compile(r"-+ Step\s+\d+ -+")
UNITS = re.compile(r"\s*(?:units|Unit style\s*:)\s+([a-z]\w*)")
ATOMS = re.compile(r"Loop time of .* with (\d+) atoms")
ATOMS_READ = re.compile(r"\s+(\d+) atoms\s*$")
THERMOSTATS = {
    # style -> where its two temperatures stand
    "langevin": 0,
    "temp/berendsen": 0,
    "temp/csvr": 0,
    "temp/csld": 0,
    "temp/rescale": 1,
}
ACCELERATED = re.compile(r"/(omp|kk|gpu|intel|opt)$")


@dataclass
class _Settings:
    """What the commands up to a line have set."""

    per_atom: bool = False
    timestep: float | None = None
    thermostats: dict[str, tuple[float, float]] = field(default_factory=dict)

    def follow(self, line: str) -> None:
        """Take in a line of the log: a command that is echoed there, or the beginning of another LAMMPS."""
        command, *words = line.split() or [""]
        if command in ("LAMMPS", "clear"):
            # a restart file brings the time step back, nothing else of this
            self.per_atom, self.thermostats = False, {}
        elif command == "thermo_style":
            self.per_atom = False
        elif command == "thermo_modify" and "norm" in words[:-1]:
            self.per_atom = words[words.index("norm") + 1] in ("yes", "on", "true")
        elif command == "timestep" and len(numbers(" ".join(words[:1]))) == 1:
            self.timestep = float(words[0])
        elif command == "Time" and words[:2] == ["step", ":"] and len(numbers(" ".join(words[2:]))) == 1:
            self.timestep = float(words[2])  # on the screen, before each run
        elif command == "unfix" and words:
            self.thermostats.pop(words[0], None)
        elif command == "fix" and (temperatures := _thermostat(words)):
            self.thermostats[words[0]] = temperatures


def _thermostat(words: Sequence[str]) -> tuple[float, float] | None:
    """Return the temperatures that a fix sets for the beginning and the end of a run; None for no thermostat."""
    style, values = ACCELERATED.sub("", "".join(words[2:3])), list(words[3:])
    if style.split("/")[0] in ("nvt", "npt", "nvk") and "temp" in values:
        values = values[values.index("temp") + 1 :]
    elif style in THERMOSTATS:
        values = values[THERMOSTATS[style] :]
    else:
        return None
    pair = numbers(" ".join(values[:2]))
    return (pair[0], pair[1]) if len(pair) == 2 else None


@dataclass(frozen=True)
class _Table:
    """Thermo output of one `run`, and what was set then."""

    names: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]
    settings: _Settings

    def column(self, names: tuple[str, ...]) -> list[float] | None:
        """Return the first of the named columns that there is."""
        found = first_named(self.names, names)
        return None if found is None else [row[found] for row in self.rows]

    @property
    def per_atom(self) -> bool:
        """Whether its energies are per atom; LAMMPS divides none that a variable holds."""
        found = first_named(self.names, ENERGY_NAMES)
        return self.settings.per_atom and found is not None and not self.names[found].startswith("v_")


def is_log(lines: Iterable[str]) -> bool:
    """Return whether the lines are those of a LAMMPS log, or of a part of one that says so."""
    starts = (BANNER, END_OF_RUN, MEMORY)
    return any(line.startswith(starts) or YAML_KEYWORDS.match(line) or MULTI.match(line) for line in lines)


def read_log(path: Path, lines: Sequence[str], units: str | None, n_atoms: int | None) -> ExternalRun:
    """Read a LAMMPS log; see `read_log_energies`."""
    # A line without its end is still being written.
    lines = [line for line in lines if line.endswith("\n")]
    style = agreed_style(path, _one(path, "style of units", _all(UNITS, lines)), units)
    tables, minimised = _tables(lines)
    usable = [table for table in tables if _has(table, ENERGY_NAMES) and _has(table, STEP_NAMES)]
    if not usable:
        multi = any(MULTI.match(line) for line in lines)
        what = "its thermo output is in the style multi" if multi else "no thermo output with Step and PotEng"
        raise InputError(f"{path}: {what}", hint="print it in columns: thermo_style custom step temp pe")
    steps = np.concatenate([table.column(STEP_NAMES) for table in usable]).astype(int)
    kept = evenly_spaced(path, steps)
    of_table = np.repeat(np.arange(len(usable)), [len(table.rows) for table in usable])
    read = [usable[k] for k in np.unique(of_table[kept])]
    timestep = _one(path, "time step", [f"{table.settings.timestep:g}" for table in read if table.settings.timestep])
    stride = int(np.diff(steps[kept][:2])[0]) if kept.sum() > 1 else 0
    n_said = _one(path, "number of atoms", _all(ATOMS, lines) or _all(ATOMS_READ, lines))
    n_atoms = int(n_said) if n_said else n_atoms
    energies = np.concatenate([_energies(path, table, n_atoms) for table in usable]) * style.energy_eV
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
    if not table.per_atom:
        return energies
    if n_atoms is None:
        raise InputError(
            f"{path}: the energies are per atom (thermo_modify norm yes) and the log does not say of how many atoms",
            hint="give their number: --atoms 55",
        )
    return energies * n_atoms


def _temperature(tables: Sequence[_Table], kept: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    columns = [table.column(TEMPERATURE_NAMES) for table in tables]
    if any(column is None for column in columns):
        return None
    return np.concatenate([np.array(column) for column in columns])[kept]


def _tables(lines: Iterable[str]) -> tuple[list[_Table], int]:
    """Return the thermo output of every `run`, and the number of rows of minimisations."""
    tables: list[_Table] = []
    settings = _Settings()
    minimised = 0
    names: tuple[str, ...] = ()
    rows: list[tuple[float, ...]] = []
    for line in _whole([*lines, f"{END_OF_RUN} a run that was cut short"]):
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
