"""Units of runs made elsewhere: the styles of LAMMPS, and units that the header of a column states."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deckgen.errors import InputError

__all__ = ["STYLES", "UnitStyle", "agreed_style", "named_energy_eV"]

_J_EV = 1 / 1.602176634e-19
_PER_MOL = 1 / 6.02214076e23
_HARTREE_EV = 27.211386245988


@dataclass(frozen=True)
class UnitStyle:
    """A style of LAMMPS' `units`: its name, and its units of energy in eV and of time in ps. Temperatures are in K."""

    name: str
    energy_eV: float
    time_ps: float


STYLES = {
    style.name: style
    for style in (
        UnitStyle("metal", 1.0, 1.0),
        UnitStyle("real", 4184 * _J_EV * _PER_MOL, 1e-3),  # kcal/mol, fs
        UnitStyle("electron", _HARTREE_EV, 1e-3),  # fs
        UnitStyle("si", _J_EV, 1e12),
        UnitStyle("cgs", 1e-7 * _J_EV, 1e12),  # erg, s
        UnitStyle("micro", 1e-15 * _J_EV, 1e6),  # pg um^2/us^2, us
        UnitStyle("nano", 1e-21 * _J_EV, 1e3),  # ag nm^2/ns^2, ns
    )
}
"""https://docs.lammps.org/units.html, with constants of CODATA 2018. `lj` has no scale of energy."""

_NAMED_EV = {
    "ev": 1.0,
    "mev": 1e-3,
    "kj/mol": 1e3 * _J_EV * _PER_MOL,
    "kcal/mol": 4184 * _J_EV * _PER_MOL,
    "hartree": _HARTREE_EV,
    "ha": _HARTREE_EV,
    "ry": _HARTREE_EV / 2,
    "rydberg": _HARTREE_EV / 2,
    "j": _J_EV,
}


def named_energy_eV(name: str) -> float | None:
    """Return a unit of energy in eV by its name in a header (kJ/mol, kj_per_mol, eV ...); None for an unknown one."""
    return _NAMED_EV.get(name.lower().replace("_per_", "/").replace("/mole", "/mol"))


def agreed_style(path: Path, stated: str | None, given: str | None) -> UnitStyle:
    """Return the unit style that a file states and the user gives; either may be missing.

    Raises
    ------
    InputError
        If both are missing, differ, or name no style that has a scale of energy.
    """
    known = "|".join(STYLES)
    if stated is not None and given is not None and stated != given:
        raise InputError(f"{path}: the file is in units {stated}, not {given}", hint="leave out --units, or correct it")
    style = stated or given
    if style is None:
        raise InputError(
            f"{path}: the file does not say in which units it is",
            hint=f"give them: --units {known}. A LAMMPS without the command units runs in lj: energies without a scale",
        )
    if style == "lj":
        raise InputError(
            f"{path}: in units lj energies have no scale", hint="give the energies in eV and T in K, as text"
        )
    if style not in STYLES:
        raise InputError(f"{path}: units {style} are not known", hint=f"known are {known.replace('|', ', ')}")
    return STYLES[style]
