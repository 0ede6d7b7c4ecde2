"""OUTCAR, line by line: VASP 5 and 6, with and without forces of every step, with and without its force field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from deckgen.reference.vasp_output.run import (
    BREAKS_OFF,
    NOT_CONVERGED,
    OF_FORCE_FIELD,
    WITHOUT_POSITIONS,
    VaspRun,
    VaspStep,
    element_of,
    numbers,
)
from deckgen.reference.vasp_output.settings import TAGS, settings_of

__all__ = ["read_outcar"]

_TAG = re.compile(rf"^\s*({'|'.join((*TAGS, 'NELM'))})\s*=[ \t]*([^;\n]+)", re.MULTILINE | re.IGNORECASE)
_PER_SPECIES = re.compile(r"for each species (LDAU[LUJ])\s*=[ \t]*([^\n]+)")
_TITLE = re.compile(r"^\s+TITEL\s*=\s*(.+?)\s*$", re.MULTILINE)
_POTCAR = re.compile(r"^\s*POTCAR:\s*(.+?)\s*$", re.MULTILINE)
_COUNTS = re.compile(r"ions per type =((?:\s+\d+)+)\s*$", re.MULTILINE)
_NIONS = re.compile(r"number of ions\s+NIONS =\s*(\d+)")
_TOTEN = re.compile(r"free  energy(?: ML)?\s+TOTEN\s*=\s*(\S+)")


def read_outcar(lines: Iterable[str]) -> VaspRun:
    """Read the lines of an OUTCAR; of a run that goes on, or was killed, what is whole.

    Raises
    ------
    ValueError, LookupError
        If it is not what VASP writes.
    """
    lines = iter(lines)
    head = _Head("".join(_until_iterations(lines)))
    reader = _Reader(head)
    reader.read(lines)
    if not (head.corrected or reader.corrected):
        head.tags.setdefault("IVDW", "0")
    settings = settings_of({tag: value for tag, value in head.tags.items() if tag != "NELM"}, head.titles)
    return VaspRun(tuple(reader.steps), settings, BREAKS_OFF if reader.n_electronic else "")


def _until_iterations(lines: Iterator[str]) -> Iterator[str]:
    """Yield what is before the first ionic step; the line that announces its first electronic step is taken off."""
    for line in lines:
        if "Iteration" in line:
            return
        yield line


class _Head:
    """What stands before the first electronic step: settings, potentials, number of atoms of each type."""

    def __init__(self, text: str) -> None:
        self.tags = dict[str, str]()
        for tag, value in [*_TAG.findall(text.replace(";", ";\n")), *_PER_SPECIES.findall(text)]:
            per_type = tag.upper().startswith("LDAU") and tag.upper() not in {"LDAU", "LDAUTYPE"}
            self.tags.setdefault(tag.upper(), value.strip() if per_type else value.strip().split(" ")[0])
        if "LDA+U is selected" in text:
            self.tags["LDAU"] = "t"
        self.corrected = "vdW" in text.replace("vdW DFT", "") or "Edisp" in text
        if (counts := _COUNTS.search(text)) is None:
            raise LookupError("no number of ions per type")
        per_type = [int(word) for word in counts[1].split()]
        self.titles = _TITLE.findall(text) or _POTCAR.findall(text)[: len(per_type)]
        n_atoms = _NIONS.search(text)
        if len(self.titles) != len(per_type) or (n_atoms and int(n_atoms[1]) != sum(per_type)):
            # VASP writes the numbers of the first ten types only
            raise LookupError(
                f"{len(self.titles)} potentials, but 'ions per type' of {len(per_type)}: take vasprun.xml"
            )
        of_types = [element_of(title.split()) for title in self.titles]
        self.symbols = [symbol for symbol, count in zip(of_types, per_type, strict=True) for _ in range(count)]
        self.most = int(self.tags.get("NELM", "0"))


class _Reader:
    """The ionic steps: an energy ends each; cell, positions and forces stand before it."""

    def __init__(self, head: _Head) -> None:
        self.head = head
        self.steps = list[VaspStep]()
        self.cell: NDArray[np.float64] | None = None
        self.rows: NDArray[np.float64] | None = None
        self.n_electronic, self.reached, self.corrected = 1, False, False

    def read(self, lines: Iterator[str]) -> None:
        for line in lines:
            if "Iteration" in line:
                self.n_electronic += 1
            elif "EDIFF is reached" in line:
                self.reached = True
            elif "direct lattice vectors" in line:
                self.cell = _table(lines, 3, 3)
            elif "TOTAL-FORCE (eV/Angst)" in line:
                self.corrected |= "vdW" in line
                next(lines, "")
                self.rows = _table(lines, len(self.head.symbols), 6)
            elif found := _TOTEN.search(line):
                self.end(numbers(found[1])[0], by_force_field=" ML " in line)

    def end(self, energy_eV: float, *, by_force_field: bool) -> None:
        atoms, forces = Atoms(), None
        if self.rows is not None and self.cell is not None:
            atoms = Atoms(self.head.symbols, positions=self.rows[:, :3], cell=self.cell, pbc=True)
            forces = self.rows[:, 3:]
        if by_force_field:
            fault = OF_FORCE_FIELD
        else:
            # VASP 5 says that EDIFF is reached where NELM ended the loop, too
            ended_by_itself = self.reached and (not self.head.most or self.n_electronic < self.head.most)
            fault = NOT_CONVERGED if not ended_by_itself else WITHOUT_POSITIONS if forces is None else ""
            self.n_electronic, self.reached = 0, False
        self.steps.append(VaspStep(atoms, energy_eV, forces, fault))
        self.rows = None


def _table(lines: Iterator[str], n_rows: int, n_columns: int) -> NDArray[np.float64] | None:
    """Return the first columns of the next lines; None where the file ends before."""
    rows = [numbers(line)[:n_columns] for line in islice(lines, n_rows)]
    whole = len(rows) == n_rows and all(len(row) == n_columns for row in rows)
    return np.array(rows, dtype=float) if whole else None
