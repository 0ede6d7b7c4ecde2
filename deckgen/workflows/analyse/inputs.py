"""What an analysis has read of its study, so that every later change of it is noticed.

Contents are compared, not which file is newer: a clock may jump back, and a file that is put back brings its old time.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deckgen.contents import sha256_of
from deckgen.decks.deck import deck_folders
from deckgen.decks.manifest import ENERGIES, FRAMES, MANIFEST, QUENCHED
from deckgen.decks.protocols import NVT
from deckgen.runs.outputs import DROPPED_ENERGIES
from deckgen.study.folder import StudyFolder

__all__ = ["AnalysedInputs", "inputs_of"]

OF_A_DECK = (MANIFEST, ENERGIES, DROPPED_ENERGIES, FRAMES, QUENCHED)


@dataclass(frozen=True)
class AnalysedInputs:
    """The files that an analysis reads, as they were before it began.

    Parameters
    ----------
    n_files, n_bytes
        How many there were, and their size.
    sha256
        Of their names below the study's folder and of their contents: a study that was copied or moved has the same.
    """

    n_files: int
    n_bytes: int
    sha256: str

    def are_still(self, study_folder: Path) -> bool:
        """Return whether the study has the same files with the same contents."""
        found = _Files(study_folder)
        return (found.n_files, found.n_bytes) == (self.n_files, self.n_bytes) and found.sha256() == self.sha256


def inputs_of(study_folder: Path) -> AnalysedInputs:
    """Return what an analysis of a study that begins now reads: a change in its course makes it out of date."""
    found = _Files(study_folder)
    return AnalysedInputs(found.n_files, found.n_bytes, found.sha256())


class _Files:
    """The files of a study that an analysis reads; those that are not there are left out."""

    def __init__(self, study_folder: Path) -> None:
        self._found, self.n_bytes = list[tuple[str, Path]](), 0
        for path in _paths(study_folder):
            with contextlib.suppress(FileNotFoundError):
                self.n_bytes += path.stat().st_size
                self._found.append((path.relative_to(study_folder).as_posix(), path))

    @property
    def n_files(self) -> int:
        return len(self._found)

    def sha256(self) -> str:
        contents = hashlib.sha256()
        for name, path in self._found:
            with contextlib.suppress(FileNotFoundError):
                contents.update(f"{name}\0{sha256_of(path)}\n".encode())
        return contents.hexdigest()


def _paths(study_folder: Path) -> Iterator[Path]:
    folder = StudyFolder(study_folder)
    yield from (folder.study_file, folder.plan, folder.results.isomers, folder.results.quenches)
    yield from sorted(NVT.folder(study_folder).glob("exchange-r*.json"))
    yield from sorted(NVT.folder(study_folder).glob("exchange-r*.dat"))
    for _, deck in deck_folders(study_folder):
        yield from (deck / name for name in OF_A_DECK)
