"""The files of a comparison with a reference in results/: JSON, structures, a table; and the report's part of it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from ase.io import write

from deckgen.errors import InputError
from deckgen.files import write_json, write_whole
from deckgen.study.folder import ResultsFolder, StudyFolder
from deckgen.training.dataset import bare
from deckgen.workflows.compare.comparison import ComparedIsomer, ReferenceComparison
from deckgen.workflows.isomers.files import read_isomers

__all__ = ["reference_context", "write_comparison"]

SAME_ENERGY_EV = 1e-6


def write_comparison(comparison: ReferenceComparison, results: ResultsFolder) -> None:
    """Write isomers_reference.extxyz (the reference's minima), .csv and, last, .json."""
    xyz = io.StringIO()
    for isomer in comparison.isomers:
        if isomer.relaxed is not None:
            write(xyz, bare(isomer.relaxed, _info(isomer)), format="extxyz", columns=["symbols", "positions"])
    write_whole(results.reference_structures, xyz.getvalue())
    write_whole(results.reference_table, _csv([_flat(isomer.to_json()) for isomer in comparison.isomers]))
    write_json(results.reference, comparison.to_json())


def reference_context(study_folder: Path) -> dict[str, Any] | None:
    """Return what `comparison_reference.html.j2` shows as `reference`, or None where there is no comparison.

    `results`: the contents of results/isomers_reference.json; `outdated`: whether the isomers have changed since.

    Raises
    ------
    InputError
        If a file is not readable.
    """
    folder = StudyFolder(study_folder).results
    path = folder.reference
    if not path.is_file():
        return None
    try:
        results = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not readable ({error})", hint="write it again: deckgen compare") from error
    isomers = (read_isomers(folder) or {"isomers": []})["isomers"][: len(results["isomers"])]
    energies = [isomer["energy_eV"] for isomer in isomers]
    same = len(energies) == len(results["isomers"]) and all(
        abs(energy - isomer["energy_eV"]) < SAME_ENERGY_EV
        for energy, isomer in zip(energies, results["isomers"], strict=True)
    )
    return {"results": results, "outdated": not same}


def _info(isomer: ComparedIsomer) -> dict[str, Any]:
    end, change = isomer.at_reference_minimum, isomer.change
    assert end is not None
    assert change is not None
    relative = {} if end.relative_eV is None else {"relative_eV": end.relative_eV}
    return relative | {
        "rank": isomer.rank,
        "energy_eV": end.reference_eV,
        "max_force_eV_A": end.max_force_eV_A,
        "n_steps": isomer.n_steps,
        "converged": isomer.converged,
        "same_isomer": change.same,
        "min_bond_length_A": change.after.shortest_A,
        "mean_bond_length_A": change.after.mean_bond_A,
    }


def _flat(row: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested values under names that are joined by points, without those that are not known."""
    flat = dict[str, Any]()
    for name, value in row.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return {name: value for name, value in flat.items() if value is not None}


def _csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
