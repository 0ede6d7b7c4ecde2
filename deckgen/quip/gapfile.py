"""Reading a GAP potential as gap_fit writes it: an xml and the files of its sparse points.

Everything here is checked before QUIP sees the files: QUIP ends the process on some faults and explains others poorly.
The plugin reads the xml twice more (src/pair/potential_check.cpp, src/gap/model.cpp): a plain `lmp` may run a deck.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ase.data import chemical_symbols

from deckgen.contents import checksums, unchanged
from deckgen.errors import InputError
from deckgen.files import require_file
from deckgen.quip.descriptors import Descriptor
from deckgen.quip.gapxml import AGAIN, Coordinate, read_contents, shown

__all__ = ["GapFile", "read_gap"]

GZIP = b"\x1f\x8b"
LABEL = re.compile(r"[A-Za-z0-9_.-]+")
"""It goes into decks and into QUIP's arguments."""


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
    compress_files
        Files that its descriptors read, `compress_file` of soap_turbo. QUIP looks for them in the current folder.
    atomic_numbers
        Those that its descriptors name; with a descriptor for any element also those with an energy of the isolated
        atom.
    descriptors
        The text of each descriptor, as QUIP reads it.
    cutoff_A
        The largest cutoff of the descriptors, in angstrom.
    cores
        QUIP's potentials that it stands on: Glue, LJ, ZBL.
    sha256
        Checksum over the bytes of the xml and then of the other files in their order.
    """

    path: Path
    label: str
    sparse_files: tuple[Path, ...]
    atomic_numbers: tuple[int, ...]
    descriptors: tuple[str, ...]
    cutoff_A: float
    sha256: str
    checksums: tuple[str, ...] = ()
    compress_files: tuple[Path, ...] = ()
    cores: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """All files of the potential, the xml first: they travel together."""
        return (self.path, *self.sparse_files, *self.compress_files)

    @property
    def elements(self) -> tuple[str, ...]:
        """Symbols of the elements that the potential knows."""
        return tuple(chemical_symbols[number] for number in self.atomic_numbers)


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
        If the xml is missing, malformed or cut short, holds no potential, none with that label or no descriptor, is
        more than a GAP, has a word where a number belongs, an element that does not exist, or a label that is not a
        plain word, or a descriptor whose energy depends on the order of the atoms; or if a file of sparse points is
        missing, not beside the xml, too short, does not hold numbers, or is not the one that the xml was written with;
        or if another file that a descriptor needs is missing.
    """
    path = Path(path)
    with unchanged(path):
        return _read(path, label)


def _read(path: Path, label: str) -> GapFile:
    _refuse_compressed(path)
    contents = read_contents(path)
    _check_weights(path, contents.coordinates)
    chosen = _choose_label(path, contents.labels, label)
    descriptors = [Descriptor(path, text) for text in contents.descriptors]
    cutoffs = [cutoff for descriptor in descriptors for cutoff in descriptor.cutoffs_A]
    if not cutoffs:
        raise InputError(f"{path}: no descriptor with a cutoff", hint="is this a GAP potential, as gap_fit writes it?")
    for descriptor in descriptors:
        descriptor.require_order_independence()
    sparse = [coordinate for coordinate in contents.coordinates if coordinate.sparse_file]
    with unchanged(*(path.parent / coordinate.sparse_file for coordinate in sparse)):
        sparse_files = tuple(_check_sparse(path, coordinate) for coordinate in sparse)
        compress_files = tuple(sorted({_check_compress(d) for d in descriptors if d.compress_file}))
        sha256, own = checksums((path, *sparse_files, *compress_files))
    return GapFile(
        path=path,
        label=chosen,
        sparse_files=sparse_files,
        atomic_numbers=tuple(sorted(_atomic_numbers(descriptors, contents.atomic_numbers))),
        descriptors=tuple(contents.descriptors),
        cutoff_A=max(cutoffs),
        sha256=sha256,
        checksums=own,
        compress_files=compress_files,
        cores=tuple(sorted(contents.kinds - {"GAP"})),
    )


def _check_weights(path: Path, coordinates: Sequence[Coordinate]) -> None:
    for coordinate in coordinates:
        if coordinate.n_weights != coordinate.n_sparse:
            raise InputError(
                f"{path}: n_sparseX={coordinate.n_sparse} but {coordinate.n_weights} sparseX elements follow",
                hint=AGAIN,
            )
        needed = 0 if coordinate.sparse_file else coordinate.dimensions * coordinate.n_sparse
        if coordinate.n_numbers != needed:
            raise InputError(
                f"{path}: {coordinate.n_numbers} numbers of sparse points in it where {needed} are needed", hint=AGAIN
            )


def _choose_label(path: Path, labels: Sequence[str], wanted: str) -> str:
    if not any(labels):
        raise InputError(f"{path}: no <Potential label=...>", hint="is this a GAP potential, as gap_fit writes it?")
    if wanted and wanted not in labels:
        raise InputError(f"{path}: no potential with the label {wanted!r}", hint=f"it has {', '.join(labels)}")
    label = wanted or next(label for label in labels if label)
    if not LABEL.fullmatch(label):
        raise InputError(
            f"{path}: label={shown(label)} is not a plain word (letters, digits, _ . -)",
            hint="give the potential a plain label, everywhere in the xml; one that you were given, do not run",
        )
    return label


def _check_sparse(path: Path, coordinate: Coordinate) -> Path:
    file = path.parent / coordinate.sparse_file
    try:
        require_file(file)
    except InputError as error:
        raise InputError(
            f"{path}: its sparse points are missing: {error.message}",
            hint=f"copy {coordinate.sparse_file} beside the xml: a GAP is both",
        ) from None
    content = file.read_bytes()
    needed = coordinate.dimensions * coordinate.n_sparse
    try:
        n_numbers = sum(map(math.isfinite, map(float, content.split())))
    except ValueError:  # whose words would show what is in the file
        raise InputError(f"{file}: not a file of numbers", hint="copy it again from beside the xml") from None
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


def _check_compress(descriptor: Descriptor) -> Path:
    file = descriptor.path.parent / descriptor.compress_file
    try:
        require_file(file)
    except InputError as error:
        raise InputError(
            f"{descriptor.path}: its compress_file is missing: {error.message}",
            hint=f"copy {descriptor.compress_file} beside the xml: soap_turbo cannot be evaluated without it",
        ) from None
    return file


def _atomic_numbers(descriptors: Sequence[Descriptor], isolated: set[int]) -> set[int]:
    """Return the elements of the descriptors: an atom of another one has its e0, and no force.

    Some files list an e0 for every element that there is.
    """
    named = set().union(*(descriptor.atomic_numbers for descriptor in descriptors))
    return (named | isolated) - {0} if 0 in named else named


def _refuse_compressed(path: Path) -> None:
    if path.is_file():
        with path.open("rb") as file:
            if file.read(2) == GZIP:
                raise InputError(f"{path}: compressed by gzip, which QUIP does not read", hint="gunzip it first")
