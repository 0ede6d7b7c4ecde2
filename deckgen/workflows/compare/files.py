"""The files of a comparison with a reference in results/: JSON, structures, a table."""

from __future__ import annotations

import csv
import io
from typing import Any

from ase.io import write

from deckgen.files import write_json, write_whole
from deckgen.processes.lock import alone_in
from deckgen.study.folder import ResultsFolder
from deckgen.training.dataset import bare
from deckgen.workflows.compare.comparison import ComparedIsomer, ReferenceComparison

__all__ = ["write_comparison"]


def write_comparison(comparison: ReferenceComparison, results: ResultsFolder) -> None:
    """Write isomers_reference.extxyz (the reference's minima), .csv and, last, .json."""
    xyz = io.StringIO()
    for isomer in comparison.isomers:
        if isomer.relaxed is not None:
            write(xyz, bare(isomer.relaxed, _info(isomer)), format="extxyz", columns=["symbols", "positions"])
    with alone_in(results.path):
        write_whole(results.reference_structures, xyz.getvalue())
        write_whole(results.reference_table, _csv([_flat(isomer.to_json()) for isomer in comparison.isomers]))
        write_json(results.reference, comparison.to_json())


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
