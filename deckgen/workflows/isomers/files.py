"""The files of a study's isomers in results/."""

from __future__ import annotations

import json
from typing import Any

from deckgen.errors import InputError
from deckgen.study.folder import ResultsFolder

__all__ = ["read_isomers"]


def read_isomers(results: ResultsFolder) -> dict[str, Any] | None:
    """Return the contents of isomers.json; None where no isomers were looked for.

    Raises
    ------
    InputError
        If it is not readable.
    """
    path = results.isomers
    if not path.is_file():
        return None
    try:
        document: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not readable ({error})", hint="write it again: deckgen isomers") from error
    return document
