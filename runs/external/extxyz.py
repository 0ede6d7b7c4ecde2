"""Energies of the frames of an extended XYZ file, from their comments: in eV, as ASE has them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from ase.io.extxyz import key_val_str_to_dict

from deckgen.errors import InputError
from deckgen.runs.external.names import named
from deckgen.runs.external.run import ExternalRun
from deckgen.runs.external.series import energy_column, from_columns
from deckgen.runs.external.source import Source

__all__ = ["is_extxyz", "read_extxyz"]

COMMENT = re.compile(r"Lattice=|Properties=", re.IGNORECASE)
COUNT = re.compile(r"[0-9]{1,9}")
OF_ASE = ("free_energy", "energy")
"""Keys in eV by ASE's convention. Where there are two, forces and hence the sampling are those of the free energy."""


def is_extxyz(source: Source) -> bool:
    """Return whether a text begins with a frame of extended XYZ."""
    filled = [line for line in source.lines[:100] if line.strip()]
    return len(filled) > 1 and bool(COUNT.fullmatch(filled[0].strip())) and bool(COMMENT.search(filled[1]))


def read_extxyz(source: Source) -> ExternalRun:
    """Read the energies of the frames; see `read_log_energies`."""
    frames = list(_frames(source))
    sizes = sorted({n_atoms for n_atoms, _ in frames})
    if len(sizes) != 1:
        counts = " and ".join(map(str, sizes)) or "no"
        raise InputError(f"{source.path}: frames of {counts} atoms", hint="give the whole frames of one run")
    shared = [key for key in frames[0][1] if all(key in values for _, values in frames)]
    energy = next((key for key in OF_ASE if key in shared), None)
    keys = [key for key in shared if key == energy or named(key)]
    if energy is None and energy_column(keys) is None:
        raise InputError(
            f"{source.path}: structures (extended XYZ) without an energy in every frame",
            hint="write them by ase.io.write, of atoms with a calculator; or give their energies as text",
        )
    names = ["potential_energy_eV" if key == energy else key for key in keys]
    rows = np.array([[_number(source, key, values[key]) for key in keys] for _, values in frames])
    return from_columns(source, names, lambda place: rows[:, place], n_atoms=sizes[0])


def _frames(source: Source) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the number of atoms and the comment of each frame; one that a kill cut short is passed over."""
    lines, start = source.lines, 0
    while start < len(lines):
        if not lines[start].strip():
            start += 1
            continue
        if not COUNT.fullmatch(lines[start].strip()):
            raise InputError(
                f"{source.path}: line {start + 1}: a number of atoms is missing", hint="write the frames again"
            )
        n_atoms, body = int(lines[start]), start + 2
        end = body + n_atoms
        # no row of an atom is one whole number: another frame begins there
        cut = next((k for k in range(body, min(end, len(lines))) if COUNT.fullmatch(lines[k].strip())), None)
        if cut is None and end <= len(lines):
            yield n_atoms, _comment(source, start + 2, lines[start + 1])
        start = end if cut is None else cut


def _comment(source: Source, line: int, text: str) -> Mapping[str, Any]:
    try:
        return dict(key_val_str_to_dict(text.strip()))
    except Exception as error:  # whatever ASE comes across
        raise InputError(
            f"{source.path}: line {line}: not a comment of extended XYZ ({type(error).__name__}: {error})",
            hint="write the frames again: ase.io.write",
        ) from error


def _number(source: Source, key: str, value: Any) -> float:
    try:
        if isinstance(value, bool) or np.ndim(value):
            raise TypeError(f"{value}")
        return float(value)
    except (TypeError, ValueError) as error:
        raise InputError(f"{source.path}: {key} of a frame is not a number: {value!r}", hint="correct it") from error
