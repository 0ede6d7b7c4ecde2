"""results/isomers.json, read back. The keys are explained in docs/isomers.md."""

from __future__ import annotations

from dataclasses import dataclass, field

from deckgen.analysis.isomers.chemical_order import PairBonds
from deckgen.analysis.isomers.results import Tolerances
from deckgen.study.folder import ResultsFolder
from deckgen.workflows.document import Document, read_document
from deckgen.workflows.isomers.hopping import Hopping

__all__ = ["IsomerEntry", "IsomersDocument", "read_isomers"]


@dataclass(frozen=True)
class OccupationEntry:
    """The fraction of the quenches at each temperature that led to an isomer."""

    temperatures_K: tuple[float, ...]
    fraction: tuple[float | None, ...]


@dataclass(frozen=True)
class FirstSeenEntry:
    """The lowest temperature at which an isomer was seen, and the first frame there."""

    temperature_K: float | None
    frame: int


@dataclass(frozen=True)
class IsomerEntry:
    """One isomer."""

    rank: int
    energy_eV: float
    relative_eV: float
    count: int
    occupation: OccupationEntry
    first_seen: FirstSeenEntry
    mean_bond_length_A: float
    min_bond_length_A: float
    mean_nearest_A: float
    point_group: str
    point_group_order: int
    chiral: bool
    max_force_eV_A: float
    moments_uA2: tuple[float, ...]
    coordination: dict[str, int]
    cna: dict[str, int]
    source: str
    frame: int
    log_frequency_product: float | None = None
    geometry: int | None = None
    unlike_bonds: int | None = None
    shells: tuple[dict[str, int], ...] = ()
    pairs: dict[str, PairBonds] = field(default_factory=dict)


@dataclass(frozen=True)
class SettingsEntry:
    """How the isomers were made: the source of the frames, keys of [isomers], and the deck that converged them."""

    source: str
    minimizer: str
    loose_force_eV_A: float
    max_force_eV_A: float
    max_steps: int
    off_saddles: bool
    settled_force_eV_A: float
    deck: str
    tighten: int | None = None


@dataclass(frozen=True)
class IsomersDocument(Document):
    """The contents of results/isomers.json, as `StudyIsomers.to_json` writes them."""

    isomers: tuple[IsomerEntry, ...]
    temperatures_K: tuple[float, ...]
    quenched: tuple[int, ...]
    n_quenched: int
    n_failed: int
    n_groups: int
    n_after_energy: int
    n_representatives: int
    n_distinct: int
    tolerances: Tolerances
    settings: SettingsEntry
    n_tightened: int | None = None
    n_higher: int = 0
    hopping: Hopping | None = None


def read_isomers(results: ResultsFolder) -> IsomersDocument | None:
    """Read results/isomers.json; None where no isomers were looked for.

    Raises
    ------
    InputError
        If it is not readable, or was written by another version of deckgen.
    """
    if not results.isomers.is_file():
        return None
    return read_document(results.isomers, IsomersDocument, "deckgen isomers")
