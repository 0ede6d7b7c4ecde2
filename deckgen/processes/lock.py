"""Locks: one batch per study, one process per deck, one command per folder of results."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path

from deckgen.contents import regular
from deckgen.errors import RunError
from deckgen.files import named, refuse_link, unless_refused
from deckgen.parts import is_at
from deckgen.processes.claim import Claim

__all__ = ["DEAD_AFTER_S", "LOCK", "UNTIL_DEAD_S", "alone_in", "forget_dead", "held", "lock"]

LOCK = ".lock"
"""Name of the lock of a folder that one process at a time works in."""

HEARTBEAT_S = 20.0
"""A holder touches its lock this often, so that other machines see that it lives."""

DEAD_AFTER_S = 80.0
"""A holder on another machine is dead once its lock was not touched for so long."""

SILENT_S = 50.0
"""Where the dates say that it was not, the lock is watched for so long before it is taken: the clocks may be wrong."""

_PATIENCE_S = 1.0
UNTIL_DEAD_S = DEAD_AFTER_S + _PATIENCE_S
"""A patience that is longer than any dead holder elsewhere is taken for alive."""

_WRITING_S = 60.0
"""Another command may be writing its figures."""

_LOOK_S = 0.05


@contextlib.contextmanager
def lock(path: Path, what: str, patience_s: float = _PATIENCE_S) -> Iterator[None]:
    """Hold a lock on `path`; the kernel gives it back when this process dies, however it dies.

    The file says who holds it. Where the kernel's lock does not reach, on a file system shared by several machines or
    one without locks, a holder on this machine counts while its process lives, and one elsewhere for `DEAD_AFTER_S`
    after its last heartbeat. Nobody's clock is trusted for that: a lock that seems to be left, or is of the future, is
    taken after it was watched for `SILENT_S`. The file goes with the lock; what a killed process leaves of it does not
    matter.

    Parameters
    ----------
    path
        The lock's file.
    what
        What it guards, for the message.
    patience_s
        How long a holder may take to end: one that was killed may still be on its way out.

    Raises
    ------
    RunError
        If `what` is in use: by which process, where, since when; the disk refuses the file; or `path` is a link.
    """
    refuse_link(path)
    with named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = _wait_for(path, what, patience_s)
    with file:
        try:
            with _heartbeat(path):
                yield
        finally:
            with unless_refused():
                path.unlink(missing_ok=True)  # ten thousand decks that are done need none
            with unless_refused():
                file.truncate(0)  # for those who have it open, or where it cannot be removed


def alone_in(folder: Path) -> contextlib.AbstractContextManager[None]:
    """Hold a folder of results while its files are written or read together; a command that does so is waited for.

    Raises
    ------
    RunError
        If that takes it more than a minute, or the disk refuses the lock.
    """
    return lock(folder / LOCK, f"the folder {folder}", patience_s=_WRITING_S)


def _wait_for(path: Path, what: str, patience_s: float) -> FileIO:
    """Return the file of a lock once it is taken and signed; as `lock`."""
    end, watch, claim = time.monotonic() + patience_s, _Watch(), Claim(path)
    while True:
        with claim.attempt() as is_mine:
            if not is_mine:
                time.sleep(_LOOK_S)
                continue
            file, watch.is_in_doubt = FileIO(path, "a+", opener=regular), False
            taken = _take(file, watch)
            if taken and is_at(file, path):
                _sign(file)
                return file
        with file:
            if not taken and time.monotonic() >= end and not watch.is_in_doubt:
                raise RunError(
                    f"{what} is in use: {_holder(file)}",
                    hint=f"wait until it has ended, or stop it; if there is no such process any more, delete {path}",
                )
        time.sleep(_LOOK_S)


def _sign(file: FileIO) -> None:
    """Write who holds the lock, where other machines see it before the claim ends."""
    with unless_refused():  # on a full disk the kernel's lock has to do
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": _now()}).encode())
        os.fsync(file.fileno())


def held(path: Path) -> bool:
    """Return whether a live process holds the lock on `path`, at a glance: by its date, if it is on another machine.

    It may be another user's, whose lock can be read only.
    """
    try:
        file = FileIO(path, "r+" if os.access(path, os.W_OK) else "r", opener=regular)
    except FileNotFoundError:
        return False
    with file:
        return not _take(file, None)


def forget_dead(path: Path) -> None:
    """Free a lock whose holder is known to be dead, so that another machine need not wait for its heartbeat."""
    with unless_refused(), path.open("rb+", buffering=0) as file:
        file.truncate(0)


@contextlib.contextmanager
def _heartbeat(path: Path) -> Iterator[None]:
    """Touch a lock's file every now and then, in a thread."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(HEARTBEAT_S):
            with unless_refused():
                os.utime(path)

    thread = threading.Thread(target=beat, name="deckgen-heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class _Watch:
    """Tells whether a holder elsewhere touches its lock, by the time that passes here: no date is compared with it."""

    def __init__(self) -> None:
        self._seen: tuple[int, bytes] | None = None
        self._since = 0.0
        self.is_in_doubt = False

    def holds(self, file: FileIO, *, by_date: bool) -> bool:
        """Look at the lock's file; return whether its holder is to be taken for alive so far."""
        file.seek(0)
        seen, now = (os.fstat(file.fileno()).st_mtime_ns, file.read()), time.monotonic()
        touched = self._seen not in (None, seen)
        if seen != self._seen:
            self._seen, self._since = seen, now
        self.is_in_doubt = not by_date and not touched and now - self._since < SILENT_S
        return now - self._since < (DEAD_AFTER_S if by_date else SILENT_S)


def _take(file: FileIO, watch: _Watch | None) -> bool:
    """Take the kernel's lock; return whether nobody else has it or, by what the file says, works under it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: what the file says has to do
        return not (_held_elsewhere(file, watch) or _lives_here(file))
    if _held_elsewhere(file, watch):
        fcntl.flock(file, fcntl.LOCK_UN)
        return False
    return True


def _read(file: FileIO) -> dict[str, object]:
    file.seek(0)
    try:
        return dict(json.loads(file.read()))
    except (ValueError, TypeError, RecursionError):
        return {}


def _held_elsewhere(file: FileIO, watch: _Watch | None) -> bool:
    if _read(file).get("host", socket.gethostname()) == socket.gethostname():
        return False
    by_date = abs(time.time() - os.fstat(file.fileno()).st_mtime) < DEAD_AFTER_S
    return by_date if watch is None else watch.holds(file, by_date=by_date)


def _lives_here(file: FileIO) -> bool:
    said = _read(file)
    return said.get("host") == socket.gethostname() and Path(f"/proc/{said.get('pid')}").exists()


def _holder(file: FileIO) -> str:
    said = _read(file)
    return f"process {said.get('pid', '?')} on {said.get('host', '?')}, since {said.get('since', '?')}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
