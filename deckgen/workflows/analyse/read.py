"""results/thermodynamics.json, read back. The keys are explained in docs/results.md."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deckgen.analysis.crossings import Crossings
from deckgen.analysis.jumps.melting import JumpMelting
from deckgen.analysis.lindemann import LindemannCurve
from deckgen.analysis.states import RungState
from deckgen.analysis.swaps import RungSwaps
from deckgen.contents import sha256_of
from deckgen.findings import Finding
from deckgen.study.folder import ResultsFolder
from deckgen.study.runs import Look
from deckgen.workflows.analyse.inputs import AnalysedInputs
from deckgen.workflows.document import Document, read_document

__all__ = ["ThermodynamicsDocument", "read_thermodynamics"]

Curve = tuple[float | None, ...]
Interval = tuple[float, float]


@dataclass(frozen=True)
class MeltingEntry:
    """The highest peak of the heat capacity, with its 95 % intervals."""

    temperature_K: float
    ci95_K: Interval | None
    peak_over_c0: float
    peak_over_c0_ci95: Interval | None
    fwhm_K: float | None
    fwhm_ci95_K: Interval | None
    latent_heat_eV: float | None
    latent_heat_ci95_eV: Interval | None
    at_edge: bool
    jumps: JumpMelting | None = None


@dataclass(frozen=True)
class PeakEntry:
    """A maximum of the heat capacity."""

    temperature_K: float
    height_over_c0: float
    ci95_K: Interval | None
    height_ci95_over_c0: Interval | None


@dataclass(frozen=True)
class CheckEntry:
    """A comparison of parts of the data."""

    name: str
    deviation: float
    p: float
    temperature_K: float | None
    passed: bool


@dataclass(frozen=True)
class RotationEntry:
    """MBAR with and without the rotational weights."""

    canonical: Curve | None
    sampled: Curve
    tm_canonical_K: float | None
    tm_sampled_K: float | None


@dataclass(frozen=True)
class EstimatorsEntry:
    """C_v/C_0 by other ways: `fluctuation` and its standard error on the rungs, all others on the grid."""

    fluctuation: Curve
    dU_dT: Curve
    multiple_histogram: Curve | None
    rotation: RotationEntry
    first_half: Curve | None
    second_half: Curve | None
    fluctuation_error: Curve | None = None


@dataclass(frozen=True)
class ExternalEntry:
    """A file of a run made elsewhere."""

    temperature_K: float
    file: str
    n_rows: int
    dropped_rows: int
    interval_ps: float | None
    units: str
    per_atom: bool
    sha256: str = ""

    def has_changed(self) -> bool:
        """Return whether the file is there and holds something else now."""
        path = Path(self.file)
        return bool(self.sha256) and path.is_file() and sha256_of(path) != self.sha256


@dataclass(frozen=True)
class ComparisonEntry:
    """The comparison with another study, on the temperatures that both cover."""

    this: str
    other: str
    temperatures_K: Curve
    other_over_c0: Curve
    difference_over_ci95: Curve | None
    largest_difference_over_ci95: float | None
    largest_difference_at_K: float | None
    other_tm_K: float | None
    other_tm_ci95_K: Interval | None
    tm_difference_K: float | None
    tm_combined_ci95_K: float | None


@dataclass(frozen=True)
class GoalEntry:
    """How the study's goal stands: whether it is reached, and in words; empty while it goes on."""

    reached: bool
    verdict: str


@dataclass(frozen=True)
class ThermodynamicsDocument(Document):
    """The contents of results/thermodynamics.json, as `StudyThermodynamics.to_json` writes them."""

    rotation: str
    c0_over_kB: float
    temperatures_K: Curve
    heat_capacity_over_c0: Curve
    heat_capacity_ci95: tuple[Curve, ...] | None
    potential_energy_eV: Curve
    melting: MeltingEntry | None
    peaks: tuple[PeakEntry, ...]
    checks: tuple[CheckEntry, ...]
    states: tuple[RungState, ...]
    crossings: Crossings | None
    f_k: Curve
    overlap: tuple[Curve, ...]
    n_reweighting: Curve
    estimators: EstimatorsEntry
    swaps: tuple[RungSwaps, ...]
    superposition_over_c0: Curve | None
    lindemann: LindemannCurve
    warnings: tuple[Finding, ...]
    external: tuple[ExternalEntry, ...]
    comparison: ComparisonEntry | None
    goal: GoalEntry | None
    history: tuple[Look, ...]
    inputs: AnalysedInputs | None = None


def read_thermodynamics(results: ResultsFolder) -> ThermodynamicsDocument:
    """Read results/thermodynamics.json.

    Raises
    ------
    InputError
        If it is not readable, or was written by another version of deckgen.
    """
    return read_document(results.thermodynamics, ThermodynamicsDocument, "deckgen analyse")
