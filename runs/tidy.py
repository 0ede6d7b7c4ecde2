"""What a deck that is done leaves on the disk: eight files, and links to those of its potential.

Ten thousand decks are as many files as a file system of a cluster grants. All that a deck has computed stays, as does
what it takes to make it longer, and to run it with a bare `lmp`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from deckgen.decks.manifest import (
    ENERGIES,
    FRAMES,
    MANIFEST,
    OLD_RESTART,
    QUENCHED,
    RESTART,
    manifest_text,
    read_manifest,
)
from deckgen.files import unless_refused, write_whole
from deckgen.runs.journal import JOURNAL, read_attempts
from deckgen.runs.opening import LOG
from deckgen.runs.restarts import RECORDS, read_records, step_of

__all__ = ["tidy"]


def tidy() -> None:
    """Tidy the working folder, a deck's that is done; a disk that refuses a part of it leaves the files as they were.

    Attempts and the restart's record go into `deck.json`, the logs of all attempts into one. The restart before the
    last one is removed once the outputs are on the disk: nothing that a power cut does can ask for it any more.
    """
    with unless_refused():
        _to_disk(Path(name) for name in (ENERGIES, FRAMES, QUENCHED, "."))
        run = {
            "attempts": [asdict(attempt) for attempt in read_attempts(Path())],
            "restarts": [asdict(record) for record in read_records() if record.step == step_of(Path(RESTART))],
        }
        write_whole(Path(MANIFEST), manifest_text(read_manifest(Path()), run))
        for name in (JOURNAL, *((RECORDS, OLD_RESTART) if run["restarts"] else ())):
            Path(name).unlink(missing_ok=True)
        _join_logs()


def _to_disk(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.exists():
            number = os.open(path, os.O_RDONLY)
            try:
                os.fsync(number)
            finally:
                os.close(number)


def _join_logs() -> None:
    """Put the logs of earlier attempts, log.lammps.1 and so on, before the last one."""
    older = [path for path in Path().glob(f"{LOG}.*") if path.suffix[1:].isdecimal()]
    if older:
        older.sort(key=lambda path: int(path.suffix[1:]))
        write_whole(Path(LOG), b"".join(path.read_bytes() for path in (*older, Path(LOG))))
        for path in older:
            path.unlink()
