"""The tables [data] and [curate] of gap.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from ase.data import chemical_symbols
from pydantic import BeforeValidator, Field, model_validator

from deckgen.toml import Table
from deckgen.training.recipe.folder import LABELLED, LABELS

__all__ = ["ENERGY_KEY", "FORCES_KEY", "Curate", "Data"]

ENERGY_KEY, FORCES_KEY = "REF_energy", "REF_forces"
"""Names of the labels in the files that deckgen writes."""


def _is_e0(value: Any) -> Any:
    named = isinstance(value, dict) and set(value) <= set(chemical_symbols[1:])
    energies = named and value and all(isinstance(energy, int | float) for energy in value.values())
    if value not in ("isolated", "average") and not energies:
        raise ValueError('must be "isolated", "average" or energies in eV such as {Na = -0.2372}')
    return value


class Data(Table):
    """The labelled frames: their files and the names of their labels."""

    files: Annotated[tuple[Path, ...], Field(min_length=1)] = (LABELS / LABELLED,)
    """Extended XYZ, vasprun.xml, OUTCAR (also as .gz), trajectories (.traj) and databases of ASE, folders of dpdata;
    relative to gap.toml's folder; patterns such as "md/*/OUTCAR" are expanded."""
    energy_key: Annotated[str, Field(min_length=1)] = ENERGY_KEY
    """Name of the free energy (eV) in extended XYZ; the other formats define it themselves."""
    forces_key: Annotated[str, Field(min_length=1)] = FORCES_KEY
    """Name of the forces (eV/A) in extended XYZ."""
    trajectory_key: Annotated[str, Field(min_length=1)] = "trajectory"
    """Name of the key that says which MD run a frame belongs to; frames without it belong to their file."""
    e0: Annotated[Literal["isolated", "average"] | dict[str, float], BeforeValidator(_is_e0)] = "isolated"
    """Energy per atom that the fit subtracts: that of the isolated atom in the data, the average energy per atom, or a
    value in eV for each element, which then also replaces the isolated atom of the data."""
    isolated_spin: str = ""
    """The spin state of the isolated atom, in words, such as "spin-polarised"."""


class Curate(Table):
    """Which of the labelled frames are fitted, and which are held out."""

    energy_window_eV: Annotated[float, Field(ge=0)] = 1e-3
    """Frames of the same structure that differ by no more than this in energy are duplicates; one is kept."""
    select: Annotated[int, Field(ge=0)] = 0
    """Number of frames to fit; 0: all. The others form the pool that `augment` draws from."""
    by: Literal["energy", "soap"] = "energy"
    """How they are selected: evenly spaced in energy, or by farthest-point sampling of the averaged SOAP vectors."""
    holdout_by: Literal["trajectory", "structure"] = "trajectory"
    """What is held out whole: trajectories, or groups of similar structures (by averaged SOAP vectors), for data whose
    frames do not say their trajectory."""
    holdout_trajectories: tuple[str, ...] = ()
    """Names of the trajectories to hold out."""
    holdout_fraction: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Alternatively, the approximate fraction of frames to hold out, as whole trajectories, or groups, drawn at random;
    default 0.1."""
    seed: Annotated[int, Field(ge=0)] = 1
    """Seed of that draw."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.holdout_trajectories and self.holdout_fraction is not None:
            raise ValueError("give either holdout_trajectories or holdout_fraction, not both")
        if self.holdout_trajectories and self.holdout_by == "structure":
            raise ValueError('holdout_by = "structure" holds no trajectories out: leave out holdout_trajectories')
        return self
