"""The tables [sample] and [augment] of gap.toml: where frames come from, and when enough of them are in the fit."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from deckgen.study.cluster import Element
from deckgen.toml import Kelvin, Positive, Table

__all__ = ["Augment", "Sample"]

MIN_STEPS = 100

Size = Annotated[int, Field(ge=2, le=10000)]
Count = Annotated[int, Field(ge=1)]


class Sample(Table):
    """Frames from nothing: molecular dynamics of clusters, scaled and rattled."""

    by: Literal["nvt", "reference", "vasp"] = "nvt"
    """Decks with a cheap potential; dynamics with the calculator of [reference]; or VASP folders to run elsewhere."""
    potential: str = "na-gupta"
    """by = "nvt": a built-in potential, or a GAP's xml, relative to the project's folder."""
    element: Element = "Na"
    """Chemical symbol."""
    sizes: Annotated[tuple[Size, ...], Field(min_length=1)] = (55,)
    """Numbers of atoms."""
    structure: Literal["icosahedron", "decahedron", "octahedron"] = "icosahedron"
    """The start structures."""
    temperatures_K: Annotated[tuple[Kelvin, ...], Field(min_length=3)] = tuple(50.0 + 35 * k for k in range(11))
    """A run of each size at each of them. The default is the paper's choice: 11 temperatures from 50 to 400 K."""
    timestep_fs: Annotated[float, Field(gt=0, le=20)] = 2.0
    """Time step."""
    equilibration_ps: Annotated[float, Field(ge=0)] = 2.0
    """What is left out at the start of each run."""
    duration_ps: Positive = 20.0
    """Length of each run after that."""
    frames: Count = 20
    """Frames of each run, equally spaced in time."""
    wall_A: Positive = 6.0
    """by = "nvt": a wall so far outside the start structure keeps hot clusters together."""
    scale: Annotated[tuple[Positive, ...], Field(min_length=1)] = (1.0,)
    """Factors that stretch or compress the frames: the first frame gets the first, and so on, over and over."""
    rattle_A: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Standard deviation of a random displacement of each coordinate, added to every frame."""
    dimers_A: tuple[Positive, ...] = ()
    """Distances of dimers to be added: what keeps a potential sane where no dynamics goes."""
    seed: Annotated[int, Field(ge=1, le=900_000_000)] = 1
    """Decides velocities and displacements."""

    @property
    def frame_every(self) -> int:
        """Steps from one frame to the next."""
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
        if any(b <= a for a, b in zip(self.temperatures_K, self.temperatures_K[1:], strict=False)):
            raise ValueError(f"temperatures_K = {list(self.temperatures_K)} must increase")
        if self.frame_every < 1 or self.n_steps < MIN_STEPS:
            raise ValueError(
                f"duration_ps = {self.duration_ps:g} has too few steps of {self.timestep_fs:g} fs for "
                f"frames = {self.frames}; a run has at least {MIN_STEPS} steps"
            )
        return self


class Augment(Table):
    """Rounds of adding the frames that the potential does worst, until it does well enough."""

    by: Literal["pool", "committee", "distance"] = "pool"
    """Where frames come from: the labelled ones that are not in the fit, largest force error first; or dynamics with
    the current potential as [sample] says, labelled by [reference], picked by the disagreement of a committee of
    potentials or by their distance from the fitted frames in descriptor space."""
    target_eV_A: Positive = 0.13
    """Enough: no force component of any frame is further off than this."""
    add_per_round: Count = 50
    """Frames added a round."""
    max_rounds: Count = 10
    """Rounds after the first fit."""
    patience: Count = 2
    """Rounds without a lower force error of the held-out frames before giving up."""
    spread: Count = 4
    """Of this many times add_per_round worst frames those are added that differ most from each other; 1: the worst."""
    per_trajectory: Count = 10
    """Frames of one trajectory a round, at most."""
    largest_force_eV_A: Positive = 5.0
    """by = "committee" or "distance": frames with a larger labelled force are left out: the dynamics went astray."""
    committee: Annotated[int, Field(ge=2, le=20)] = 4
    """by = "committee": potentials, each fitted to another random two thirds of the frames."""
