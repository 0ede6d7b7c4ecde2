"""Reading a GAP potential as gap_fit writes it: an xml and the files of its sparse points.

Everything here is checked before QUIP sees the files: QUIP ends the process on some faults and explains others poorly.
The plugin reads the xml twice more (src/pair/potential_check.cpp, src/gap/model.cpp): a plain `lmp` may run a deck.
"""

from __future__ import annotations

import hashlib
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ase.data import chemical_symbols

from deckgen.errors import InputError

__all__ = ["GapFile", "read_gap"]

CUTOFF = re.compile(r"(?<![\w])cutoff\s*=\s*([-+.\deEdD]+)", re.IGNORECASE)
ATOMIC_NUMBERS = re.compile(r"(?<!\w)(?:species_)?Z(?:\d+|_\w+)?\s*=\s*(?:\{([^}]*)\}|(\d+))")


@dataclass(frozen=True)
class GapFile:
    """A GAP potential that is complete and well formed.

    Attributes
    ----------
    path
        The xml.
    label
        The label to ask QUIP for: `Potential xml_label=LABEL`.
    sparse_files
        The files of sparse points, in the order in which the xml names them. QUIP looks for them beside the xml.
    atomic_numbers
        Those of its descriptors and those with an energy of the isolated atom.
    descriptors
        The text of each descriptor, as QUIP reads it.
    cutoff_A
        The largest cutoff of the descriptors, in angstrom.
    sha256
        Checksum over the bytes of the xml and then of the sparse files in their order.
    """

    path: Path
    label: str
    sparse_files: tuple[Path, ...]
    atomic_numbers: tuple[int, ...]
    descriptors: tuple[str, ...]
    cutoff_A: float
    sha256: str

    @property
    def files(self) -> tuple[Path, ...]:
        """All files of the potential, the xml first: they travel together."""
        return (self.path, *self.sparse_files)

    @property
    def elements(self) -> tuple[str, ...]:
        """Symbols of the elements that the potential knows."""
        return tuple(chemical_symbols[number] for number in self.atomic_numbers)


@dataclass
class _Coordinate:
    """One <gpCoordinates>: a descriptor and its sparse points."""

    dimensions: int
    n_sparse: int
    sparse_file: str
    md5: str
    n_weights: int = 0


@dataclass
class _Contents:
    labels: list[str] = field(default_factory=list)
    atomic_numbers: set[int] = field(default_factory=set)
    descriptors: list[str] = field(default_factory=list)
    coordinates: list[_Coordinate] = field(default_factory=list)


def read_gap(path: str | Path, *, label: str = "") -> GapFile:
    """Read a GAP potential and check that it is complete.

    Parameters
    ----------
    path
        The xml that gap_fit wrote.
    label
        The label of the potential in the xml; by default its first one.

    Raises
    ------
    InputError
        If the xml is missing, malformed or cut short, holds no potential, none with that label or no descriptor, has a
        word where a number belongs, or if a file of sparse points is missing, too short, does not hold numbers, or is
        not the one that the xml was written with.
    """
    path = Path(path)
    contents = _read_contents(path)
    chosen = _choose_label(path, contents.labels, label)
    cutoffs = [_number(path, "cutoff", text) for words in contents.descriptors for text in CUTOFF.findall(words)]
    if not cutoffs:
        raise InputError(f"{path}: no descriptor with a cutoff", hint="is this a GAP potential, as gap_fit writes it?")
    sparse_files = tuple(_check_sparse(path, c) for c in contents.coordinates if c.sparse_file)
    for words in contents.descriptors:
        contents.atomic_numbers.update(_atomic_numbers(words))
    return GapFile(
        path=path,
        label=chosen,
        sparse_files=sparse_files,
        atomic_numbers=tuple(sorted(contents.atomic_numbers)),
        descriptors=tuple(contents.descriptors),
        cutoff_A=max(cutoffs),
        sha256=_sha256((path, *sparse_files)),
    )


