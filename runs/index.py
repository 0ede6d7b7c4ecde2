"""The index of a large study: what was found of each deck when its files were last looked at.

It saves reading what has not changed; the files can rebuild it, and nothing depends on it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from deckgen.decks.manifest import ENERGIES, FRAMES, MANIFEST, QUENCHED
from deckgen.files import read_json, unless_refused, write_whole
from deckgen.processes.lock import LOCK
from deckgen.records import as_record
from deckgen.runs.journal import JOURNAL

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["INDEX", "Index"]

INDEX = ".index.json"
SCHEMA = 1
LOOKED_AT = (MANIFEST, ENERGIES, FRAMES, QUENCHED, JOURNAL, LOCK)

Entry = TypeVar("Entry", bound="DataclassInstance")


@dataclass(frozen=True)
class _Known(Generic[Entry]):
    signature: tuple[int, ...]
    entry: Entry


class Index(Generic[Entry]):
    """Entries of decks, each valid while the deck's files have the times and sizes that they had.

    Parameters
    ----------
    folder
        The study's folder.
    kind
        The dataclass that an entry is.
    """

    def __init__(self, folder: Path, kind: type[Entry]) -> None:
        self.file, self.kind = folder / INDEX, kind
        self._known = dict(self._read())
        self._changed = False

    def get(self, deck: Path, name: str, look: Callable[[], tuple[Entry, bool]]) -> Entry:
        """Return a deck's entry; `look` makes it, and says whether it holds until a file changes."""
        signature = _signature(deck)
        known = self._known.get(name)
        if known is not None and known.signature == signature:
            return known.entry
        entry, holds = look()
        if holds:
            self._known[name], self._changed = _Known(signature, entry), True
        return entry

    def write(self) -> None:
        """Write what is new, unless the disk refuses it."""
        if self._changed:
            decks = {name: [known.signature, asdict(known.entry)] for name, known in self._known.items()}
            with unless_refused():
                write_whole(self.file, json.dumps({"schema": SCHEMA, "decks": decks}, separators=(",", ":")))

    def _read(self) -> Iterator[tuple[str, _Known[Entry]]]:
        try:
            document: Mapping[str, Any] = read_json(self.file)
            if document["schema"] == SCHEMA:
                for name, (signature, entry) in document["decks"].items():
                    yield name, _Known(tuple(signature), as_record(entry, self.kind))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return  # not there, damaged, or of another version: it is made anew


def _signature(deck: Path) -> tuple[int, ...]:
    """Return times and sizes of the files that say how far a deck is; zeros where there is none."""
    numbers = list[int]()
    for name in LOOKED_AT:
        try:
            found = os.stat(f"{deck}/{name}")
        except OSError:
            numbers += (0, 0)
        else:
            numbers += (found.st_mtime_ns, found.st_size)
    return tuple(numbers)
