"""The JSON documents in results/, read back into the types that say what is in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from deckgen.errors import InputError

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

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

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
        If the file cannot be read, is not JSON, or has other keys than this version writes.
    """
    hint = f"write it again: {command}"
    try:
        return TypeAdapter(kind).validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: not readable ({error})", hint=hint) from error
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            raise InputError(f"{path}: not JSON ({first['msg']})", hint=hint) from error
        where = ".".join(map(str, first["loc"]))
        raise InputError(
            f"{path}: written by another version of deckgen ({where}: {first['msg']})", hint=hint
        ) from error
