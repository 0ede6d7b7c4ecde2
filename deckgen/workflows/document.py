"""The JSON documents in results/, read back into the types that say what is in them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from deckgen.errors import InputError
from deckgen.files import reason
from deckgen.records import read_record

__all__ = ["ClusterEntry", "Document", "PotentialEntry", "read_document"]


@dataclass(frozen=True)
class ClusterEntry:
    """The cluster: its formula, where it is known."""

    formula: str | None
    n_atoms: int


@dataclass(frozen=True)
class PotentialEntry:
    """The potential, where it is known: its name and its checksum."""

    name: str | None
    sha256: str | None


@dataclass(frozen=True)
class Document:
    """What every document begins with; all its keys are required, and no others are allowed."""

    schema: int
    deckgen_version: str | None
    cluster: ClusterEntry
    potential: PotentialEntry


Kind = TypeVar("Kind", bound=Document)


def read_document(path: Path, kind: type[Kind], command: str) -> Kind:
    """Read a document; `command` is the one that writes it.

    Raises
    ------
    InputError
        If the file cannot be read, is not JSON, or has other keys, or values of another type, than this version writes.
    """
    hint = f"write it again: {command}"
    try:
        return read_record(path, kind)
    except OSError as error:
        raise InputError(f"{path}: not readable ({reason(error)})", hint=hint) from error
    except json.JSONDecodeError as error:
        raise InputError(f"{path}: not JSON ({error})", hint=hint) from error
    except ValueError as error:
        raise InputError(f"{path}: written by another version of deckgen, or damaged ({error})", hint=hint) from error
