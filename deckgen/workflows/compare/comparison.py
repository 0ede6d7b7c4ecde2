"""The numbers of a comparison of isomers with a reference, out of what has been computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ase import Atoms

from deckgen import __version__
from deckgen.analysis.isomers.agreement import (
    MATCH_A,
    EnergyError,
    OrderErrors,
    StructureChange,
    energy_error,
    order_errors,
    structure_change,
)
from deckgen.workflows.compare.energy_zero import EnergyZero
from deckgen.workflows.compare.relaxation import Relaxation, RelaxationLimit
from deckgen.workflows.document import ClusterEntry, PotentialEntry
from deckgen.workflows.isomers.read import IsomerEntry

__all__ = ["AtMinimum", "ComparedIsomer", "ReferenceComparison", "compared"]

SCHEMA = 1
"""Version of the JSON's layout."""


@dataclass(frozen=True)
class AtMinimum:
    """The reference's energy of an isomer, at the potential's minimum or at its own.

    Parameters
    ----------
    reference_eV
        Energy by the reference.
    relative_eV
        The same above isomer 1; None where that is not known.
    error
        Of the potential's energy at its own minimum; None where the zeros are not known.
    max_force_eV_A
        Length of the largest force on an atom, by the reference.
    """

    reference_eV: float
    relative_eV: float | None
    error: EnergyError | None
    max_force_eV_A: float


@dataclass(frozen=True, eq=False)
class ComparedIsomer:
    """One isomer by the potential and by the reference.

    Parameters
    ----------
    rank, energy_eV, relative_eV
        As in results/isomers.json.
    structure
        Folder of what the reference has computed.
    at_potential_minimum, at_reference_minimum
        By the reference, at the start and at the end of its relaxation; None where not computed.
    n_steps, converged
        Of the relaxation; None where there is none.
    change
        What the relaxation did to the structure.
    relaxed
        Where it ended.
    failure
        Why the reference failed; empty where it did not.
    """

    rank: int
    energy_eV: float
    relative_eV: float
    structure: str
    at_potential_minimum: AtMinimum | None
    at_reference_minimum: AtMinimum | None
    n_steps: int | None
    converged: bool | None
    change: StructureChange | None
    relaxed: Atoms | None
    failure: str

    def to_json(self) -> dict[str, Any]:
        """Return what results/isomers_reference.json says of it."""
        parts = (self.at_potential_minimum, self.at_reference_minimum, self.change)
        start, end, change = (None if part is None else asdict(part) for part in parts)
        return {
            "rank": self.rank,
            "energy_eV": self.energy_eV,
            "relative_eV": self.relative_eV,
            "structure": self.structure,
            "at_potential_minimum": start,
            "at_reference_minimum": end,
            "n_steps": self.n_steps,
            "converged": self.converged,
            "change": change,
            "failure": self.failure or None,
        }


