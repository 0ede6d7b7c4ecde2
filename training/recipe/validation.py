"""The table [validation] of gap.toml: what a fitted potential is checked on besides the labelled frames."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from deckgen.toml import Table

__all__ = ["Validation"]


class Validation(Table):
    """Checks of a fitted potential, besides its errors."""

    minima_trajectories: tuple[str, ...] = ()
    """Trajectories whose frames are minima: the potential must put them in the order of the labels' energies. A star
    stands for anything."""
    stretched_size: Annotated[int, Field(ge=2, le=1000)] = 13
    """Atoms of the cluster that is compressed and pulled apart."""
