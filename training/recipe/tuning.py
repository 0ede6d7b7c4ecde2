"""The table [tune] of gap.toml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from deckgen.toml import Count, Table

__all__ = ["Tune"]


class Tune(Table):
    """Hyperparameters of the native fit to compare (`deckgen train tune`)."""

    by: Literal["forces", "energies", "likelihood"] = "forces"
    """What is best: the smallest error of forces or energies on trajectories that are left out, or the largest marginal
    likelihood of all labels."""
    folds: Annotated[int, Field(ge=2, le=100)] = 3
    """Into how many parts the trajectories are dealt; each is left out once."""
    sizes: tuple[Count, ...] = ()
    """Numbers of atoms whose errors count; empty: all."""
    values: dict[str, tuple[Annotated[float, Field(ge=0, le=1e9)], ...]] = Field(default_factory=dict)
    """Values to try of keys of [fit], such as "soap.delta_eV" = [0.5, 2.0], one key after the other: the best one is
    kept for the next key."""
