"""Energies that `gmx energy` extracted: Grace's xvg."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from deckgen.errors import InputError
from deckgen.runs.external.columns import from_columns
from deckgen.runs.external.run import ExternalRun, numbers

__all__ = ["is_xvg", "read_xvg"]

LEGEND = re.compile(r'@\s*s(\d+)\s+legend\s+"(.*)"')
AXIS = re.compile(r'@\s*([xy])axis\s+label\s+"(.*)"')


def is_xvg(lines: Iterable[str]) -> bool:
    """Return whether the lines have the commands of an xvg file."""
    return any(AXIS.match(line) or LEGEND.match(line) for line in lines)


def read_xvg(path: Path, lines: Sequence[str], units: str | None) -> ExternalRun:
    """Read the output of `gmx energy`: a time, then the quantities that the legends name; see `read_log_energies`."""
    axes = {match[1]: match[2] for match in map(AXIS.match, lines) if match}
    legends = {int(match[1]): match[2] for match in map(LEGEND.match, lines) if match}
    if "Potential" not in legends.values():
        raise InputError(f"{path}: no quantity of this xvg file is named Potential", hint="choose it in: gmx energy")
    # one label for all quantities: "(kJ/mol), (K)"
    energy = "potential (kJ/mol)" if "kJ/mol" in axes.get("y", "") else "potential"
    names = (axes.get("x", "").lower(), *(legends.get(k, "") for k in range(max(legends) + 1)))
    names = tuple(energy if name == "Potential" else name for name in names)
    rows = [row for line in lines if line[:1] not in "#@" and len(row := numbers(line)) == len(names)]
    if not rows:
        raise InputError(f"{path}: no rows of {len(names)} numbers, as its legends promise", hint="extract it again")
    return from_columns(path, names, np.array(rows), units)