@dataclass(frozen=True, eq=False)
class ReferenceComparison:
    """A study's lowest isomers against a reference.

    Parameters
    ----------
    isomers
        By the potential's energy.
    n_isomers
        How many the study has.
    cluster, potential
        As in results/isomers.json.
    reference
        Name of the reference, its settings, and the versions of what computed it.
    limit
        When a relaxation ends.
    zero
        Where energies are counted from.
    waiting
        VASP's folders that have no result so far.
    atom_failures
        Why the reference failed for an isolated atom, by element.
    """

    isomers: tuple[ComparedIsomer, ...]
    n_isomers: int
    cluster: ClusterEntry
    potential: PotentialEntry
    reference: Mapping[str, Any]
    limit: RelaxationLimit
    zero: EnergyZero
    waiting: tuple[str, ...]
    atom_failures: Mapping[str, str]

    @property
    def failures(self) -> list[str]:
        """What failed, in words."""
        atoms = [f"isolated {symbol}: {failure}" for symbol, failure in self.atom_failures.items()]
        return atoms + [f"isomer {isomer.rank}: {isomer.failure}" for isomer in self.isomers if isomer.failure]

    def order_errors(self, part: Literal["at_potential_minimum", "at_reference_minimum"]) -> OrderErrors | None:
        """Return how well relative energies agree at the one or the other minimum; None without those of isomer 1."""
        known = [(isomer, getattr(isomer, part)) for isomer in self.isomers if getattr(isomer, part) is not None]
        if not known or known[0][0].rank != 1:
            return None
        return order_errors([isomer.energy_eV for isomer, _ in known], [at.reference_eV for _, at in known])

    def to_json(self) -> dict[str, Any]:
        """Return the contents of results/isomers_reference.json: plain lists, numbers and None, never NaN."""
        start, end = self.order_errors("at_potential_minimum"), self.order_errors("at_reference_minimum")
        return {
            "schema": SCHEMA,
            "deckgen_version": __version__,
            "cluster": asdict(self.cluster),
            "potential": asdict(self.potential),
            "reference": self.reference,
            "goal": self.limit._asdict(),
            "match_A": MATCH_A,
            "zeros": asdict(self.zero) | {"counted_from_atoms": self.zero.at_atoms},
            "n_isomers": self.n_isomers,
            "isomers": [isomer.to_json() for isomer in self.isomers],
            "relative_energies": {
                "at_potential_minimum": None if start is None else asdict(start),
                "at_reference_minimum": None if end is None else asdict(end),
            },
            "waiting": list(self.waiting),
            "failures": self.failures,
            "warnings": self.zero.findings(),
        }


def compared(
    isomers: Sequence[IsomerEntry],
    structures: Sequence[Atoms],
    relaxations: Sequence[Relaxation],
    zero: EnergyZero,
    limit: RelaxationLimit,
) -> tuple[ComparedIsomer, ...]:
    """Compare isomers with what the reference has computed of them.

    Parameters
    ----------
    isomers, structures
        The isomers of results/isomers.json and results/isomers.extxyz, the lowest first.
    relaxations
        Their relaxations by the reference.
    zero
        Where energies are counted from.
    limit
        When a relaxation ends.
    """
    first = relaxations[0]
    firsts = (0 if first.steps else None, _last_step(first, limit))
    bases = [None if step is None else first.steps[step].energy_eV for step in firsts]
    found = []
    for entry, atoms, relaxation in zip(isomers, structures, relaxations, strict=True):
        last = _last_step(relaxation, limit)
        relaxed = None if last is None else relaxation.steps[last].atoms
        isomer = ComparedIsomer(
            rank=entry.rank,
            energy_eV=entry.energy_eV,
            relative_eV=entry.relative_eV,
            structure=relaxation.name,
            at_potential_minimum=_at(relaxation, 0 if relaxation.steps else None, entry.energy_eV, zero, bases[0]),
            at_reference_minimum=_at(relaxation, last, entry.energy_eV, zero, bases[1]),
            n_steps=last,
            converged=None if last is None else relaxation.converged(limit),
            change=None
            if relaxed is None
            else structure_change(list(atoms.symbols), atoms.positions, list(relaxed.symbols), relaxed.positions),
            relaxed=relaxed,
            failure=relaxation.failure,
        )
        found.append(isomer)
    return tuple(found)


def _last_step(relaxation: Relaxation, limit: RelaxationLimit) -> int | None:
    """Return the step at which the reference's minimum is, or as far as it came; None if it took no step towards it."""
    return relaxation.n_steps if relaxation.n_steps > 0 or relaxation.converged(limit) else None


def _at(
    relaxation: Relaxation, step: int | None, energy_eV: float, zero: EnergyZero, base_eV: float | None
) -> AtMinimum | None:
    if step is None:
        return None
    reference_eV, symbols = relaxation.steps[step].energy_eV, list(relaxation.start.symbols)
    shift_eV = zero.shift_eV(symbols)
    error = None
    if shift_eV is not None:
        error = energy_error(energy_eV + shift_eV, reference_eV, zero.reference_sum_eV(symbols), len(symbols))
    relative_eV = None if base_eV is None else reference_eV - base_eV
    return AtMinimum(reference_eV, relative_eV, error, relaxation.max_force_eV_A(step))
