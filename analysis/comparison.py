"""Two studies of one cluster, run apart: where they agree within their intervals, the sampling forgot its start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.results import Interval, Thermodynamics
from deckgen.errors import InputError
from deckgen.findings import Finding

__all__ = ["TOLERANCE", "Comparison", "compare_studies"]

Array = NDArray[np.float64]

TOLERANCE = 1.5
"""Curves that differ by more combined intervals than this disagree: for normal errors, three standard deviations."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two heat capacity curves where their ladders overlap.

    Parameters
    ----------
    this, other
        The two results.
    this_name, other_name
        What to call them.
    temperatures_K : (G,)
        Temperatures of this study's grid that the other's ladder covers as well.
    this_over_c0, other_over_c0 : (G,)
        C_v/C_0 of both.
    difference_over_ci95 : (G,) or None
        Their difference, this minus other, in units of the combined half width of the two 95 % intervals; None where
        one of them has none.
    """

    this: Thermodynamics
    other: Thermodynamics
    this_name: str
    other_name: str
    temperatures_K: Array
    this_over_c0: Array
    other_over_c0: Array
    difference_over_ci95: Array | None

    @property
    def largest(self) -> tuple[float, float] | None:
        """The largest difference, in units of the combined interval, and its temperature."""
        if self.difference_over_ci95 is None:
            return None
        at = int(np.argmax(np.abs(self.difference_over_ci95)))
        return float(self.difference_over_ci95[at]), float(self.temperatures_K[at])

    @property
    def tm_difference_K(self) -> float | None:
        """Difference of the two melting temperatures; None unless both studies have a peak inside their ladders."""
        peaks = (self.this.melting, self.other.melting)
        if peaks[0] is None or peaks[1] is None or peaks[0].at_edge or peaks[1].at_edge:
            return None
        return peaks[0].temperature_K - peaks[1].temperature_K

    @property
    def tm_combined_ci95_K(self) -> float | None:
        """Combined half width of the intervals of the two melting temperatures."""
        intervals = (self.this.melting_ci95.temperature_K, self.other.melting_ci95.temperature_K)
        if intervals[0] is None or intervals[1] is None:
            return None
        return float(np.hypot(_half(intervals[0]), _half(intervals[1])))

    def findings(self) -> list[Finding]:
        """Return a warning where the two disagree."""
        if self.largest is None or abs(self.largest[0]) <= TOLERANCE:
            return []
        ratio, T = self.largest
        message = (
            f"T = {T:.1f} K: the heat capacities of {self.this_name} and {self.other_name} differ by "
            f"{abs(ratio):.1f} combined intervals; at least one of them has not sampled enough: make both runs longer"
        )
        return [Finding("not_ergodic", message, T)]

    def to_json(self) -> dict[str, Any]:
        """Return what results/thermodynamics.json says under `comparison`."""
        largest = self.largest
        return {
            "this": self.this_name,
            "other": self.other_name,
            "temperatures_K": self.temperatures_K.tolist(),
            "other_over_c0": self.other_over_c0.tolist(),
            "difference_over_ci95": None if self.difference_over_ci95 is None else self.difference_over_ci95.tolist(),
            "largest_difference_over_ci95": None if largest is None else largest[0],
            "largest_difference_at_K": None if largest is None else largest[1],
            "other_tm_K": None if self.other.melting is None else self.other.melting.temperature_K,
            "other_tm_ci95_K": _listed(self.other.melting_ci95.temperature_K),
            "tm_difference_K": self.tm_difference_K,
            "tm_combined_ci95_K": self.tm_combined_ci95_K,
        }


def compare_studies(this: Thermodynamics, other: Thermodynamics, *, this_name: str, other_name: str) -> Comparison:
    """Compare the heat capacities of two studies of one cluster.

    Raises
    ------
    InputError
        If they are not of one cluster and one potential, or their ladders do not overlap.
    """
    for key in ("formula", "n_atoms", "potential_sha256"):
        mine, theirs = getattr(this, key), getattr(other, key)
        if mine and theirs and mine != theirs:
            raise InputError(f"{this_name} and {other_name} cannot be compared: their {key} are {mine} and {theirs}")
    grid = this.temperatures_K
    shared = (grid >= other.temperatures_K[0] - 1e-9) & (grid <= other.temperatures_K[-1] + 1e-9)
    if not shared.any():
        raise InputError(f"{this_name} and {other_name} cannot be compared: their ladders do not overlap")
    mine, theirs = this.heat_capacity_over_c0[shared], np.interp(grid[shared], *_curve(other))
    widths = [_half_widths(result, grid[shared]) for result in (this, other)]
    ratio = None
    if widths[0] is not None and widths[1] is not None:
        ratio = (mine - theirs) / np.maximum(np.hypot(widths[0], widths[1]), np.finfo(float).tiny)
    return Comparison(this, other, this_name, other_name, grid[shared], mine, theirs, ratio)


def _curve(result: Thermodynamics) -> tuple[Array, Array]:
    return result.temperatures_K, result.heat_capacity_over_c0


def _half_widths(result: Thermodynamics, grid_K: Array) -> Array | None:
    band = result.heat_capacity_ci95
    return None if band is None else np.interp(grid_K, result.temperatures_K, (band[:, 1] - band[:, 0]) / 2)


def _half(interval: Interval) -> float:
    return (interval[1] - interval[0]) / 2


def _listed(interval: Interval | None) -> list[float] | None:
    return None if interval is None else list(interval)
