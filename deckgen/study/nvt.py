"""How a study samples: the dynamics at each temperature, and the quenches that isomers come from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from deckgen.study.ladder import Kelvin
from deckgen.toml import Positive, Table

__all__ = ["Isomers", "Nvt"]

MIN_ROWS = 100

Every = Annotated[int, Field(ge=1)]


class Longer(Table):
    """Longer runs at some of the rungs."""

    min_K: Kelvin
    """Lowest of these rungs."""
    max_K: Kelvin
    """Highest of these rungs."""
    duration_ps: Positive
    """Length of each run there."""


class Nvt(Table):
    """The dynamics at one temperature. The defaults are the paper's protocol; the `*_every` keys are in steps."""

    thermostat: Literal["nose-hoover", "csvr", "langevin"] = "nose-hoover"
    """Nose-Hoover chains, stochastic velocity rescaling, or Langevin."""
    damping_fs: Positive = 200.0
    """The thermostat's time constant."""
    timestep_fs: Annotated[float, Field(gt=0, le=20)] = 2.0
    """Time step."""
    duration_ps: Positive = 400.0
    """Length of each run; a longer one continues what is there."""
    longer: tuple[Longer, ...] = ()
    """Rungs that need more, as those of a phase transition do; the longest that applies counts."""
    sample_every: Every = 10
    """A row of energies.dat each so many steps."""
    frame_every: Every = 1000
    """A frame of frames.extxyz each so many steps."""
    restart_every: Every = 10000
    """A restart file each so many steps: at most this much is lost when a run is killed."""
    seed: Annotated[int, Field(ge=1, le=900_000_000)] = 1
    """Every run's own seed is derived from it."""
    replicas: Annotated[int, Field(ge=1, le=1000)] = 1
    """Independent runs at each temperature."""
    start: Literal["minimum", "melted"] = "minimum"
    """From the relaxed start structure, or from it molten: where both agree, the sampling is ergodic."""
    melt_K: Kelvin | None = None
    """start = "melted": where it is melted (20 ps); by default at 1.25 times the highest rung."""

    def n_steps_at(self, temperature_K: float) -> int:
        """Length of the runs of a rung, in steps."""
        longer = [some.duration_ps for some in self.longer if some.min_K <= temperature_K <= some.max_K]
        return round(max([self.duration_ps, *longer]) * 1000 / self.timestep_fs)

    @model_validator(mode="after")
    def _check(self) -> Self:
        for duration_ps in (self.duration_ps, *(some.duration_ps for some in self.longer)):
            self._check_length(duration_ps)
        for some in self.longer:
            if some.duration_ps <= self.duration_ps:
                raise ValueError(f"longer: duration_ps = {some.duration_ps:g} is not above {self.duration_ps:g}")
        if self.damping_fs < 10 * self.timestep_fs:
            raise ValueError(f"damping_fs = {self.damping_fs:g} must be at least ten times timestep_fs")
        if self.melt_K is not None and self.start != "melted":
            raise ValueError('melt_K is a key of start = "melted"')
        return self

    def _check_length(self, duration_ps: float) -> None:
        exact = duration_ps * 1000 / self.timestep_fs
        n_steps, lengths = round(exact), f"duration_ps = {duration_ps:g} and timestep_fs = {self.timestep_fs:g}"
        if abs(exact - n_steps) > 1e-6 * exact:
            raise ValueError(f"{lengths}: the run must be a whole number of steps, not {exact:g}")
        if n_steps % self.sample_every:
            raise ValueError(f"sample_every = {self.sample_every} must divide the run's {n_steps} steps ({lengths})")
        if n_steps // self.sample_every < MIN_ROWS:
            raise ValueError(
                f"sample_every = {self.sample_every} leaves {n_steps // self.sample_every} samples of a run "
                f"({lengths}); at least {MIN_ROWS} are needed"
            )


class Isomers(Table):
    """Where isomers are looked for, and how quenches are told apart: `deckgen isomers`."""

    source: Literal["own", "nvt", "files"] = "own"
    """The frames of runs of their own, of the ladder's runs, or of files."""
    files: tuple[Path, ...] = ()
    """source = "files": any that ASE reads; relative to the study's folder."""
    temperatures_K: Annotated[tuple[Kelvin, ...], Field(min_length=1)] = (100.0, 140.0, 180.0, 220.0, 260.0, 300.0)
    """source = "own": of the runs. source = "nvt": of the rungs that are taken; by default all."""
    duration_ps: Positive = 400.0
    """source = "own": length of each run; a longer one continues what is there."""
    frame_every: Every = 100
    """source = "own": a frame to quench each so many steps."""
    every: Annotated[int, Field(ge=1)] = 1
    """source = "nvt" or "files": each so many-th frame is quenched."""
    minimizer: Literal["fire", "cg"] = "fire"
    """LAMMPS' minimiser."""
    loose_force_eV_A: Positive = 1e-3
    """Every frame is quenched until the largest force on an atom is below this."""
    max_force_eV_A: Positive = 1e-4
    """One quench of each group goes on to this."""
    max_steps: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    """A quench that is not there after so many steps is kept aside."""
    off_saddles: bool = True
    """Whether each isomer is shown to be a minimum by its lowest curvature, and pushed on where it is a saddle."""
    frequencies: Annotated[int, Field(ge=0)] = 20
    """Of so many of the lowest isomers the harmonic frequencies are computed, for the superposition approximation."""
    energy_window_eV: Positive = 0.01
    """Width of the energy windows of the paper's thinning."""
    reflection: bool = True
    """Whether mirror images are one isomer."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.max_force_eV_A > self.loose_force_eV_A:
            raise ValueError(
                f"max_force_eV_A = {self.max_force_eV_A:g} is above loose_force_eV_A = {self.loose_force_eV_A:g}"
            )
        if self.files and "source" in self.model_fields_set and self.source != "files":
            raise ValueError('files is a key of source = "files"')
        return self
