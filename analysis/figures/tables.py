"""The numbers of a figure as columns of equal length; a column's name carries its unit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.results import Thermodynamics

__all__ = ["Table", "curve_table", "rungs_K", "state_values"]

Array = NDArray[np.float64]
Table = Mapping[str, Array]


def state_values(thermo: Thermodynamics, name: str) -> Array:
    """Return one number of every state, (K,)."""
    return np.array([getattr(state, name) for state in thermo.states], dtype=float)


def rungs_K(thermo: Thermodynamics) -> Array:
    """Return the temperatures that were sampled, (K,)."""
    return state_values(thermo, "temperature_K")


def curve_table(thermo: Thermodynamics, columns: Mapping[str, Array | None]) -> Table:
    """Return the grid and the columns on it that are known."""
    known = {name: values for name, values in columns.items() if values is not None}
    return {"temperature_K": thermo.temperatures_K, **known}
