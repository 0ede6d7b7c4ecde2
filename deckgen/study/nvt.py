"""The table [nvt] of study.toml: the dynamics at each temperature."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from deckgen.thermostats import ThermostatName
from deckgen.toml import Count, Kelvin, Positive, Table

__all__ = ["MIN_ROWS", "Nvt", "alternate"]

MIN_ROWS = 100


def alternate(rung: int, replica: int) -> bool:
    """Return whether a run is one of every second that begins with the melt, by rung and by replica."""
    return (rung + replica) % 2 == 0


class Longer(Table):
    """Longer runs at some of the rungs."""

    min_K: Kelvin
    """Lowest of these rungs."""
    max_K: Kelvin
    """Highest of these rungs."""
    duration_ps: Positive
    """Length of each run there."""


class Nvt(Table):
    """The dynamics at one temperature. The defaults are the paper's protocol."""

    thermostat: ThermostatName = "nose-hoover"
    """Nose-Hoover chains, stochastic velocity rescaling, or Langevin."""
    damping_fs: Positive = 200.0
    """The thermostat's time constant."""
    timestep_fs: Annotated[float, Field(ge=0.001, le=20)] = 2.0
    """Time step."""
    duration_ps: Positive = 400.0
    """Length of each run; where it is increased, existing runs are continued."""
    longer: tuple[Longer, ...] = ()
    """Longer runs at some rungs, such as those of a phase transition; where several apply, the longest counts."""
    sample_every: Count = 10
    """A row of energies.dat every N steps."""
    frame_every: Count = 1000
    """A frame of frames.extxyz every N steps."""
    restart_every: Count = 10000
    """A restart file every N steps: at most this much is lost when a run is killed, twice as much in a power cut."""
    seed: Annotated[int, Field(ge=1, le=900_000_000)] = 1
    """The seed of each run is derived from it."""
    replicas: Annotated[int, Field(ge=1, le=1000)] = 1
    """Independent runs at each temperature."""
    start: Literal["minimum", "melted", "alternate"] = "minimum"
    """Start from the relaxed structure, or from its melt: where both give the same results, the sampling is ergodic.
    "alternate": every second run from the melt, by rung and by replica."""
    melt_K: Kelvin | None = None
    """Temperature at which a run from the melt melts first; by default 1.25 times the highest rung."""
    melt_ps: Positive = 20.0
    """How long it melts: 20 ps are enough for metals, not for clusters of heavy, weakly bound atoms such as argon's."""
    swap_every: Count | None = None
    """Of several elements: every N steps, an attempt to swap two unlike atoms of each pair of elements; by default none
    are swapped, and the chemical order changes by diffusion alone."""

    def begins_melted(self, rung: int, replica: int) -> bool:
        """Return whether a run begins with the melt; rungs are counted from 0, replicas from 1.

        start = "alternate": the lowest rung's first run is solid, and neighbours in either direction differ.
        """
        return self.start == "melted" or (self.start == "alternate" and alternate(rung, replica))

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
        if self.melt_K is not None and self.start == "minimum":
            raise ValueError('melt_K is a key of start = "melted" and start = "alternate"')
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
