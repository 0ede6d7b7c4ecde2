"""The table [cluster] of study.toml: the start structure and the container."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from ase.data import chemical_symbols
from pydantic import AfterValidator, Field, model_validator

from deckgen.toml import Positive, Table

__all__ = ["Cluster", "Element"]


def _known_element(symbol: str) -> str:
    if symbol not in chemical_symbols[1:]:
        raise ValueError("not the symbol of an element")
    return symbol


Element = Annotated[str, AfterValidator(_known_element)]


class Cluster(Table):
    """The start structure: built by element, size and structure, or read from a file."""

    element: Element | None = None
    """Chemical symbol."""
    size: Annotated[int, Field(ge=2, le=10000)] | None = None
    """Number of atoms."""
    structure: Literal["icosahedron", "decahedron", "octahedron"] = "icosahedron"
    """A closed-shell polyhedron of that size, or the next larger one without its least bound atoms."""
    file: Path | None = None
    """In place of these three: any file that ASE reads (its last frame); relative to the study's folder. A cluster that
    lies across the faces of a periodic cell is made whole."""
    periodic: Literal["cut"] | None = None
    """"cut": take the atoms of a periodic file without vacuum as a free cluster; otherwise such a file is refused."""
    relax: bool = True
    """Relax the start structure with the study's potential before the dynamics."""
    container_radius_A: Positive | None = None
    """Radius of a sphere about the centre of mass beyond which a harmonic wall keeps the cluster together."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        built = [key for key in ("element", "size", "structure") if key in self.model_fields_set]
        if self.file is not None and built:
            raise ValueError(f"give either file or {', '.join(built)}, not both")
        if self.file is None and self.periodic is not None:
            raise ValueError("periodic is about file: leave it out")
        if self.file is None and (self.element is None or self.size is None):
            raise ValueError('give element and size (element = "Na", size = 55), or file = "start.xyz"')
        return self
