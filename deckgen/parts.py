"""The file that is written before it takes the place of another: by one process at a time, whatever commands run."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from deckgen.errors import RunError

__all__ = ["alone_at", "is_at", "remove_left"]

PATIENCE_S = 60.0
"""Another process may be writing a large file."""

_LOOK_S = 0.02


@contextlib.contextmanager
def alone_at(part: Path) -> Iterator[None]:
    """Make an empty file that no other process writes to meanwhile; the kernel frees it when this process dies.

    What a killed process left there is overwritten. A link, a pipe or another user's file is removed first.

    Raises
    ------
    RunError
        If another process writes it for long.
    """
    end = time.monotonic() + PATIENCE_S
    while not (file := _take(part)):
        if time.monotonic() >= end:
            raise RunError(f"{part} is in use: another command writes it", hint="wait until that has ended, or stop it")
        time.sleep(_LOOK_S)
    with file:
        file.truncate(0)
        yield


def remove_left(part: Path) -> None:
    """Remove a file that a killed process was writing; one that is being written stays."""
    if file := _take(part):
        with file:
            part.unlink(missing_ok=True)


def is_at(file: FileIO, path: Path) -> bool:
    """Return whether a file that was opened still has its name: another process may have moved it or removed it."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _take(part: Path) -> FileIO | None:
    """Open a file and take the kernel's lock on it; None: another process has it, or has just moved it."""
    if not _is_ours(part):
        part.unlink(missing_ok=True)
    file = part.open("ab", buffering=0)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    except OSError:  # a file system without locks
        return file
    if is_at(file, part):
        return file
    file.close()
    return None


def _is_ours(part: Path) -> bool:
    """Return whether a file, if there is one, is a plain one of one name that may be written to."""
    try:
        status = part.lstat()
    except FileNotFoundError:
        return True
    return stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and os.access(part, os.W_OK)
