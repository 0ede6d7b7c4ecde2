"""What files hold: their checksums, and whether they change while they are read."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from deckgen.errors import InputError

__all__ = ["AGAIN", "checksums", "sha256_of", "unchanged"]

AGAIN = "give the command again once nothing writes it any more"


def sha256_of(path: Path) -> str:
    """Return the checksum of a file, a part of it in memory at a time."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checksums(paths: Iterable[Path], words: str = "") -> tuple[str, tuple[str, ...]]:
    """Return one checksum of some words and the contents of files, and that of each file: of the same bytes."""
    whole, own = hashlib.sha256(words.encode()), list[str]()
    for path in paths:
        content = path.read_bytes()
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
