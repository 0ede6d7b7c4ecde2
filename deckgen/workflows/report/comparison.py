"""The report's part about a comparison of the isomers with a reference."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from deckgen.study.folder import StudyFolder
from deckgen.workflows.compare.read import read_comparison
from deckgen.workflows.isomers.read import read_isomers

__all__ = ["reference_context"]

SAME_ENERGY_EV = 1e-6


def reference_context(study_folder: Path) -> dict[str, Any] | None:
    """Return what `comparison_reference.html.j2` shows as `reference`, or None where there is no comparison.

    `results`: the contents of results/isomers_reference.json; `outdated`: whether the isomers have changed since.

    Raises
    ------
    InputError
        If a file is not readable.
    """
    folder = StudyFolder(study_folder).results
    if not folder.reference.is_file():
        return None
    results, isomers = read_comparison(folder), read_isomers(folder)
    compared = [row.energy_eV for row in results.isomers]
    now = [isomer.energy_eV for isomer in isomers.isomers[: len(compared)]] if isomers else []
    same = len(now) == len(compared) and all(
        abs(one - other) < SAME_ENERGY_EV for one, other in zip(now, compared, strict=True)
    )
    return {"results": asdict(results), "outdated": not same}
