"""The table [validation] of gap.toml."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from deckgen.toml import Table

__all__ = ["Validation"]


class Validation(Table):
    """Checks of a fitted potential in addition to its errors."""

    minima_trajectories: tuple[str, ...] = ()
    """Trajectories whose frames are minima; the order of their energies is compared with that of the labels. `*`
    matches anything."""
    stretched_size: Annotated[int, Field(ge=2, le=1000)] = 13
    """Number of atoms of the cluster that is compressed and pulled apart."""
