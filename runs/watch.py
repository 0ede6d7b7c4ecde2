"""Watching the files that LAMMPS writes: it does not say when a full disk refuses a row."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable
from pathlib import Path

from deckgen import room
from deckgen.contents import regular
from deckgen.decks.manifest import ENERGIES, FRAMES, OLD_RESTART, RESTART, Manifest
from deckgen.errors import RunError
from deckgen.runs.restarts import keep_records

__all__ = ["OutputWatch", "require_room"]

_ROW = re.compile(rb"^(\d+) .*\n", re.MULTILINE)


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
    lengths = [path.stat().st_size for path in (Path(ENERGIES), Path(FRAMES)) if path.exists()]
    room.require_room(Path(), folder, behind=max(lengths, default=0))


def _restarts() -> tuple[tuple[int, ...], ...]:
    """Return what changes with the restart files of the working folder: they are moved into place whole."""
    found = list[tuple[int, ...]]()
    for name in (RESTART, OLD_RESTART):
        with contextlib.suppress(OSError):
            status = os.stat(name)
            found.append((status.st_ino, status.st_mtime_ns, status.st_size))
    return tuple(found)


class OutputWatch:
    """Looks now and then at what the rows of a running deck have grown by; LAMMPS itself says when a frame is refused.

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
        self._every = manifest.sample_every or 1
        self._last = from_step - from_step % self._every
        self._read_to = Path(ENERGIES).stat().st_size if Path(ENERGIES).exists() else 0
        self._due = 0
        self._recorded: tuple[tuple[int, ...], ...] | None = None

    def look(self) -> None:
        """Look at what is new, and write down which restart files there are.

        Raises
        ------
        RunError
            If a row is missing, or none comes and the disk takes nothing.
        """
        began = Path(ENERGIES).exists()  # before the step is asked for: a relaxation counts steps of its own
        step = min(self.current_step() - 1, self.manifest.n_steps) if began else 0
        if began and not self._follow():
            require_room(self.folder)
            raise RunError(
                f"{self.folder}: {ENERGIES} lacks step {self._last + self._every:,}: was the disk full?",
                hint="the same command resumes from a restart before it",
            )
        if self._last < self._due:
            require_room(self.folder)
        self._due = step - step % self._every
        if (restarts := _restarts()) != self._recorded:  # to read them every time is much on a shared file system
            keep_records(self.manifest)
            self._recorded = restarts

    def _follow(self) -> bool:
        """Read the rows that are new; return whether none is missing among them."""
        with open(ENERGIES, "rb", opener=regular) as file:
            file.seek(self._read_to)
            new = file.read()
        new = new[: new.rfind(b"\n") + 1]
        self._read_to += len(new)
        for row in _ROW.finditer(new):
            if int(row[1]) != self._last + self._every:
                return False
            self._last += self._every
        return True
