"""A frame as a file has it: perhaps periodic, perhaps without labels, perhaps with a fault."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from deckgen.training.dataset import bare

__all__ = ["NO_ENERGY", "NO_FORCES", "RawFile", "RawFrame", "from_results", "plain_exponents", "raw_frame"]

NO_ENERGY = "have no energy"
NO_FORCES = "have no forces"
NOT_FINITE = "have numbers that are not finite"

_FORTRAN = re.compile(r"(?<![\w.])([+-]?(?:\d+\.\d*|\.\d+))[dD]([+-]?\d+)(?![\w.])")


@dataclass(frozen=True, eq=False)
class RawFrame:
    """A frame as read.

    Parameters
    ----------
    atoms
        The configuration; `info` holds what else the file says of it.
    energy_eV
        The free energy, where it is known.
    forces_eV_A : (N, 3)
        The forces, where they are known.
    fault
        What the file, or its labels, have against it.
    known
        Names of the numbers that the file has for it.
    set_aside_eV
        The energy that the recipe names, where the file has a free energy besides, which is taken.
    """

    atoms: Atoms
    energy_eV: float | None
    forces_eV_A: NDArray[np.float64] | None
    fault: str = ""
    known: tuple[str, ...] = ()
    set_aside_eV: float | None = None

    @property
    def why_not(self) -> str:
        """Why the frame cannot be used; empty where it can. A single atom needs no forces."""
        if self.fault:
            return self.fault
        if self.energy_eV is None:
            return NO_ENERGY
        if self.forces_eV_A is None and len(self.atoms) > 1:
            return NO_FORCES
        values = (self.energy_eV, self.atoms.positions, () if self.forces_eV_A is None else self.forces_eV_A)
        return "" if all(np.isfinite(value).all() for value in values) else NOT_FINITE


@dataclass(frozen=True, eq=False)
class RawFile:
    """The frames of one file, and the settings that they were computed with, where it says."""

    frames: Iterable[RawFrame]
    settings: dict[str, str] = field(default_factory=dict)


def raw_frame(
    atoms: Atoms,
    info: Mapping[str, Any],
    energy: Any,
    forces: Any,
    *,
    known: tuple[str, ...] = (),
    set_aside: Any = None,
    fault: str = "",
) -> RawFrame:
    """Return a frame whose labels are what a file has under their names: numbers, or else its fault says so."""
    value, why_energy = _energy(energy)
    aside, _ = _energy(set_aside)
    array, why_forces = _forces(forces, len(atoms))
    return RawFrame(bare(atoms, info), value, array, fault or why_energy or why_forces, known, aside)


def from_results(atoms: Atoms, info: Mapping[str, Any]) -> RawFrame:
    """Return a frame with the labels that ASE attached to it: the free energy where there is one."""
    results = atoms.calc.results if atoms.calc is not None else {}
    energy = results.get("free_energy", results.get("energy"))
    return raw_frame(atoms, info, energy, results.get("forces"), known=tuple(results))


def _energy(value: Any) -> tuple[float | None, str]:
    if value is None:
        return None, ""
    if isinstance(value, str):
        value = plain_exponents(value)
    array = np.asarray(value)
    if array.size != 1:
        return None, f"have {array.size} numbers, not one, as energy"
    try:
        return (None, "have an energy that is not a number") if array.dtype == bool else (float(array.item()), "")
    except (TypeError, ValueError):
        return None, "have an energy that is not a number"


def _forces(value: Any, n_atoms: int) -> tuple[NDArray[np.float64] | None, str]:
    if value is None:
        return None, ""
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return None, "have forces that are not numbers"
    if array.size != 3 * n_atoms:
        return None, "have forces that are not three numbers per atom"
    return array.reshape(n_atoms, 3), ""


def plain_exponents(text: str) -> str:
    """Return text with Fortran's double-precision numbers (-0.35D+01) as everyone writes them."""
    return _FORTRAN.sub(r"\1e\2", text)
