"""Files that are there whole or as they were, files that are appended to, and older files set aside."""

from __future__ import annotations

import contextlib
import csv
import errno
import json
import os
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from deckgen.errors import DeckgenError, RunError

__all__ = [
    "append",
    "append_bytes",
    "first_free",
    "named",
    "remove_leftovers",
    "set_aside",
    "unless_refused",
    "whole",
    "write_json",
    "write_table",
    "write_whole",
]

_PART = ".part"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_CLOSED = {errno.EACCES, errno.EPERM, errno.EROFS}


class Column(Protocol):
    """A column of a table, as numpy has it."""

    def tolist(self) -> list[Any]:
        """Return plain Python values."""


@contextlib.contextmanager
def named(path: Path) -> Iterator[None]:
    """Name the file or folder that a disk refuses to write: it is full, read-only, or somebody else's.

    Raises
    ------
    RunError
        In place of the `OSError`.
    """
    try:
        yield
    except OSError as error:
        hints = dict.fromkeys(_FULL, "make room on that disk; the same command then resumes")
        hints |= dict.fromkeys(_CLOSED, "make it writable for you, or work in a copy of the folder")
        if error.errno not in hints:
            raise
        raise RunError(f"{path} cannot be written: {error.strerror}", hint=hints[error.errno]) from error


@contextlib.contextmanager
def unless_refused() -> Iterator[None]:
    """Write what only explains, such as a journal: where the disk refuses it, the work goes on without."""
    with contextlib.suppress(OSError, DeckgenError):
        yield


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; what was written there then takes the place of `path` at once.

    Where the block raises, `path` stays as it was.

    Raises
    ------
    RunError
        If the disk refuses it.
    """
    with named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + _PART)
        try:
            yield part
            _to_disk(part)
            os.replace(part, path)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise


def _to_disk(path: Path) -> None:
    """Have the kernel write a file out: a power cut after the renaming would else leave an empty one."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def remove_leftovers(folder: Path, pattern: str) -> None:
    """Remove what killed commands were writing: the `.part` files of `whole` in the folders that match a pattern."""
    for part in folder.glob(f"{pattern}/*{_PART}"):
        part.unlink(missing_ok=True)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that it is there whole or as it was; text in UTF-8."""
    with whole(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


def write_json(path: Path, document: object) -> None:
    """Write a JSON document, whole or not at all.

    Raises
    ------
    ValueError
        If it holds NaN or an infinity.
    """
    write_whole(path, json.dumps(document, indent=1, allow_nan=False) + "\n")


def write_table(path: Path, columns: Mapping[str, Column]) -> None:
    """Write columns of equal length as CSV, numbers with all their digits, whole or not at all."""
    with whole(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*(values.tolist() for values in columns.values()), strict=True))


def append(path: Path, text: str) -> None:
    """Append to a file and make sure that it is on the disk.

    Raises
    ------
    RunError
        If the disk refuses it.
    """
    append_bytes(path, text.encode())


def append_bytes(path: Path, content: bytes) -> None:
    """Append bytes as `append` does text."""
    with named(path), path.open("ab") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def first_free(folder: Path, pattern: str) -> Path:
    """Return the first path of folder/pattern that does not exist; {} in the pattern stands for 1, 2, ..."""
    return next(path for number in count(1) if not (path := folder / pattern.format(number)).exists())


def set_aside(path: Path) -> None:
    """Rename a file that would be written anew to name-1.suffix, name-2.suffix, ...; do nothing if there is none."""
    if path.is_file():
        path.rename(first_free(path.parent, f"{path.stem}-{{}}{path.suffix}"))
