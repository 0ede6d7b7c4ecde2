"""The report's part about a comparison of the isomers with a reference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deckgen.errors import InputError
from deckgen.files import read_json
from deckgen.study.folder import StudyFolder
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
    try:
        results = read_json(folder.reference)
        compared = [row["energy_eV"] for row in results["isomers"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{folder.reference}: not readable ({error})", hint="write it again: deckgen compare"
        ) from error
    isomers = read_isomers(folder)
    now = [isomer.energy_eV for isomer in isomers.isomers[: len(compared)]] if isomers else []
    same = len(now) == len(compared) and all(
        abs(one - other) < SAME_ENERGY_EV for one, other in zip(now, compared, strict=True)
    )
    return {"results": results, "outdated": not same}
