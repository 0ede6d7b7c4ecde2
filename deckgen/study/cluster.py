"""The table [cluster] of study.toml: the start structure and the container."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from ase.data import chemical_symbols
from ase.formula import Formula
from pydantic import AfterValidator, Field, model_validator

from deckgen.toml import Positive, Table

__all__ = ["Cluster", "Element"]


def _known_element(symbol: str) -> str:
    if symbol not in chemical_symbols[1:]:
        raise ValueError("not the symbol of an element")
    return symbol


def _known_formula(formula: str) -> str:
    try:
        counts = Formula(formula).count()
    except (ValueError, RecursionError):
        raise ValueError("not a formula such as Au20Ag35") from None
    for symbol in counts:
        _known_element(symbol)
    if len(counts) < 2:
        raise ValueError("of one element: give element and size")
    return formula


Element = Annotated[str, AfterValidator(_known_element)]


class Cluster(Table):
    """The start structure: built by element, size and structure, or read from a file."""

    element: Element | None = None
    """Chemical symbol."""
    size: Annotated[int, Field(ge=2, le=10000)] | None = None
    """Number of atoms."""
    structure: Literal["icosahedron", "decahedron", "octahedron"] = "icosahedron"
    """A closed-shell polyhedron of that size, or the next larger one without its least bound atoms."""
    formula: Annotated[str, AfterValidator(_known_formula)] | None = None
    """Instead of element and size: a cluster of several elements, such as "Au20Ag35"."""
    ordering: Literal["random", "core-shell", "janus"] = "random"
    """Which element of formula sits where: at random, one of two inside, or the two on either side of a plane."""
    core: Element | None = None
    """ordering = "core-shell": the element inside; by default the one with fewer atoms."""
    ordering_seed: Annotated[int, Field(ge=1)] = 1
    """Seed of the random order, and of the choice between equivalent places."""
    file: Path | None = None
    """Instead of these: any file that ASE reads (its last frame); relative to the study's folder. A cluster that
    lies across the faces of a periodic cell is made whole."""
    periodic: Literal["cut"] | None = None
    """"cut": take the atoms of a periodic file without vacuum as a free cluster; otherwise such a file is refused."""
    relax: bool = True
    """Relax the start structure with the study's potential before the dynamics."""
    container_radius_A: Positive | None = None
    """Radius of a sphere about the centre of mass beyond which a harmonic wall keeps the cluster together."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = self.model_fields_set
        built = sorted(given & {"element", "size", "structure", "formula"})
        if self.file is not None and built:
            raise ValueError(f"give either file or {', '.join(built)}, not both")
        if self.formula is not None and given & {"element", "size"}:
            raise ValueError("give either formula or element and size, not both")
        if self.file is None and self.formula is None and (self.element is None or self.size is None):
            raise ValueError('give element and size (element = "Na", size = 55), formula, or file = "start.xyz"')
        if self.file is None and self.periodic is not None:
            raise ValueError("periodic is about file: leave it out")
        self._check_ordering()
        return self

    def _check_ordering(self) -> None:
        if self.formula is None:
            if self.ordering != "random" or self.core is not None or self.ordering_seed != 1:
                raise ValueError("ordering, core and ordering_seed are about formula: leave them out")
            return
        counts = self.counts
        if self.ordering != "random" and len(counts) > 2:
            raise ValueError(f'ordering = "{self.ordering}" is of two elements, {self.formula} has {len(counts)}')
        if self.core is not None and (self.ordering != "core-shell" or self.core not in counts):
            raise ValueError(f'core = "{self.core}": an element of formula, with ordering = "core-shell"')

    @property
    def n_atoms(self) -> int | None:
        """Number of atoms; None where only a file knows."""
        return sum(self.counts.values()) if self.formula is not None else self.size

    @property
    def counts(self) -> dict[str, int]:
        """Number of atoms of each element of formula."""
        return dict(Formula(self.formula or "").count())
