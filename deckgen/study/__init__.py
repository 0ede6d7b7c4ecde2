"""The Study: what `study.toml` says. All tables have defaults but [cluster]; keys carry their unit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from ase.data import chemical_symbols
from pydantic import AfterValidator, Field, model_validator

from deckgen.study.folder import STUDY_FILE
from deckgen.study.ladder import Ladder
from deckgen.study.nvt import Isomers, Nvt
from deckgen.toml import Document, Positive, Table

__all__ = ["STUDY_FILE", "Cluster", "PotentialChoice", "Study", "json_schema"]


def _known_element(symbol: str) -> str:
    if symbol not in chemical_symbols[1:]:
        raise ValueError("not the symbol of an element")
    return symbol


Element = Annotated[str, AfterValidator(_known_element)]


class About(Table):
    """Words about the study; they decide nothing."""

    name: str = ""
    """Title of the report; empty: made of the cluster and the potential."""
    notes: str = ""
    """Printed in the report."""


class Cluster(Table):
    """The start structure: built by element, size and structure, or read from a file."""

    element: Element | None = None
    """Chemical symbol."""
    size: Annotated[int, Field(ge=2, le=10000)] | None = None
    """Number of atoms."""
    structure: Literal["icosahedron", "decahedron", "octahedron"] = "icosahedron"
    """A closed-shell polyhedron of that size, or the next larger one with its least bound atoms taken off."""
    file: Path | None = None
    """Any file that ASE reads (its last frame); relative to the study's folder."""
    relax: bool = True
    """Relax the start structure with the study's potential before the dynamics."""
    container_radius_A: Positive | None = None
    """Radius of a sphere about the centre of mass beyond which a harmonic wall keeps the cluster together."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        built = [key for key in ("element", "size", "structure") if key in self.model_fields_set]
        if self.file is not None and built:
            raise ValueError(f"give either file or {', '.join(built)}, not both")
        if self.file is None and (self.element is None or self.size is None):
            raise ValueError('give element and size (element = "Na", size = 55), or file = "start.xyz"')
        return self


class PotentialChoice(Table):
    """The potential: a built-in name, a GAP file, or LAMMPS' own words."""

    name: str | None = None
    """A built-in potential: `deckgen potentials` lists them. The default is na-gap."""
    kind: Literal["gap", "lammps"] | None = None
    """What kind of potential of your own this is."""
    file: Path | None = None
    """kind = "gap": the GAP's xml, its sparseX files beside it; relative to the study's folder."""
    pair_style: str | None = None
    """kind = "lammps": the arguments of LAMMPS' pair_style."""
    pair_coeff: tuple[str, ...] = ()
    """kind = "lammps": the arguments of each pair_coeff."""
    mass_u: Positive | None = None
    """Mass of the atoms, instead of the element's standard mass."""
    files: tuple[Path, ...] = ()
    """kind = "lammps": the files that pair_coeff names."""
    engine: Literal["auto", "native", "quip", "plain"] = "auto"
    """What computes a GAP: native (our own code), quip (made fast), plain (as linked), or auto: native where it can."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.name is not None and self.kind is not None:
            raise ValueError("give either name (a built-in potential) or kind (your own), not both")
        needs = {"gap": {"file"}, "lammps": {"pair_style", "pair_coeff"}}.get(self.kind or "", set())
        allowed = {"name", "kind", "mass_u", "engine"} | needs | ({"files"} if self.kind == "lammps" else set())
        if missing := sorted(needs - self.model_fields_set):
            raise ValueError(f'kind = "{self.kind}" needs {" and ".join(missing)}')
        if extra := sorted(self.model_fields_set - allowed):
            whose = f'kind = "{self.kind}"' if self.kind else "a built-in potential"
            raise ValueError(f"{', '.join(extra)}: not a key of {whose}")
        return self

    @property
    def builtin(self) -> str:
        """The built-in potential's name; empty where the potential is the user's own."""
        return "" if self.kind else (self.name or "na-gap")


class Analysis(Table):
    """How the samples are analysed."""

    grid_K: Annotated[float, Field(gt=0, le=10)] = 1.0
    """Spacing of the temperature grid."""
    bootstraps: Annotated[int, Field(ge=20, le=10000)] = 200
    """Bootstrap samples of the whole analysis."""
    rotation: Literal["canonical", "sampled"] = "canonical"
    """Which heat capacity is the headline: with the rotation of a canonical cluster, or as sampled with L = 0."""


class Study(Document):
    """A study: a cluster, a potential, a temperature ladder, and how they are run and analysed."""

    FILE = STUDY_FILE
    MADE_BY = "deckgen init DIR"

    study: About = About()
    cluster: Cluster
    potential: PotentialChoice = PotentialChoice()
    ladder: Ladder = Ladder()
    nvt: Nvt = Nvt()
    isomers: Isomers = Isomers()
    analysis: Analysis = Analysis()

    @model_validator(mode="after")
    def _longer_somewhere(self) -> Self:
        for some in self.nvt.longer:
            if not any(some.min_K <= rung <= some.max_K for rung in self.ladder.rungs_K):
                raise ValueError(f"[nvt] longer: the ladder has no rung from {some.min_K:g} to {some.max_K:g} K")
        return self

    @property
    def isomer_steps(self) -> int:
        """Length of the isomers' own runs: the most whole rows of energies.dat that fit into it."""
        steps = int(self.isomers.duration_ps * 1000 / self.nvt.timestep_fs + 1e-6)
        return steps - steps % self.nvt.sample_every

    @property
    def melt_K(self) -> float:
        """Temperature of the melt that `start = "melted"` begins with."""
        return self.nvt.melt_K or round(1.25 * self.ladder.rungs_K[-1], 3)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of study.toml, for editors."""
    schema = Study.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "deckgen study"
    return schema