def _read_contents(path: Path) -> _Contents:
    contents = _Contents()
    try:
        with path.open("rb") as file:
            for event, element in _events(file):
                if event == "start":
                    _start(path, contents, element)
                elif element.tag == "descriptor":
                    contents.descriptors.append(" ".join((element.text or "").split()))
    except OSError as error:
        raise InputError(f"{path}: cannot read the potential: {error.strerror}", hint="check the path") from None
    except ET.ParseError as error:
        raise InputError(
            f"{path}: not a complete XML file: {error}", hint="copy it again, or fit again: it is cut short or damaged"
        ) from None
    _check_weights(path, contents.coordinates)
    return contents


def _events(file: IO[bytes]) -> Iterator[tuple[str, ET.Element]]:
    # The entities of expat are bounded since version 2.4: a hostile file costs no more than a large one.
    for event, element in ET.iterparse(file, events=("start", "end")):  # noqa: S314
        yield event, element
        if event == "end":
            element.clear()


def _start(path: Path, contents: _Contents, element: ET.Element) -> None:
    if element.tag == "Potential":
        contents.labels.append(element.get("label", ""))
    elif element.tag == "e0":
        if _number(path, "e0 value", element.get("value", "")) != 0.0:
            contents.atomic_numbers.add(int(_number(path, "e0 Z", element.get("Z", ""))))
    elif element.tag == "gpCoordinates":
        contents.coordinates.append(
            _Coordinate(
                dimensions=int(_number(path, "dimensions", element.get("dimensions", ""))),
                n_sparse=int(_number(path, "n_sparseX", element.get("n_sparseX", ""))),
                sparse_file=element.get("sparseX_filename", ""),
                md5=element.get("sparseX_md5sum", ""),
            )
        )
    elif element.tag == "sparseX" and contents.coordinates:
        contents.coordinates[-1].n_weights += 1
        for key in ("alpha", "sparseCutoff"):
            _number(path, f"sparseX {key}", element.get(key, ""))


def _number(path: Path, key: str, text: str) -> float:
    try:
        value = float(text.translate(str.maketrans("dD", "ee")))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{path}: {key}={text!r} is not a number", hint="copy the potential again, or fit again")
    return value


def _check_weights(path: Path, coordinates: Sequence[_Coordinate]) -> None:
    for coordinate in coordinates:
        if coordinate.n_weights != coordinate.n_sparse:
            raise InputError(
                f"{path}: n_sparseX={coordinate.n_sparse} but {coordinate.n_weights} sparseX elements follow",
                hint="copy the potential again, or fit again",
            )


def _choose_label(path: Path, labels: Sequence[str], wanted: str) -> str:
    if not any(labels):
        raise InputError(f"{path}: no <Potential label=...>", hint="is this a GAP potential, as gap_fit writes it?")
    if wanted and wanted not in labels:
        raise InputError(f"{path}: no potential with the label {wanted!r}", hint=f"it has {', '.join(labels)}")
    return wanted or next(label for label in labels if label)


def _check_sparse(path: Path, coordinate: _Coordinate) -> Path:
    file = path.parent / coordinate.sparse_file
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path}: its sparse points are missing: {file}: {error.strerror}",
            hint=f"copy {coordinate.sparse_file} beside the xml: a GAP is both",
        ) from None
    words = content.split()
    needed = coordinate.dimensions * coordinate.n_sparse
    try:
        n_numbers = sum(map(math.isfinite, map(float, words)))
    except ValueError as error:
        raise InputError(f"{file}: not a file of numbers: {error}", hint="copy it again from beside the xml") from None
    if n_numbers < needed:
        raise InputError(
            f"{file}: {n_numbers} numbers where {needed} are needed", hint="copy it again: it is cut short"
        )
    if len(coordinate.md5) == 32 and hashlib.md5(content, usedforsecurity=False).hexdigest() != coordinate.md5:
        raise InputError(
            f"{file}: not the file that {path.name} was written with (md5 {coordinate.md5})",
            hint="copy the xml and its sparseX files from one and the same fit",
        )
    return file


def _atomic_numbers(descriptor: str) -> set[int]:
    found = ATOMIC_NUMBERS.findall(descriptor)
    return {int(word) for braced, plain in found for word in (braced or plain).split() if word.isdigit()} - {0}


def _sha256(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()
