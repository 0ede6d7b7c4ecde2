"""results/isomers_reference.json, read back. The keys are explained in docs/isomers-reference.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deckgen.analysis.isomers.agreement import OrderErrors, StructureChange
from deckgen.study.folder import ResultsFolder
from deckgen.workflows.compare.comparison import AtMinimum
from deckgen.workflows.document import Document, read_document

__all__ = ["ComparisonDocument", "ReferenceEntry", "read_comparison"]


@dataclass(frozen=True)
class ReferenceEntry:
    """What computed the reference's energies: its name, its settings, and the versions of its programs."""

    name: str
    settings: dict[str, Any]
    versions: dict[str, str]


@dataclass(frozen=True)
class GoalEntry:
    """When a relaxation ends."""

    max_steps: int
    max_force_eV_A: float


@dataclass(frozen=True)
class ZerosEntry:
    """The energies of lone atoms, by element."""

    potential_eV: dict[str, float]
    reference_eV: dict[str, float]
    counted_from_atoms: bool


@dataclass(frozen=True)
class ComparedEntry:
    """One isomer by the potential and by the reference."""

    rank: int
    energy_eV: float
    relative_eV: float
    structure: str
    at_potential_minimum: AtMinimum | None
    at_reference_minimum: AtMinimum | None
    n_steps: int | None
    converged: bool | None
    change: StructureChange | None
    failure: str | None


@dataclass(frozen=True)
class OrderEntry:
    """How well relative energies agree, at the one and at the other minimum."""

    at_potential_minimum: OrderErrors | None
    at_reference_minimum: OrderErrors | None


@dataclass(frozen=True)
class ComparisonDocument(Document):
    """The contents of results/isomers_reference.json, as `ReferenceComparison.to_json` writes them."""

    reference: ReferenceEntry
    goal: GoalEntry
    match_A: float
    zeros: ZerosEntry
    n_isomers: int
    isomers: tuple[ComparedEntry, ...]
    relative_energies: OrderEntry
    waiting: tuple[str, ...]
    failures: tuple[str, ...]
    warnings: tuple[str, ...]


def read_comparison(results: ResultsFolder) -> ComparisonDocument:
    """Read results/isomers_reference.json.

    Raises
    ------
    InputError
        If it is not readable, or was written by another version of deckgen.
    """
    return read_document(results.reference, ComparisonDocument, "deckgen compare")
