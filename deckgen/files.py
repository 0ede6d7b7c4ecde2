"""Files that are there whole or as they were, files that are appended to, and older files set aside."""

from __future__ import annotations

import bz2
import contextlib
import csv
import gzip
import json
import lzma
import os
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import IO, Any, Protocol, cast

__all__ = [
    "append",
    "first_free",
    "opened",
    "opened_text",
    "plain_name",
    "set_aside",
    "whole",
    "write_json",
    "write_table",
    "write_whole",
]

_OPENED_BY: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


class Column(Protocol):
    """A column of a table, as numpy has it."""

    def tolist(self) -> list[Any]:
        """Return plain Python values."""


def plain_name(path: Path) -> str:
    """Return a file's name without the ending of a compressed one."""
    return path.stem if path.suffix in _OPENED_BY else path.name


def opened(path: Path) -> IO[bytes]:
    """Open a file to read bytes, also one that is compressed (.gz, .bz2, .xz)."""
    return cast(IO[bytes], _OPENED_BY[path.suffix](path)) if path.suffix in _OPENED_BY else path.open("rb")


def opened_text(path: Path, encoding: str = "utf-8") -> IO[str]:
    """Open a file to read text, also one that is compressed; bytes that are no text of the encoding are replaced."""
    opener = _OPENED_BY.get(path.suffix, open)
    return cast(IO[str], opener(path, "rt", encoding=encoding, errors="replace"))


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; what was written there then takes the place of `path` at once.

    Where the block raises, `path` stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    try:
        yield part
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


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
    """Append to a file and make sure that it is on the disk."""
    with path.open("a", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def first_free(folder: Path, pattern: str) -> Path:
    """Return the first path of folder/pattern that does not exist; {} in the pattern stands for 1, 2, ..."""
    return next(path for number in count(1) if not (path := folder / pattern.format(number)).exists())


def set_aside(path: Path) -> None:
    """Rename a file that would be written anew to name-1.suffix, name-2.suffix, ...; do nothing if there is none."""
    if path.is_file():
        path.rename(first_free(path.parent, f"{path.stem}-{{}}{path.suffix}"))
