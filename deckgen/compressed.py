"""Files that may be compressed (.gz, .bz2, .xz), opened as if they were not."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from deckgen.contents import regular
from deckgen.errors import InputError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["opened", "opened_text", "plain_name", "require_end"]

LONGEST_LINE = 10_000_000
MOST_BYTES, MOST_TIMES = 1_000_000_000, 200
"""A compressed file may hold the larger of these: so many bytes, or so many times its own. Text shrinks by 5 to 20."""

_CHUNK = 1 << 20

_OPENED_BY: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


def plain_name(path: Path) -> str:
    """Return a file's name without the ending of a compressed one."""
    return path.stem if path.suffix in _OPENED_BY else path.name


def opened(path: Path) -> IO[bytes]:
    """Open a file to read bytes, also one that is compressed (.gz, .bz2, .xz).

    What is read from it raises `InputError` where a line is longer than any of a text, a small file has no end, or what
    is compressed is damaged.
    """
    return io.BufferedReader(_Text(path))


def opened_text(path: Path, encoding: str = "utf-8") -> IO[str]:
    """Open a file to read text as `opened` does bytes; bytes that are no text of the encoding are replaced."""
    return io.TextIOWrapper(opened(path), encoding=encoding, errors="replace")


def require_end(path: Path) -> None:
    """Make sure that what a file holds, if it is compressed, comes to an end: for readers that open it themselves.

    Raises
    ------
    InputError
        As from what `opened` returns.
    """
    if path.suffix in _OPENED_BY:
        with _Text(path) as file:
            buffer = bytearray(_CHUNK)
            while file.readinto(buffer):
                pass


class _Text(io.RawIOBase):
    """The bytes of a file, as long as they can be those of a text."""

    def __init__(self, path: Path) -> None:
        compressed = path.suffix in _OPENED_BY
        self._plain = open(path, "rb", opener=regular)  # noqa: SIM115 (closed with this)
        self._path, self._file = path, _OPENED_BY[path.suffix](self._plain) if compressed else self._plain
        self._left = max(MOST_BYTES, MOST_TIMES * path.stat().st_size) if compressed else None
        self._line = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        try:
            chunk = self._file.read(memoryview(buffer).nbytes)
        except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
            words = str(error) or "it ends too early"
            raise InputError(f"{self._path}: not a whole {self._path.suffix} file: {words}") from error
        memoryview(buffer)[: len(chunk)] = chunk
        end = chunk.rfind(b"\n")
        self._line = self._line + len(chunk) if end < 0 else len(chunk) - end
        if self._line > LONGEST_LINE:
            raise InputError(f"{self._path}: not a text: it has a line of more than {LONGEST_LINE // 1_000_000} MB")
        if self._left is not None:
            self._left -= len(chunk)
            if self._left < 0:
                raise InputError(f"{self._path}: what is compressed there has more than {MOST_TIMES} times its size")
        return len(chunk)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
            self._plain.close()  # which bz2 and the like leave open
        super().close()
