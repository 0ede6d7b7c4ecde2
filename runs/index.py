"""The index of a large study: what was found of each deck when its files were last looked at.

It saves reading what has not changed; the files can rebuild it, and nothing depends on it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import astuple, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from deckgen.contents import text_in
from deckgen.decks.manifest import ENERGIES, FRAMES, MANIFEST, QUENCHED
from deckgen.files import unless_refused, write_whole
from deckgen.processes.lock import LOCK
from deckgen.runs.journal import JOURNAL

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["INDEX", "Index"]

INDEX = ".index.json"
LOOKED_AT = (MANIFEST, ENERGIES, FRAMES, QUENCHED, JOURNAL, LOCK)

Entry = TypeVar("Entry", bound="DataclassInstance")
_Known = tuple[list[int], list[Any]]
"""A signature, and the values of an entry."""


class Index(Generic[Entry]):
    """Entries of decks, each valid while the deck's files have the times and sizes that they had.

    The file's first line is the checksum of the rest: what it covers was written here, and need not be checked again.

    Parameters
    ----------
    folder
        The study's folder.
    kind
        The dataclass that an entry is: of plain values.
    """

    def __init__(self, folder: Path, kind: type[Entry]) -> None:
        self.file, self.kind = folder / INDEX, kind
        self._known = self._read()
        self._changed = False

    def get(self, deck: Path, name: str, look: Callable[[], tuple[Entry, bool]]) -> Entry:
        """Return a deck's entry; `look` makes it, and says whether it holds until a file changes."""
        signature = _signature(deck)
        known = self._known.get(name)
        if known is not None and known[0] == signature:
            return self.kind(*known[1])
        entry, holds = look()
        if holds:
            self._known[name], self._changed = (signature, list(astuple(entry))), True
        return entry

    def write(self) -> None:
        """Write what is new, unless the disk refuses it."""
        if self._changed:
            text = json.dumps({"keys": self._keys(), "decks": self._known}, separators=(",", ":"))
            with unless_refused():
                write_whole(self.file, f"{_checksum(text)}\n{text}")

    def _keys(self) -> list[str]:
        return [field.name for field in fields(self.kind)]

    def _read(self) -> dict[str, _Known]:
        try:
            checksum, text = text_in(self.file).split("\n", 1)
        except (OSError, ValueError):
            return {}
        if checksum != _checksum(text):
            return {}  # damaged, or of another version: it is made anew
        document = json.loads(text)
        return dict(document["decks"]) if document["keys"] == self._keys() else {}


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _signature(deck: Path) -> list[int]:
    """Return times and sizes of the files that say how far a deck is; zeros where there is none."""
    numbers = list[int]()
    for name in LOOKED_AT:
        try:
            found = os.stat(f"{deck}/{name}")
        except OSError:
            numbers += (0, 0)
        else:
            numbers += (found.st_mtime_ns, found.st_size)
    return numbers
