"""Whether a disk still takes what is written."""

from __future__ import annotations

import os
from pathlib import Path

from deckgen.files import named

__all__ = ["require_room"]

_PROBE = ".room"
_PROBE_BYTES = 1 << 16


def require_room(folder: Path, name: Path | None = None, *, behind: int = 0) -> None:
    """Make sure that more can be written in a folder: for programs that do not say why they could not.

    Parameters
    ----------
    folder
        The folder.
    name
        What the message calls it; None: the folder itself.
    behind
        Where in a file (bytes) more is to be written.

    Raises
    ------
    RunError
        With what the disk says.
    """
    (folder / _PROBE).unlink(missing_ok=True)  # a link there may lead to any file
    probe = folder / _PROBE
    with named(name or folder):
        try:
            with probe.open("wb") as file:
                file.seek(behind)
                file.write(bytes(_PROBE_BYTES))
                file.flush()
                os.fsync(file.fileno())
        finally:
            probe.unlink(missing_ok=True)
