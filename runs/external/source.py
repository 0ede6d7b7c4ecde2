"""A file of a run made elsewhere, with what the user says of it; text is read however it is encoded."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from deckgen.errors import InputError
from deckgen.files import reason, require_file

__all__ = ["Source"]

GZIP = b"\x1f\x8b"
NOT_READ = {
    b"\x93NUMPY": ("an array of NumPy without a name", "save it by its name: np.savez(file, potential_energy_eV=...)"),
    b"\x89HDF": ("an HDF5 file", ""),
    b"PAR1": ("a parquet file", ""),
    b"\x80\x04\x95": ("a pickle, which can run anything", ""),
    b"\x80\x05\x95": ("a pickle, which can run anything", ""),
    b"BZh": ("compressed by bzip2", ""),
    b"\xfd7zXZ": ("compressed by xz", ""),
}
LARGEST_BYTES = 2_000_000_000
AS_TEXT = "give text: a LAMMPS log, or columns under a header such as: # step potential_energy_eV"


@dataclass(frozen=True)
class Source:
    """A file of a run made elsewhere.

    Parameters
    ----------
    path
        The file; named in messages.
    temperature_K
        Temperature that the user gives for it: chooses a rung where the file has several.
    units
        Style of LAMMPS' `units` that the user gives, for a file that states none.
    n_atoms
        Atoms in the cluster, where the user says.

    Raises
    ------
    InputError
        On first use, if the file cannot be read or is not text where lines are asked for.
    """

    path: Path
    temperature_K: float | None = None
    units: str | None = None
    n_atoms: int | None = None

    @cached_property
    def data(self) -> bytes:
        """The content, unpacked where gzip compressed it."""
        require_file(self.path, largest_bytes=LARGEST_BYTES)
        try:
            data = self.path.read_bytes()
            return self._unpacked(data) if data.startswith(GZIP) else data
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InputError(f"{self.path}: not a whole gzip file ({error})", hint="compress it again") from error
        except OSError as error:
            raise InputError(f"{self.path}: {reason(error)}") from error

    @cached_property
    def lines(self) -> list[str]:
        """The lines of a text, with their ends: UTF-8 and UTF-16, with a byte order mark or, UTF-8, without."""
        data = self.data
        for start, (what, hint) in NOT_READ.items():
            if data.startswith(start):
                raise InputError(f"{self.path}: not text but {what}", hint=hint or AS_TEXT)
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            text = data.decode("utf-16", errors="replace")
        elif b"\0" in data:
            raise InputError(f"{self.path}: not text but binary, or UTF-16 without a byte order mark", hint=AS_TEXT)
        else:
            text = data.decode("utf-8-sig", errors="replace")
        return text.splitlines(keepends=True)

    @cached_property
    def whole_lines(self) -> list[str]:
        """The lines, but a last one without its end: it may still be being written, and half a number is one too."""
        return self.lines if self.lines and self.lines[-1].endswith(("\n", "\r")) else self.lines[:-1]

    def _unpacked(self, data: bytes) -> bytes:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            content = file.read(LARGEST_BYTES + 1)
        if len(content) > LARGEST_BYTES:
            raise InputError(f"{self.path}: more than {LARGEST_BYTES // 10**9} GB when it is unpacked")
        return content
