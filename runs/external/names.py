"""What the name of a column says: which quantity it holds, and in which unit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from deckgen.runs.external.units import named_energy_eV

__all__ = ["Name", "Quantity", "named"]

Quantity = Literal["energy", "temperature", "time", "step"]

_QUANTITIES: dict[str, Quantity] = {
    # letters only, lower case
    "potential": "energy",
    "potentialenergy": "energy",
    "potentialen": "energy",
    "poteng": "energy",
    "epot": "energy",
    "pe": "energy",
    "cpe": "energy",
    "vpe": "energy",
    "cthermope": "energy",
    "temperature": "temperature",
    "kinetictemperature": "temperature",
    "temp": "temperature",
    "cthermotemp": "temperature",
    "time": "time",
    "step": "step",
    "steps": "step",
    "timestep": "step",
    "mdstep": "step",
}
_TIMES_PS = {"fs": 1e-3, "ps": 1.0, "ns": 1e3, "us": 1e6, "s": 1e12}
_PER_ATOM = "peratom"
_BRACKETED = re.compile(r"(.*?)\s*[\[(]([^\[\]()]*)[\])]")


@dataclass(frozen=True)
class Name:
    """What the name of a column says.

    Parameters
    ----------
    quantity
        What the column holds.
    unit
        Its unit as the name states it; None where it states none.
    factor
        The unit in eV, K or ps; None where none is stated, or one that is unknown.
    per_atom
        Whether an energy is per atom.
    """

    quantity: Quantity
    unit: str | None = None
    factor: float | None = None
    per_atom: bool = False


def named(text: str) -> Name | None:
    """Return what a name says: `Potential (kJ/mol)`, `pe_eV_per_atom`, `T [K]`; None for any other quantity."""
    text = text.strip().strip("\"'")
    if bracketed := _BRACKETED.fullmatch(text):
        return _read(bracketed[1], bracketed[2].strip())
    parts = re.split(r"([_\s/.]+)", text)
    for k in range(len(parts), 0, -2):
        found = _read("".join(parts[:k]), "".join(parts[k + 1 :]))
        if found and (found.unit is None or found.factor is not None):
            return found
    return None


def _read(base: str, unit: str) -> Name | None:
    letters = re.sub("[^a-z]", "", base.lower())
    of_an_atom = letters.endswith(_PER_ATOM)
    letters = letters.removesuffix(_PER_ATOM)
    plain = re.sub(r"_per_| per ", "/", unit.lower()).replace(" ", "")
    of_an_atom |= plain.endswith("/atom")
    plain = plain.removesuffix("/atom")
    quantity = _QUANTITIES.get(letters)
    if letters == "t":  # a temperature or a time
        quantity = "temperature" if plain == "k" else "time" if plain in _TIMES_PS else None
    if quantity is None or (of_an_atom and quantity != "energy"):
        return None
    return Name(quantity, unit or None, _factor(quantity, plain), of_an_atom)


def _factor(quantity: Quantity, unit: str) -> float | None:
    if quantity == "energy":
        return named_energy_eV(unit)
    if quantity == "temperature":
        return 1.0 if unit == "k" else None
    return _TIMES_PS.get(unit) if quantity == "time" else None
