"""Watching the files that LAMMPS writes: it does not say when a full disk refuses a row."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from deckgen.decks.manifest import ENERGIES, FRAMES, Manifest
from deckgen.errors import RunError
from deckgen.files import named
from deckgen.runs.restarts import keep_records

__all__ = ["OutputWatch", "require_room"]

PROBE = ".room"

_ROW = re.compile(rb"^(\d+) .*\n", re.MULTILINE)
_FRAME = re.compile(rb"\bTimestep=(\d+)")
_PROBE_BYTES = 1 << 16


def require_room(folder: Path) -> None:
    """Make sure that more can be written in the working folder, also behind what is longest there.

    Parameters
    ----------
    folder
        The working folder's name in the message.

    Raises
    ------
    RunError
        With what the disk says.
    """
    probe, lengths = Path(PROBE), [path.stat().st_size for path in (Path(ENERGIES), Path(FRAMES)) if path.exists()]
    with named(folder):
        try:
            with probe.open("wb") as file:
                file.seek(max(lengths, default=0))
                file.write(bytes(_PROBE_BYTES))
                file.flush()
                os.fsync(file.fileno())
        finally:
            probe.unlink(missing_ok=True)


class OutputWatch:
    """Looks now and then at what the rows and frames of a running deck have grown by.

    Parameters
    ----------
    folder
        The deck's, for messages; its files are in the working folder.
    manifest
        The deck's.
    from_step
        Where the run begins.
    current_step
        Returns LAMMPS' present step.
    """

    def __init__(self, folder: Path, manifest: Manifest, from_step: int, current_step: Callable[[], int]) -> None:
        self.folder, self.manifest, self.current_step = folder, manifest, current_step
        self._rows = _Growing(Path(ENERGIES), _ROW, manifest.sample_every, from_step)
        self._frames = _Growing(Path(FRAMES), _FRAME, manifest.frame_every, from_step)
        self._due = 0

    def look(self) -> None:
        """Look at what is new, and write down which restart files there are.

        Raises
        ------
        RunError
            If rows or frames are missing, or no row comes and the disk takes nothing.
        """
        began = self._rows.path.exists()  # before the step is asked for: a relaxation counts steps of its own
        step = min(self.current_step() - 1, self.manifest.n_steps) if began else 0
        for file in (self._rows, self._frames):
            if (lost := file.look()) is not None:
                require_room(self.folder)
                raise RunError(
                    f"{self.folder}: {file.path} lacks step {lost:,}: the disk was full, or the file was changed",
                    hint="the same command resumes from a restart before it",
                )
        if self._rows.last < self._due:
            require_room(self.folder)
        self._due = step - step % self.manifest.sample_every
        keep_records(self.manifest)


class _Growing:
    """A file to which LAMMPS appends at steps of equal distance."""

    def __init__(self, path: Path, pattern: re.Pattern[bytes], every: int, from_step: int) -> None:
        self.path, self.pattern, self.every = path, pattern, every
        self.last = from_step - from_step % every if every else 0
        self._read_to = path.stat().st_size if path.exists() else 0

    def look(self) -> int | None:
        """Read what is new; return the first step that is missing, None where all are there."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._read_to)
                new = file.read()
        except FileNotFoundError:
            return None
        new = new[: new.rfind(b"\n") + 1]
        self._read_to += len(new)
        for found in self.pattern.finditer(new):
            if int(found[1]) != self.last + self.every:
                return self.last + self.every
            self.last += self.every
        return None
