"""Energies of GROMACS: what `gmx energy` extracted, as Grace's xvg; its other files are refused by name."""

from __future__ import annotations

import re

import numpy as np

from deckgen.errors import InputError
from deckgen.runs.external.run import ExternalRun, numbers
from deckgen.runs.external.series import from_columns
from deckgen.runs.external.source import Source

__all__ = ["is_gromacs", "is_xvg", "read_gromacs", "read_xvg"]

LEGEND = re.compile(r'@\s*s(\d+)\s+legend\s+"(.*)"')
AXIS = re.compile(r'@\s*([xy])axis\s+label\s+"(.*)"')
BINARY = (-55555).to_bytes(4, "big", signed=True)
"""How an energy file begins, in XDR."""
OTHER_TEXT = {
    "the averages that gmx energy prints": (b"Err.Est.", b"Tot-Drift"),
    "the log of a GROMACS run": (b"Energies (kJ/mol)", b"Kinetic En."),
}


def is_gromacs(source: Source) -> bool:
    """Return whether a file is one of GROMACS that is not read: binary, a log, or averages."""
    return bool(_what(source))


def read_gromacs(source: Source) -> ExternalRun:
    """Refuse a file of GROMACS that is no series, and say how to extract one."""
    raise InputError(
        f"{source.path}: {_what(source)}, not the energies of each frame",
        hint="extract Potential and Temperature, and give the xvg: gmx energy -f ener.edr -o energies.xvg",
    )


def _what(source: Source) -> str:
    if source.data.startswith(BINARY) or source.path.suffix.lower() == ".edr":
        return "an energy file of GROMACS (.edr)"
    return next((what for what, words in OTHER_TEXT.items() if all(word in source.data for word in words)), "")


def is_xvg(source: Source) -> bool:
    """Return whether the lines have the commands of an xvg file."""
    return any(AXIS.match(line) or LEGEND.match(line) for line in source.lines)


def read_xvg(source: Source) -> ExternalRun:
    """Read the output of `gmx energy`: a time, then the quantities that the legends name; see `read_log_energies`."""
    path, lines = source.path, source.whole_lines
    axes = {match[1]: match[2] for match in map(AXIS.match, lines) if match}
    legends = {int(match[1]): match[2] for match in map(LEGEND.match, lines) if match}
    if "Potential" not in legends.values():
        raise InputError(f"{path}: no quantity of this xvg file is named Potential", hint="choose it in: gmx energy")
    # one label for all quantities: "(kJ/mol), (K)"
    energy = "potential (kJ/mol)" if "kJ/mol" in axes.get("y", "") else "potential"
    names = (axes.get("x", "").lower(), *(legends.get(k, "") for k in range(max(legends) + 1)))
    names = tuple(energy if name == "Potential" else name for name in names)
    rows = np.array([row for line in lines if line[:1] not in "#@" and len(row := numbers(line)) == len(names)])
    if not len(rows):
        raise InputError(f"{path}: no rows of {len(names)} numbers, as its legends promise", hint="extract it again")
    return from_columns(source, names, lambda place: rows[:, place])
