"""The xml of a GAP, read by a parser that follows nothing out of the file.

A potential may come from anywhere. A document type, with which an xml defines entities or names other files, is refused
before any of it is used: gap_fit writes none, and QUIP's own parser would open what it names.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NoReturn
from xml.parsers import expat

from deckgen.errors import InputError
from deckgen.files import require_file

__all__ = ["AGAIN", "Contents", "Coordinate", "atomic_number", "number", "read_contents", "shown"]

AGAIN = "copy the potential again, or fit again"
HEAVIEST = 118
MOST = 10**9
"""Of anything that a GAP counts."""
LONGEST = 60
"""Characters of a value that a message shows."""
KNOWN_TO_INIT = {
    "IP",
    "GAP",
    "Glue",
    "LJ",
    "Sum",
    "ZBL",
    "label",
    "init_args_pot1",
    "init_args_pot2",
    "E_scale",
    "r_scale",
}
"""Words and keys that init_args may have. QUIP has other potentials, too: its FilePot runs any command."""
ENCODINGS = ("utf-8", "us-ascii", "iso-8859-1")
"""What QUIP reads byte by byte."""


@dataclass
class Coordinate:
    """One <gpCoordinates>: a descriptor and its sparse points."""

    dimensions: int
    n_sparse: int
    sparse_file: str
    md5: str
    n_weights: int = 0
    n_numbers: int = 0
    """Of its sparse points, where the xml itself holds them."""


@dataclass
class Contents:
    """What an xml says: labels, kinds of potentials, elements with an energy of the isolated atom, descriptors."""

    labels: list[str] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    atomic_numbers: set[int] = field(default_factory=set)
    descriptors: list[str] = field(default_factory=list)
    coordinates: list[Coordinate] = field(default_factory=list)


def read_contents(path: Path) -> Contents:
    """Read the xml of a GAP.

    Raises
    ------
    InputError
        If the file is missing or no regular file, is not well formed, has a document type or another encoding than
        QUIP reads, or has a word where a number belongs.
    """
    require_file(path, hint="check the path")
    reader = _Reader(path)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.XmlDeclHandler = reader.declaration
    parser.StartDoctypeDeclHandler = reader.document_type
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        with path.open("rb") as file:
            if b"\0" in file.read(4):
                reader.refuse_encoding("UTF-16 or UTF-32")
            file.seek(0)
            parser.ParseFile(file)
    except expat.ExpatError as error:
        raise InputError(
            f"{path}: not a complete XML file: {error}", hint="copy it again, or fit again: it is cut short or damaged"
        ) from None
    return reader.contents


class _Reader:
    """What the parser calls."""

    def __init__(self, path: Path) -> None:
        self.path, self.contents = path, Contents()
        self._words: list[str] | None = None  # of the descriptor or sparse point that is open

    def declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in ENCODINGS:
            self.refuse_encoding(shown(encoding))

    def refuse_encoding(self, encoding: str) -> NoReturn:
        raise InputError(
            f"{self.path}: its encoding is {encoding}; QUIP reads {', '.join(ENCODINGS)}",
            hint="convert it to UTF-8",
        )

    def document_type(self, name: str, *_rest: object) -> NoReturn:
        raise InputError(f"{self.path}: it has a document type (<!DOCTYPE {shown(name)}>); no GAP has one", hint=AGAIN)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        path, contents, get = self.path, self.contents, attributes.get
        if ":" in "".join((tag, *attributes)):
            raise InputError(f"{path}: {shown(tag)} has a namespace; no GAP has one", hint=AGAIN)
        if tag == "Potential":
            _check_kind(path, get("init_args", ""))
            contents.labels.append(get("label", ""))
            contents.kinds.update(re.findall(r"\bIP\s+(\w+)", get("init_args", "")))
        elif tag == "e0":
            element = atomic_number(path, "e0 Z", get("Z", ""))
            if number(path, "e0 value", get("value", "")) != 0.0:
                contents.atomic_numbers.add(element)
        elif tag == "gpCoordinates":
            contents.coordinates.append(
                Coordinate(
                    dimensions=_count(path, "dimensions", get("dimensions", "")),
                    n_sparse=_count(path, "n_sparseX", get("n_sparseX", "")),
                    sparse_file=_beside(path, get("sparseX_filename", "")),
                    md5=get("sparseX_md5sum", ""),
                )
            )
        elif tag == "sparseX" and contents.coordinates:
            contents.coordinates[-1].n_weights += 1
            for key in ("alpha", "sparseCutoff"):
                number(path, f"sparseX {key}", get(key, ""))
            self._words = []
        elif tag == "sparseX_slice":
            self.text(" ")
        elif tag == "descriptor":
            self._words = []

    def text(self, words: str) -> None:
        if self._words is not None:
            self._words.append(words)

    def end(self, tag: str) -> None:
        if tag not in {"descriptor", "sparseX"} or self._words is None:
            return
        words = "".join(self._words).split()
        self._words = None
        if tag == "descriptor":
            self.contents.descriptors.append(" ".join(words))
        elif words:
            self.contents.coordinates[-1].n_numbers += sum(map(math.isfinite, map(self._float, words)))

    def _float(self, word: str) -> float:
        """Return a number of a sparse point: there are many of them, and few need number()."""
        try:
            return float(word)
        except ValueError:
            return number(self.path, "sparseX", word)


def _check_kind(path: Path, init_args: str) -> None:
    """Refuse a potential that is anything but a GAP, alone or with one of QUIP's pair potentials."""
    keys = [word.partition("=")[0] for word in re.sub(r"[{}]", " ", init_args).split()]
    unknown = next((key for key in keys if key and key not in KNOWN_TO_INIT), None)
    if unknown is not None:
        raise InputError(
            f"{path}: <Potential init_args=...> has {shown(unknown)}: not a GAP, as gap_fit writes it",
            hint="QUIP would run what stands there, a command even; a potential that you were given, do not run",
        )


def shown(text: str) -> str:
    """Return a value of a file as a message shows it: quoted, with its control characters as escapes, and not long."""
    return ascii(text) if len(text) <= LONGEST else ascii(text[:LONGEST]) + "..."


def number(path: Path, key: str, text: str) -> float:
    """Return a finite number as Fortran writes it.

    Raises
    ------
    InputError
        If it is none.
    """
    try:
        value = float(text.translate(str.maketrans("dD", "ee")))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{path}: {key}={shown(text)} is not a number", hint=AGAIN)
    return value


def atomic_number(path: Path, key: str, text: str) -> int:
    """Return the atomic number of an element.

    Raises
    ------
    InputError
        If there is no such element.
    """
    value = number(path, key, text)
    if not (1 <= value <= HEAVIEST and value.is_integer()):
        raise InputError(f"{path}: {key}={shown(text)} is no element (1 to {HEAVIEST})", hint=AGAIN)
    return int(value)


def _count(path: Path, key: str, text: str) -> int:
    value = number(path, key, text)
    if not (0 <= value <= MOST and value.is_integer()):
        raise InputError(f"{path}: {key}={shown(text)} is no count (0 to {MOST:,})", hint=AGAIN)
    return int(value)


def _beside(path: Path, name: str) -> str:
    """Return the name of a file of sparse points, which lies beside the xml."""
    alone = name in {PurePosixPath(name).name, ""} and name == PureWindowsPath(name).name
    if not (alone and name.isprintable()) or name == "..":
        raise InputError(
            f"{path}: sparseX_filename={shown(name)} is not the name of a file beside it",
            hint="the files of sparse points lie in the folder of the xml; the xml gives their names alone",
        )
    return name
