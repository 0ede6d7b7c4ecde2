"""The Study: what `study.toml` says. All tables have defaults but [cluster]; keys carry their unit."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from deckgen.study.cluster import Cluster
from deckgen.study.exchange import Exchange
from deckgen.study.folder import STUDY_FILE
from deckgen.study.goal import Goal
from deckgen.study.isomers import Isomers
from deckgen.study.ladder import Ladder
from deckgen.study.nvt import MIN_ROWS, Nvt
from deckgen.study.potential import PotentialChoice
from deckgen.thermostats import THERMOSTATS
from deckgen.toml import Document, Table

__all__ = ["Analysis", "Cluster", "PotentialChoice", "Study", "json_schema"]

MOST_DECKS = 10_000
MOST_POINTS = 100_000


class About(Table):
    """A title and notes; they do not affect what is computed."""

    name: str = ""
    """Title of the report; by default made of the cluster and the potential."""
    notes: str = ""
    """Printed in the report."""


class Analysis(Table):
    """How the samples are analysed."""

    grid_K: Annotated[float, Field(ge=0.01, le=10)] = 1.0
    """Spacing of the temperature grid."""
    bootstraps: Annotated[int, Field(ge=20, le=10000)] = 200
    """Number of resamples of the whole analysis, for the intervals."""
    rotation: Literal["canonical", "sampled"] = "canonical"
    """Which heat capacity is the headline: of a canonically rotating cluster, or of the sampled ensemble."""


class Study(Document):
    """A study: a cluster, a potential, a temperature ladder, and how they are run and analysed."""

    FILE = STUDY_FILE
    MADE_BY = "deckgen init DIR"

    study: About = About()
    cluster: Cluster
    potential: PotentialChoice = PotentialChoice()
    ladder: Ladder = Ladder()
    nvt: Nvt = Nvt()
    exchange: Exchange = Exchange()
    goal: Goal = Goal()
    isomers: Isomers = Isomers()
    analysis: Analysis = Analysis()

    @model_validator(mode="after")
    def _fits_the_ladder(self) -> Self:
        rungs = self.ladder.rungs_K
        if (n_decks := len(rungs) * self.nvt.replicas) > MOST_DECKS:
            raise ValueError(f"[ladder] and [nvt] replicas make {n_decks} runs; at most {MOST_DECKS} are possible")
        if (n_points := (rungs[-1] - rungs[0]) / self.analysis.grid_K) > MOST_POINTS:
            raise ValueError(
                f"[analysis] grid_K = {self.analysis.grid_K:g} makes {n_points:.3g} points of a ladder from "
                f"{rungs[0]:g} to {rungs[-1]:g} K; at most {MOST_POINTS} are possible"
            )
        if self.nvt.melt_K is not None and self.nvt.melt_K <= rungs[0]:
            raise ValueError(f"[nvt] melt_K = {self.nvt.melt_K:g} is not above the lowest rung, {rungs[0]:g} K")
        return self

    @model_validator(mode="after")
    def _forces_of_the_potential_alone(self) -> Self:
        if self.exchange.every is not None and THERMOSTATS[self.nvt.thermostat].random_forces:
            able = [name for name, record in THERMOSTATS.items() if not record.random_forces]
            raise ValueError(
                f'[exchange] with [nvt] thermostat = "{self.nvt.thermostat}": its random forces would travel with the '
                f"configurations; use {' or '.join(able)}"
            )
        return self

    @model_validator(mode="after")
    def _decided_by_the_goal(self) -> Self:
        """Refuse what a goal decides by itself, and a pilot that is too short to tell anything."""
        if self.goal.melting_K is None:
            return self
        if given := sorted(self.nvt.model_fields_set & {"duration_ps", "longer", "replicas"}):
            raise ValueError(f"[goal] decides how long and how often each rung runs: leave [nvt] {given[0]} out")
        if self.nvt.start != "alternate" and "start" in self.nvt.model_fields_set:
            raise ValueError(f'[goal] needs runs from both phases: leave [nvt] start = "{self.nvt.start}" out')
        if self.exchange.every is not None:
            raise ValueError(
                "[goal] runs each rung for as long as it needs, [exchange] all alike: leave one of them out"
            )
        if self.pilot_steps < MIN_ROWS * self.nvt.sample_every:
            raise ValueError(
                f"[goal] pilot_ps = {self.goal.pilot_ps:g} leaves fewer than {MIN_ROWS} samples of a run, of one every "
                f"{self.nvt.sample_every} steps"
            )
        return self

    @model_validator(mode="after")
    def _frames_to_quench(self) -> Self:
        own = "isomers" in self.model_fields_set and self.isomers.source == "own"
        if own and self.isomer_steps < self.isomers.frame_every:
            raise ValueError(
                f"[isomers] frame_every = {self.isomers.frame_every} leaves no frame of the {self.isomer_steps} steps "
                f"of duration_ps = {self.isomers.duration_ps:g}"
            )
        return self

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
    def pilot_steps(self) -> int:
        """Length of the runs that a goal begins with: whole rows of energies.dat."""
        steps = round(self.goal.pilot_ps * 1000 / self.nvt.timestep_fs)
        return steps - steps % self.nvt.sample_every

    @property
    def melt_K(self) -> float:
        """Temperature of the melt that runs begin with, those of them that do."""
        return self.nvt.melt_K or round(1.25 * self.ladder.rungs_K[-1], 3)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of study.toml, for editors."""
    schema = Study.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "deckgen study"
    return schema
