"""Files that may be compressed (.gz, .bz2, .xz), opened as if they were not."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, cast

__all__ = ["opened", "opened_text", "plain_name"]

_OPENED_BY: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


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
