"""The table [potential] of study.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from deckgen.study.cluster import Element
from deckgen.toml import Positive, Table, Words

__all__ = ["PotentialChoice"]


class PotentialChoice(Table):
    """The potential: a built-in name, a GAP file, or LAMMPS commands."""

    name: Words | None = None
    """A built-in potential: `deckgen potentials` lists them. The default is na-gap."""
    kind: Literal["gap", "lammps"] | None = None
    """A potential of your own: a GAP, or any that LAMMPS has."""
    file: Path | None = None
    """kind = "gap": the GAP's xml, its sparseX files beside it; relative to the study's folder."""
    pair_style: Words | None = None
    """kind = "lammps": the arguments of the pair_style command: LAMMPS text of your own, trusted like a Makefile."""
    pair_coeff: tuple[Words, ...] = ()
    """kind = "lammps": the arguments of each pair_coeff command."""
    mass_u: Positive | None = None
    """Mass of the atoms of a cluster of one element, instead of its standard mass."""
    masses_u: dict[Element, Positive] = Field(default_factory=dict)
    """Mass of each element that does not have its standard mass, such as {Au = 196.97, Ag = 107.87}."""
    files: tuple[Path, ...] = ()
    """kind = "lammps": the files that pair_coeff names, relative to the study's folder; or names of LAMMPS' own."""
    engine: Literal["auto", "native", "quip", "plain"] = "auto"
    """What evaluates a GAP: native (our code), quip (with faster calls), plain (as linked), auto (native or quip)."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.name is not None and self.kind is not None:
            raise ValueError("give either name (a built-in potential) or kind (your own), not both")
        needs = {"gap": {"file"}, "lammps": {"pair_style", "pair_coeff"}}.get(self.kind or "", set())
        allowed = (
            {"name", "kind", "mass_u", "masses_u", "engine"} | needs | ({"files"} if self.kind == "lammps" else set())
        )
        given = {key for key in self.model_fields_set if getattr(self, key) not in (None, ())}
        if missing := sorted(needs - given):
            raise ValueError(f'kind = "{self.kind}" needs {" and ".join(missing)}')
        if extra := sorted(self.model_fields_set - allowed):
            whose = f'kind = "{self.kind}"' if self.kind else "a built-in potential"
            raise ValueError(f"{', '.join(extra)}: not a key of {whose}")
        if self.mass_u is not None and self.masses_u:
            raise ValueError("give either mass_u or masses_u, not both")
        return self

    @property
    def builtin(self) -> str:
        """The built-in potential's name; empty where the potential is the user's own."""
        return "" if self.kind is not None else (self.name or "na-gap")
