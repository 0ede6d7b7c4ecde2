"""A fitted potential in its folder: the files, their record, and an older fit set aside."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deckgen.errors import InputError
from deckgen.files import first_free, read_json, write_json
from deckgen.quip.gapfile import read_gap
from deckgen.records import as_record
from deckgen.training.fit.arguments import TRAINING_FILE
from deckgen.training.fit.gap_fit import LOG
from deckgen.training.fit.native.engine import NATIVE_LOG
from deckgen.training.fit.native.uncertainty import FACTOR
from deckgen.training.recipe.folder import XML

__all__ = ["RECORD", "FitResult", "put_in_place", "read_fit"]

RECORD = "fit.json"
LOGS = (LOG, NATIVE_LOG)


@dataclass(frozen=True)
class FitResult:
    """A fitted potential.

    Attributes
    ----------
    xml
        The potential, its sparseX files beside it.
    sha256
        Checksum of all its files.
    inputs_sha256
        Checksum of its inputs: the training file and the arguments of gap_fit.
    arguments
        The arguments of gap_fit.
    n_frames, n_targets
        Number of labelled frames, and of their energies and force components.
    errors
        Errors on the frames that it was fitted to, as `ErrorTable.to_json` returns them.
    estimated_bytes, peak_bytes
        Memory, as estimated and as used.
    new
        Whether this call made it; otherwise it existed.
    """

    xml: Path
    sha256: str
    inputs_sha256: str
    arguments: tuple[str, ...]
    n_frames: int
    n_targets: int
    errors: Mapping[str, Any]
    estimated_bytes: int
    peak_bytes: int
    seconds: float
    new: bool = True


def read_fit(folder: Path) -> FitResult | None:
    """Return the fit in a folder; None if there is none, or its files are not those of its record."""
    try:
        record = {**read_json(folder / RECORD), "xml": str(folder / XML), "new": False}
        known = as_record(record, FitResult)
        return known if read_gap(known.xml).sha256 == known.sha256 else None
    except (OSError, InputError, ValueError, TypeError):
        return None


def put_in_place(record: FitResult, running: Path) -> None:
    """Move a fit from the folder where it ran to that of its xml, its record last; an older fit is set aside."""
    folder = record.xml.parent
    files = [*read_gap(running / XML).files, *(running / name for name in (*LOGS, FACTOR, TRAINING_FILE))]
    ours = (*LOGS, FACTOR, RECORD, TRAINING_FILE)
    if older := [path for path in folder.iterdir() if path.name.startswith(XML) or path.name in ours]:
        place = first_free(folder.with_name(f"{folder.name}.old"), "{}")
        place.mkdir(parents=True)
        for path in older:
            os.replace(path, place / path.name)
    for path in reversed(
        [path for path in files if path.exists()]
    ):  # the xml comes first in the list and last in the folder
        os.replace(path, folder / path.name)
    write_json(folder / RECORD, {key: value for key, value in asdict(record).items() if key not in ("xml", "new")})
    shutil.rmtree(running)
