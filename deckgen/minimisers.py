"""LAMMPS' minimisers, each in one record; its options are in templates/decks/minimum.j2.

To add one, write its record and its name here and its branch there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

__all__ = ["MINIMISERS", "Minimiser", "MinimiserName"]

MinimiserName = Literal["fire", "cg"]


@dataclass(frozen=True)
class Minimiser:
    """A minimiser: its name in study.toml (LAMMPS' own), in the methods text, and its source, if it needs one."""

    name: MinimiserName
    description: str
    citation: str = ""


_RECORDS = (
    Minimiser(
        name="fire",
        description="FIRE",
        citation="E. Bitzek, P. Koskinen, F. Gähler, M. Moseler, P. Gumbsch, Phys. Rev. Lett. 97, 170201 (2006)",
    ),
    Minimiser(name="cg", description="conjugate gradients"),
)

MINIMISERS: dict[str, Minimiser] = {minimiser.name: minimiser for minimiser in _RECORDS}
"""All of them, by name."""

assert tuple(MINIMISERS) == get_args(MinimiserName), "every name needs its record"
