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

from deckgen.contents import KINDS, OF_THE_KERNEL, is_of_the_kernel, regular, text_in
from deckgen.errors import DeckgenError, InputError, RunError
from deckgen.parts import alone_at, remove_left

__all__ = [
    "append",
    "append_bytes",
    "file_in_folders",
    "first_free",
    "make_folder",
    "named",
    "read_json",
    "reason",
    "refuse_link",
    "remove_leftovers",
    "require_file",
    "set_aside",
    "to_disk",
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
def whole(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Yield a path beside `path` to write to; what was written there then takes the place of `path` at once.

    Where the block raises, `path` stays as it was. Of two processes the second waits for the first. A link at `path` is
    replaced, and what it leads to stays as it was. After a power cut, what is not `durable` may be empty or cut short.

    Raises
    ------
    RunError
        If the disk refuses it, a folder, a device or a pipe is in its place, or another process writes it for a minute.
    """
    _refuse_other_kinds(path)
    with named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + _PART)
        with alone_at(part):
            try:
                yield part
                if durable:
                    to_disk(part)
                os.replace(part, path)
            except BaseException:
                with contextlib.suppress(OSError):
                    part.unlink(missing_ok=True)
                raise


def _refuse_other_kinds(path: Path) -> None:
    """Make sure that only a file, or a link to one, is replaced: for root, /dev/null would be a file from then on."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return
    if kind := next((words for is_kind, words in KINDS.items() if is_kind(mode)), ""):
        raise RunError(f"{path} cannot be written: {kind} is in its place", hint="move it away")


def to_disk(path: Path) -> None:
    """Have the kernel write a file out: a power cut would else leave an empty one, its name though new."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def remove_leftovers(folder: Path, pattern: str) -> None:
    """Remove what killed commands were writing: the `.part` files of `whole` in the folders that match a pattern."""
    for part in folder.glob(f"{pattern}/*{_PART}"):
        remove_left(part)


def write_whole(path: Path, content: str | bytes, *, durable: bool = True) -> None:
    """Write a file as `whole` does; text in UTF-8."""
    with whole(path, durable=durable) as part:
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
        If the disk refuses it, or the path is a link.
    """
    append_bytes(path, text.encode())


def append_bytes(path: Path, content: bytes) -> None:
    """Append bytes as `append` does text."""
    refuse_link(path)
    with named(path), open(path, "ab", opener=regular) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def refuse_link(path: Path) -> None:
    """Make sure that what is written to a file goes to no other: a study that came from elsewhere may hold links.

    Raises
    ------
    RunError
        If the path is a link.
    """
    if path.is_symlink():
        raise RunError(
            f"{path}: a link, and no file is written through one", hint="put the file itself there, or nothing"
        )


def reason(error: OSError | ValueError) -> str:
    """Return in words why a file could not be used, without its name; a NUL in the name is a ValueError."""
    words = error.strerror if isinstance(error, OSError) else None
    return (words or str(error)).lower().replace("file or directory", "file")


def require_file(path: Path, *, largest_bytes: int | None = None, hint: str = "") -> None:
    """Make sure that a path leads to a file that ends and may be read: no folder, pipe or device.

    Parameters
    ----------
    path
        The file.
    largest_bytes
        Larger files are refused.
    hint
        What to do where there is no such file.

    Raises
    ------
    InputError
        Says which of this the file is not.
    """
    try:
        status = path.stat()
        kind = next((words for is_kind, words in KINDS.items() if is_kind(status.st_mode)), "")
        if not kind and is_of_the_kernel(path, status):
            kind = OF_THE_KERNEL
        if not kind:
            path.open("rb").close()
    except (OSError, ValueError) as error:
        missing = isinstance(error, FileNotFoundError)
        raise InputError(f"{path}: {reason(error)}", hint=hint if missing else "") from None
    if kind:
        raise InputError(f"{path}: {kind}, not a file")
    if largest_bytes is not None and status.st_size > largest_bytes:
        raise InputError(f"{path}: {status.st_size / 1e6:.1f} MB; at most {largest_bytes / 1e6:g} MB are read")


def read_json(path: Path) -> Any:
    """Return the contents of a JSON file.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is not JSON, or nested deeper than Python reads.
    """
    try:
        return json.loads(text_in(path))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def file_in_folders(folder: Path, name: str) -> list[Path]:
    """Return the files of a name in the folders of a folder, sorted; none where it is not there.

    A folder that may not be looked into is a `PermissionError`: `glob` passes over it without a word.
    """
    try:
        inside = sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [file for entry in inside if (file := folder / entry / name).exists()]


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, where it is not there yet.

    Raises
    ------
    InputError
        If it cannot be made: a file is in its place, its name is too long, or it may not be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise InputError(f"{folder}: cannot make this folder: {reason(error)}", hint="name another folder") from None


def first_free(folder: Path, pattern: str) -> Path:
    """Return the first path of folder/pattern that does not exist; {} in the pattern stands for 1, 2, ..."""
    return next(path for number in count(1) if not (path := folder / pattern.format(number)).exists())


def set_aside(path: Path) -> None:
    """Rename a file that would be written anew to name-1.suffix, name-2.suffix, ...; do nothing if there is none."""
    if path.is_file():
        path.rename(first_free(path.parent, f"{path.stem}-{{}}{path.suffix}"))
