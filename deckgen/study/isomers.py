"""The table [isomers] of study.toml: where isomers are looked for, and how frames are quenched."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from deckgen.minimisers import MinimiserName
from deckgen.toml import Count, Kelvin, Positive, Table

__all__ = ["Isomers"]


class Isomers(Table):
    """Where `deckgen isomers` looks for isomers, and how frames are quenched."""

    source: Literal["own", "nvt", "files"] = "own"
    """Where the frames come from: runs made for this, the ladder's runs, or files."""
    files: tuple[Path, ...] = ()
    """source = "files": any files that ASE reads; relative to the study's folder."""
    temperatures_K: Annotated[tuple[Kelvin, ...], Field(min_length=1)] = (100.0, 140.0, 180.0, 220.0, 260.0, 300.0)
    """source = "own": temperatures of the runs. source = "nvt": the rungs that are used; by default all."""
    duration_ps: Positive = 400.0
    """source = "own": length of each run; where it is increased, existing runs are continued."""
    frame_every: Count = 100
    """source = "own": a frame to quench every N steps."""
    every: Count = 1
    """source = "nvt" or "files": every n-th frame is quenched."""
    minimizer: MinimiserName = "fire"
    """LAMMPS' minimiser."""
    loose_force_eV_A: Positive = 1e-3
    """Every frame is quenched until the largest force on an atom is below this."""
    max_force_eV_A: Positive = 1e-4
    """One quench of each group of equal ones is converged to this."""
    tighten: Count | None = None
    """The number of lowest groups that are converged tightly and become isomers; by default all."""
    max_steps: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    """A quench that has not converged after this many steps is kept aside."""
    hops: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Steps of basin hopping of each walker, after the frames; their minima count as quenches of no temperature."""
    hop_walkers: Annotated[int, Field(ge=1, le=10_000)] = 4
    """The number of walkers. They start at minima of the frames, spread evenly over these."""
    hop_temperature_K: Kelvin = 1000.0
    """A hop to a minimum that is higher by dE is accepted with the probability exp(-dE / kT)."""
    hop_step: Annotated[float, Field(gt=0, le=1)] = 0.35
    """Largest displacement of a coordinate in a hop, in distances between nearest neighbours."""
    off_saddles: bool = True
    """Whether the lowest curvature of each isomer is computed, and the isomer pushed off where it is a saddle."""
    frequencies: Annotated[int, Field(ge=0)] = 20
    """The number of lowest isomers whose harmonic frequencies are computed, for the superposition approximation."""
    energy_window_eV: Positive = 0.01
    """Width of the energy windows of the paper's thinning by energy alone, which is reported beside the isomers."""
    reflection: bool = True
    """Whether mirror images count as one isomer."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.max_force_eV_A > self.loose_force_eV_A:
            raise ValueError(
                f"max_force_eV_A = {self.max_force_eV_A:g} is above loose_force_eV_A = {self.loose_force_eV_A:g}"
            )
        if len({round(rung, 3) for rung in self.temperatures_K}) < len(self.temperatures_K):
            raise ValueError(f"temperatures_K = {list(self.temperatures_K)}: each one once")
        if self.files and "source" in self.model_fields_set and self.source != "files":
            raise ValueError('files is a key of source = "files"')
        return self
