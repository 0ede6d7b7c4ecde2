"""What files hold: read without waiting for pipes, their checksums, and whether they change while they are read."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from deckgen.errors import InputError

__all__ = ["AGAIN", "KINDS", "OF_THE_KERNEL", "checksums", "content_of", "is_of_the_kernel", "regular"]
__all__ += ["sha256_of", "text_in", "unchanged"]

AGAIN = "give the command again once nothing writes it any more"


OF_THE_KERNEL = "made up by the kernel"
KINDS = {
    stat.S_ISDIR: "a folder",
    stat.S_ISFIFO: "a pipe",
    stat.S_ISSOCK: "a socket",
    stat.S_ISCHR: "a device",
    stat.S_ISBLK: "a device",
}


def regular(path: str, flags: int) -> int:
    """Open a file that ends, for `open(..., opener=regular)`: a study that came from elsewhere may hold anything.

    Raises
    ------
    InputError
        If it is a pipe, a device or a socket.
    """
    try:
        number = os.open(path, flags | os.O_NONBLOCK, 0o666)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        mode = os.stat(path).st_mode  # a socket, or a pipe that nobody reads
    else:
        status = os.fstat(number)
        mode = status.st_mode
        if (stat.S_ISREG(mode) and not is_of_the_kernel(path, status)) or stat.S_ISDIR(mode):  # which `open` refuses
            return number
        os.close(number)
    kind = next((words for is_kind, words in KINDS.items() if is_kind(mode)), OF_THE_KERNEL)
    raise InputError(f"{path}: {kind}, not a file")


def is_of_the_kernel(path: str | Path, status: os.stat_result) -> bool:
    """Return whether a file is one that the kernel makes up as it is read: some of them never end."""
    return status.st_size == 0 and os.path.realpath(path).startswith(("/proc/", "/sys/"))


def content_of(path: Path) -> bytes:
    """Return what a regular file holds."""
    with open(path, "rb", opener=regular) as file:
        return file.read()


def text_in(path: Path, *, errors: str = "strict") -> str:
    """Return the text in a regular file, in UTF-8."""
    with open(path, encoding="utf-8", errors=errors, opener=regular) as file:
        return file.read()


def sha256_of(path: Path) -> str:
    """Return the checksum of a file, a part of it in memory at a time."""
    with open(path, "rb", opener=regular) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checksums(paths: Iterable[Path], words: str = "") -> tuple[str, tuple[str, ...]]:
    """Return one checksum of some words and the contents of files, and that of each file: of the same bytes."""
    whole, own = hashlib.sha256(words.encode()), list[str]()
    for path in paths:
        content = content_of(path)
        whole.update(content)
        own.append(hashlib.sha256(content).hexdigest())
    return whole.hexdigest(), tuple(own)


@contextlib.contextmanager
def unchanged(*paths: Path) -> Iterator[None]:
    """Make sure that files stay as they are while they are read: half an old one and half a new one are neither.

    Raises
    ------
    InputError
        At the end, if one was written to, or another is in its place.
    """
    before = [_state(path) for path in paths]
    yield
    for path, state in zip(paths, before, strict=True):
        if _state(path) != state:
            raise InputError(f"{path}: it changed while it was read", hint=AGAIN)


def _state(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
