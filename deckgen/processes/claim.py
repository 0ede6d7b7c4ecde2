"""The right to take a lock, which one process at a time has, on whatever machine.

A folder is made by one process only, on every file system; the kernel's locks may not reach from one machine to
another, and two processes that find a lock free in the same moment would both take it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = ["Claim"]

LEFT_S = 5.0
"""A claim lasts some milliseconds: one that is there for so long was left by a process that was killed."""


class Claim:
    """The claim on a lock, for one process that waits for it.

    Parameters
    ----------
    path
        The lock's file; the claim is a folder beside it.
    """

    def __init__(self, path: Path) -> None:
        self._folder = path.with_name(f"{path.name}.claim")
        self._seen: tuple[int, int] | None = None
        self._since = 0.0

    @contextlib.contextmanager
    def attempt(self) -> Iterator[bool]:
        """Yield whether this process has the claim, which ends with the block. Where the disk takes none, it has."""
        try:
            self._folder.mkdir()
        except FileExistsError:
            yield self._is_left() and not self._remove()
            return
        except OSError:  # a full or a closed disk: the kernel's lock has to do
            yield True
            return
        try:
            yield True
        finally:
            self._remove()

    def _is_left(self) -> bool:
        """Return whether the same claim has been there for too long, by the time that passes here."""
        try:
            found = self._folder.lstat()
        except OSError:
            return False
        seen, now = (found.st_ino, found.st_ctime_ns), time.monotonic()
        if seen != self._seen:
            self._seen, self._since = seen, now
        return now - self._since >= LEFT_S

    def _remove(self) -> bool:
        """Remove the claim; return whether it has gone."""
        try:
            self._folder.rmdir()
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True
