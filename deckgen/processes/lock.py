"""Locks: one batch per study, one process per deck, one command per folder of results."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from deckgen.errors import RunError

__all__ = ["HEARTBEAT_S", "LOCK", "held", "lock"]

LOCK = ".lock"
"""Name of the lock of a folder that one process at a time works in."""

HEARTBEAT_S = 30.0
"""A holder that lives longer than a moment touches its lock this often (`Path.touch`)."""

_STALE_S = 10 * HEARTBEAT_S
_PATIENCE_S = 1.0


@contextlib.contextmanager
def lock(path: Path, what: str) -> Iterator[None]:
    """Hold a lock on `path`; the kernel gives it back when this process dies, however it dies.

    The file says who holds it. On a file system shared by several machines, where the kernel's lock may not reach the
    other machine, a holder there counts as alive for five minutes after its last heartbeat.

    Raises
    ------
    RunError
        If `what` is in use: by which process, where, since when.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        if not _try_for(file, _PATIENCE_S) or _held_elsewhere(file):
            raise RunError(
                f"{what} is in use: {_holder(file)}",
                hint=f"wait until it has ended, or stop it; if there is no such process any more, delete {path}",
            )
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": _now()}))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def held(path: Path) -> bool:
    """Return whether a live process holds the lock on `path`."""
    try:
        file = path.open("r+")
    except OSError:
        return False
    with file:
        return not _try_for(file, 0) or _held_elsewhere(file)


def _try_for(file: IO[str], patience_s: float) -> bool:
    # `held` takes the lock for a moment to probe it: one failure is not yet a refusal.
    end = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(0.05)
        else:
            return True


def _read(file: IO[str]) -> dict[str, object]:
    file.seek(0)
    try:
        return dict(json.loads(file.read()))
    except ValueError:
        return {}


def _held_elsewhere(file: IO[str]) -> bool:
    host = _read(file).get("host", socket.gethostname())
    return host != socket.gethostname() and time.time() - os.fstat(file.fileno()).st_mtime < _STALE_S


def _holder(file: IO[str]) -> str:
    said = _read(file)
    return f"process {said.get('pid', '?')} on {said.get('host', '?')}, since {said.get('since', '?')}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
