"""The isomers' part of the report: a table, pictures, and what the viewer turns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from scipy.spatial.distance import cdist

from deckgen.analysis.isomers.geometry import BOND
from deckgen.errors import InputError
from deckgen.structures import read_structures
from deckgen.study.folder import ResultsFolder, StudyFolder
from deckgen.workflows.isomers.read import IsomerEntry, IsomersDocument, read_isomers
from deckgen.workflows.report.pictures import picture_of
from deckgen.workflows.report.trajectory import colours_of

__all__ = ["isomer_context"]

ROWS = 30
"""Isomers in the table."""

LOW_PICTURES, HIGH_PICTURES = 6, 3
"""Isomers that have a picture: the lowest, and some spread over the others."""

LOW_VIEWS, HIGH_VIEWS = 40, 20
"""Isomers in the viewer: likewise."""


def isomer_context(study_folder: Path) -> dict[str, Any] | None:
    """Return what `isomers.html.j2` shows as `isomers`, or None where no isomers were looked for.

    `results`: the contents of results/isomers.json; `rows`: its lowest isomers; `geometries`: the same of several
    elements, the homotops of each geometry; `pictures`: of some, with captions; `viewer`: what the page's
    script needs.

    Raises
    ------
    InputError
        If results/isomers.json and results/isomers.extxyz are not readable or do not fit together.
    """
    folder = StudyFolder(study_folder).results
    results = read_isomers(folder)
    if results is None:
        return None
    structures = _read_structures(folder, results)
    isomers = results.isomers
    pictures = [
        picture_of(structures[k], _caption(isomers[k])) for k in _spread(len(isomers), LOW_PICTURES, HIGH_PICTURES)
    ]
    shown = _spread(len(isomers), LOW_VIEWS, HIGH_VIEWS)
    return {
        "results": results,
        "rows": isomers[:ROWS],
        "geometries": _by_geometry(isomers[:ROWS]),
        "pictures": pictures,
        "viewer": _viewer([isomers[k] for k in shown], [structures[k] for k in shown]),
    }


def _by_geometry(isomers: Sequence[IsomerEntry]) -> list[tuple[int, list[IsomerEntry]]]:
    """Return the number of each geometry and its homotops, by the energy of the lowest; none of one element."""
    found = dict[int, list[IsomerEntry]]()
    for isomer in isomers:
        if isomer.geometry is not None:
            found.setdefault(isomer.geometry, []).append(isomer)
    return list(found.items())


def _read_structures(folder: ResultsFolder, results: IsomersDocument) -> list[Atoms]:
    again = "write both again: deckgen isomers"
    try:
        structures = list(read_structures(folder.isomer_structures, kind="extxyz"))
    except InputError as error:
        raise InputError(error.message, hint=again) from error
    if len(structures) != len(results.isomers):
        raise InputError(
            f"{folder.isomer_structures}: it has {len(structures)} structures for {len(results.isomers)} isomers",
            hint=again,
        )
    return structures


def _spread(count: int, low: int, high: int) -> list[int]:
    """Return the `low` lowest of some isomers, and `high` of the rest at even distances, the highest included."""
    rest = np.linspace(low - 1, count - 1, high + 1).round().astype(int)[1:] if count > low else np.array([], dtype=int)
    return sorted({*range(min(low, count)), *rest.tolist()})


def _caption(isomer: IsomerEntry) -> str:
    """Return what there is to say of an isomer in a line."""
    symbol = isomer.point_group.replace("inf", "∞")
    return f"{isomer.rank}: {symbol}, +{isomer.relative_eV:.4f} eV"


def _viewer(isomers: Sequence[IsomerEntry], structures: Sequence[Atoms]) -> dict[str, Any]:
    """Return symbols and colours of the atoms, and of each isomer its caption, longest bond (A) and positions (A)."""
    symbols = sorted(structures[0].symbols)
    return {
        "symbols": symbols,
        "colours": colours_of(symbols),
        "isomers": [
            {"caption": _caption(isomer), **_model(atoms)} for isomer, atoms in zip(isomers, structures, strict=True)
        ],
    }


def _model(atoms: Atoms) -> dict[str, Any]:
    order = np.argsort(np.array(atoms.get_chemical_symbols()), kind="stable")
    positions = (atoms.positions - atoms.positions.mean(axis=0))[order]
    nearest = (cdist(positions, positions) + np.diag(np.full(len(atoms), np.inf))).min(axis=1)
    return {"bond_A": round(BOND * float(np.median(nearest)), 3), "positions_A": positions.round(2).ravel().tolist()}
