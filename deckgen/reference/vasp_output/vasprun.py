"""vasprun.xml, streamed: only what labels need is parsed, whatever else the run has written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any
from xml.etree import ElementTree

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from deckgen.reference.vasp_output.run import BREAKS_OFF, NOT_CONVERGED, OF_FORCE_FIELD, VaspRun, VaspStep, numbers
from deckgen.reference.vasp_output.settings import TAGS, settings_of

__all__ = ["read_vasprun"]

_PASSED_OVER = frozenset({b"dos", b"eigenvalues", b"projected", b"dielectricfunction", b"dynmat"})
"""What fills large files; VASP begins and ends each on a line of its own."""
_LINES_AT_ONCE = 2000
_OLD_NAMES = {"r": "Zr", "X": "Xe"}
"""Symbols that VASP has written for others."""


def read_vasprun(file: Iterable[bytes]) -> VaspRun:
    """Read the lines of a vasprun.xml; of a run that goes on, or was killed, what is whole.

    Raises
    ------
    ValueError, LookupError
        If it is not what VASP writes.
    ElementTree.ParseError
        If it is not well-formed before the first ionic step ends.
    """
    reader = _Reader()
    broken = ""
    try:
        for element in _elements(file):
            reader.take(element)
    except ElementTree.ParseError as error:
        if not reader.counts:
            raise
        broken = f"the file is not well-formed behind the last ({error})"
    return reader.run(broken)


def _elements(file: Iterable[bytes]) -> Iterator[ElementTree.Element]:
    """Yield the elements as they end, `modeling` apart; those of `_PASSED_OVER` never are."""
    parser: Any = ElementTree.XMLPullParser(("end",))  # typed for all kinds of events at once
    lines = _needed(file)
    while part := b"".join(islice(lines, _LINES_AT_ONCE)):
        parser.feed(part)
        for _, element in parser.read_events():
            yield element


def _needed(lines: Iterable[bytes]) -> Iterator[bytes]:
    end = b""
    for line in lines:
        bare = line.strip()
        if end:
            end = b"" if bare == end else end
            continue
        name = bare[1:-1].split(b" ", 1)[0] if bare[:1] == b"<" and bare[-1:] == b">" else b""
        if name in _PASSED_OVER:
            end = b"</" + name + b">"
        else:
            yield line


class _Reader:
    def __init__(self) -> None:
        self.found = dict[str, str]()
        self.symbols, self.titles = list[str](), list[str]()
        self.steps, self.counts = list[VaspStep](), list[int]()
        self.began = False

    def take(self, element: ElementTree.Element) -> None:
        name = element.get("name")
        if element.tag in {"incar", "parameters"}:
            self.found |= _tags(element)
        elif element.tag == "array" and name == "atoms":
            self.symbols = [_symbol(row[0]) for row in element.iter("rc")]
        elif element.tag == "array" and name == "atomtypes":
            self.titles = [(row[-1].text or "").strip() for row in element.iter("rc")]
        elif element.tag == "scstep":
            self.began = True
        elif element.tag == "calculation":
            self.counts.append(len(element.findall("scstep")))
            self.steps.append(_step(element, self.symbols))
            self.began = False
            element.clear()

    def run(self, broken: str) -> VaspRun:
        if not self.symbols:
            raise LookupError("no atoms")
        most = int(self.found.get("NELM", "0")) or max(self.counts, default=0) + 1
        steps = tuple(
            VaspStep(step.atoms, step.energy_eV, step.forces_eV_A, _fault(count, most))
            for step, count in zip(self.steps, self.counts, strict=True)
        )
        settings = settings_of({tag: self.found[tag] for tag in TAGS if tag in self.found}, self.titles)
        return VaspRun(steps, settings, broken or (BREAKS_OFF if self.began else ""))


def _fault(electronic_steps: int, most: int) -> str:
    if not electronic_steps:
        return OF_FORCE_FIELD
    return "" if electronic_steps < most else NOT_CONVERGED


def _tags(element: ElementTree.Element) -> dict[str, str]:
    """Return tags and values; of tags that occur twice the first: VASP has a NELM of the response functions as well."""
    tags = dict[str, str]()
    for item in element.iter():
        if item.tag in {"i", "v"}:
            tags.setdefault((item.get("name") or "").upper(), (item.text or "").strip())
    if element.tag == "parameters" and "ENMAX" in tags:
        tags["ENCUT"] = tags["ENMAX"]
    return {"IVDW": "0"} | tags if element.tag == "incar" else tags


def _symbol(cell: ElementTree.Element) -> str:
    symbol = (cell.text or "").strip()
    return _OLD_NAMES.get(symbol, symbol)


def _step(element: ElementTree.Element, symbols: list[str]) -> VaspStep:
    structure = element.find("structure")
    if structure is None:
        raise LookupError("an ionic step without a structure")
    rows = {str(array.get("name")): array for array in (*structure.iter("varray"), *element.findall("varray"))}
    cell = _rows(rows["basis"])
    atoms = Atoms(symbols, positions=_rows(rows["positions"]) @ cell, cell=cell, pbc=True)
    energies = [*element.findall("scstep/energy"), *element.findall("energy")]
    values = [item.text for energy in energies[-1:] for item in energy.iter("i") if item.get("name") == "e_fr_energy"]
    forces = _rows(rows["forces"]) if "forces" in rows else None
    return VaspStep(atoms, numbers(values[0])[0] if values else None, forces)


def _rows(array: ElementTree.Element) -> NDArray[np.float64]:
    return np.array([numbers(row.text) for row in array.iter("v")], dtype=float)
