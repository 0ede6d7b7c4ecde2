"""The tables [sample] and [augment] of gap.toml."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from deckgen.study.cluster import Element
from deckgen.toml import Count, Kelvin, Positive, Table

__all__ = ["Augment", "Sample"]

MIN_STEPS = 100

Size = Annotated[int, Field(ge=2, le=10000)]
Factor = Annotated[float, Field(ge=0.1, le=10)]
Distance = Annotated[float, Field(gt=0, le=1000)]


class Sample(Table):
    """Unlabelled frames from molecular dynamics of clusters, scaled and rattled."""

    by: Literal["nvt", "reference", "vasp"] = "nvt"
    """What drives the dynamics: a cheap potential in LAMMPS, the calculator of [reference], or VASP, for which only the
    folders are written."""
    potential: str = "na-gupta"
    """by = "nvt": a built-in potential, or the xml of a GAP, relative to gap.toml's folder."""
    element: Element = "Na"
    """Chemical symbol."""
    sizes: Annotated[tuple[Size, ...], Field(min_length=1)] = (55,)
    """Cluster sizes: numbers of atoms."""
    structure: Literal["icosahedron", "decahedron", "octahedron"] = "icosahedron"
    """Structure at the start of each run."""
    temperatures_K: Annotated[tuple[Kelvin, ...], Field(min_length=3)] = tuple(50.0 + 35 * k for k in range(11))
    """One run per size and temperature. The default is the published choice: 11 temperatures from 50 to 400 K."""
    timestep_fs: Annotated[float, Field(ge=0.001, le=20)] = 2.0
    """Time step."""
    equilibration_ps: Annotated[float, Field(ge=0, le=1e9)] = 2.0
    """Time at the start of each run from which no frames are taken."""
    duration_ps: Positive = 20.0
    """Length of each run after the equilibration."""
    frames: Count = 20
    """Frames taken from each run, equally spaced in time."""
    wall_A: Distance = 6.0
    """by = "nvt": distance from the outermost atom of the start structure to a spherical wall, which keeps hot clusters
    together."""
    scale: Annotated[tuple[Factor, ...], Field(min_length=1)] = (1.0,)
    """Factors by which frames are stretched or compressed, applied to successive frames in turn."""
    rattle_A: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Standard deviation of a random displacement of every coordinate."""
    dimers_A: tuple[Distance, ...] = ()
    """Distances of additional dimers, which keep the potential physical where the dynamics does not go."""
    seed: Annotated[int, Field(ge=1, le=900_000_000)] = 1
    """Seed of the velocities and displacements."""

    @property
    def frame_every(self) -> int:
        """Steps between frames."""
        return round(self.duration_ps * 1000 / self.timestep_fs) // self.frames

    @property
    def n_steps(self) -> int:
        """Length of a run in steps, its equilibration included; a whole number of `frame_every`."""
        left_out = math.ceil(self.equilibration_ps * 1000 / (self.timestep_fs * self.frame_every))
        return (left_out + self.frames) * self.frame_every

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(set(self.sizes)) < len(self.sizes):
            raise ValueError(f"sizes = {list(self.sizes)}: each one once")
        if any(b < a + 0.001 for a, b in zip(self.temperatures_K, self.temperatures_K[1:], strict=False)):
            raise ValueError(f"temperatures_K = {list(self.temperatures_K)} must increase, by 0.001 K or more")
        if self.frame_every < 1 or self.n_steps < MIN_STEPS:
            raise ValueError(
                f"duration_ps = {self.duration_ps:g} has too few steps of {self.timestep_fs:g} fs for "
                f"frames = {self.frames}; a run has at least {MIN_STEPS} steps"
            )
        return self


class Augment(Table):
    """Rounds of adding the frames that the potential describes worst, until it is good enough."""

    by: Literal["pool", "committee", "variance", "distance"] = "pool"
    """Where new frames come from. "pool": labelled frames outside the fit, largest force errors first. "committee",
    "variance", "distance": dynamics with the current potential as in [sample], picked by the disagreement of a
    committee of potentials, by the predictive variance of the fit ([fit] engine = "native"; no further fits), or by
    their distance from the fitted frames in descriptor space, and labelled as in [reference]."""
    target_eV_A: Positive = 0.13
    """The rounds end when no force component of any labelled frame is off by this much."""
    add_per_round: Count = 50
    """Frames added per round."""
    max_rounds: Count = 10
    """Maximum number of rounds after the first fit."""
    patience: Count = 2
    """The rounds end after this many in a row that do not lower the force error of the held-out frames."""
    spread: Count = 4
    """Of the `spread * add_per_round` worst frames, those that differ most from each other are added; 1: simply the
    worst."""
    per_trajectory: Count = 10
    """Maximum number of frames from one trajectory per round."""
    largest_force_eV_A: Positive = 5.0
    """Where new frames are labelled: frames with a larger labelled force component are left out, because the dynamics
    has left the physical region."""
    committee: Annotated[int, Field(ge=2, le=20)] = 4
    """by = "committee": number of potentials, each fitted to a different random two thirds of the frames."""
