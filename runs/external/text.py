"""The lines of a text file, however it is encoded; other kinds of file are refused by name."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from pathlib import Path

from deckgen.errors import InputError
from deckgen.files import reason, require_file

__all__ = ["read_lines"]

GZIP = b"\x1f\x8b"
NOT_TEXT = {
    b"- of Ulm": "an ASE trajectory",
    b"PK\x03\x04": "a zip archive, such as NumPy's npz",
    b"\x93NUMPY": "a NumPy array",
    b"\x89HDF": "an HDF5 file",
    b"BZh": "compressed by bzip2",
    b"\xfd7zXZ": "compressed by xz",
}
LARGEST_BYTES = 2_000_000_000
AS_TEXT = "give text: a LAMMPS log, or columns under a header such as: # step potential_energy_eV"


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file, with their ends.

    UTF-8 and UTF-16, with a byte order mark or, UTF-8, without; also compressed by gzip.

    Raises
    ------
    InputError
        If the file cannot be read or is not text.
    """
    require_file(path, largest_bytes=LARGEST_BYTES)
    try:
        data = path.read_bytes()
        data = _unpacked(path, data) if data.startswith(GZIP) else data
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path}: not a whole gzip file ({error})", hint="compress it again") from error
    except OSError as error:
        raise InputError(f"{path}: {reason(error)}") from error
    what = next((what for start, what in NOT_TEXT.items() if data.startswith(start)), None)
    if what is not None:
        raise InputError(f"{path}: not text but {what}", hint=AS_TEXT)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data.decode("utf-16", errors="replace")
    elif b"\0" in data:
        raise InputError(f"{path}: not text but binary, or UTF-16 without a byte order mark", hint=AS_TEXT)
    else:
        text = data.decode("utf-8-sig", errors="replace")
    return text.splitlines(keepends=True)


def _unpacked(path: Path, data: bytes) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        content = file.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES:
        raise InputError(f"{path}: more than {LARGEST_BYTES // 10**9} GB when it is unpacked")
    return content
