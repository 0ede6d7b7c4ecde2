"""The files of a study's isomers in results/."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deckgen.errors import InputError

__all__ = ["ISOMERS_JSON", "ISOMERS_XYZ", "read_isomers"]

ISOMERS_JSON = "isomers.json"
ISOMERS_XYZ = "isomers.extxyz"


def read_isomers(results_folder: Path) -> dict[str, Any] | None:
    """Return the contents of isomers.json; None where no isomers were looked for.

    Raises
    ------
    InputError
        If it is not readable.
    """
    path = results_folder / ISOMERS_JSON
    if not path.is_file():
        return None
    try:
        results: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not readable ({error})", hint="write it again: deckgen isomers") from error
    return results
