"""What gap.toml says about the labelled data: its tables [data] and [curate]."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from ase.data import chemical_symbols
from pydantic import BeforeValidator, Field, model_validator

from deckgen.toml import Table

__all__ = ["Curate", "Data"]


def _is_e0(value: Any) -> Any:
    named = isinstance(value, dict) and set(value) <= set(chemical_symbols[1:])
    energies = named and value and all(isinstance(energy, int | float) for energy in value.values())
    if value not in ("isolated", "average") and not energies:
        raise ValueError('must be "isolated", "average" or energies in eV such as {Na = -0.2372}')
    return value


class Data(Table):
    """The labelled frames: where they are, and what their labels are called."""

    files: Annotated[tuple[Path, ...], Field(min_length=1)] = (Path("labels/labelled.extxyz"),)
    """Extended XYZ, vasprun.xml, OUTCAR or ASE databases; relative to gap.toml's folder; "md/*/OUTCAR" is a pattern."""
    energy_key: Annotated[str, Field(min_length=1)] = "REF_energy"
    """Extended XYZ: name of the free energy in eV. The other formats say themselves which energy that is."""
    forces_key: Annotated[str, Field(min_length=1)] = "REF_forces"
    """Extended XYZ: name of the forces in eV/A."""
    trajectory_key: Annotated[str, Field(min_length=1)] = "trajectory"
    """Name of the MD run that a frame belongs to; a frame without it belongs to its file."""
    e0: Annotated[Literal["isolated", "average"] | dict[str, float], BeforeValidator(_is_e0)] = "isolated"
    """Energy of an atom: that of the isolated atom in the data, the average energy per atom, or values in eV, which are
    then those of the isolated atoms in the fit as well."""
    isolated_spin: str = ""
    """Words: the spin state of the isolated atom, such as "spin-polarised"."""


class Curate(Table):
    """Which of the labelled frames are used, and which are held out."""

    energy_window_eV: Annotated[float, Field(ge=0)] = 1e-3
    """Of frames of one size that lie closer in energy than this, one is kept."""
    select: Annotated[int, Field(ge=0)] = 0
    """How many frames to train on; 0: all."""
    by: Literal["energy", "soap"] = "energy"
    """Selected uniformly over the energy, or farthest from each other in the space of averaged SOAP vectors."""
    holdout_trajectories: tuple[str, ...] = ()
    """Trajectories held out."""
    holdout_fraction: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Or: about this fraction of the frames, as whole trajectories drawn by chance; by default 0.1."""
    seed: Annotated[int, Field(ge=0)] = 1
    """Of that draw."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.holdout_trajectories and self.holdout_fraction is not None:
            raise ValueError("give either holdout_trajectories or holdout_fraction, not both")
        return self
