"""The headline curve against other ways to the same: halves of the runs, the slope of the means, the rotation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from deckgen.analysis.figures.heat_capacity import AXIS, draw_band
from deckgen.analysis.figures.style import COLOURS, heading, legend_below, new_figure, styled
from deckgen.analysis.figures.tables import Table, curve_table
from deckgen.analysis.results import Thermodynamics

__all__ = ["draw_estimators", "draw_halves", "estimator_tables", "half_tables"]

Array = NDArray[np.float64]


def half_tables(thermo: Thermodynamics) -> dict[str, Table]:
    """Return the curves of the first and the second half of every run; nothing where runs are too short."""
    halves = {"first_half_over_c0": thermo.estimators.first_half, "second_half_over_c0": thermo.estimators.second_half}
    return {} if thermo.estimators.first_half is None else {"halves": curve_table(thermo, halves)}


@styled
def draw_halves(thermo: Thermodynamics) -> Figure:
    """Draw the first half of every run against the second."""
    return _against_band(
        thermo,
        [
            (thermo.estimators.first_half, "--", COLOURS["orange"], "first half of each run"),
            (thermo.estimators.second_half, "-.", COLOURS["green"], "second half of each run"),
        ],
    )


def estimator_tables(thermo: Thermodynamics) -> dict[str, Table]:
    """Return the slope of the means, and MBAR with and without the rotational weights."""
    other = thermo.estimators
    columns = {
        "dU_dT_over_c0": other.dU_dT,
        "canonical_rotation_over_c0": other.canonical,
        "sampled_rotation_over_c0": other.sampled,
    }
    return {"estimators": curve_table(thermo, columns)}


@styled
def draw_estimators(thermo: Thermodynamics) -> Figure:
    """Draw the slope of the mean energies, and the curve with the other treatment of the rotation."""
    other = thermo.estimators
    weighted = thermo.rotation == "canonical"
    rotation = other.sampled if weighted else other.canonical
    words = "sampled" if weighted else "canonical"
    return _against_band(
        thermo,
        [
            (other.dU_dT, "--", COLOURS["orange"], "slope of ⟨U⟩ between temperatures"),
            (rotation, "-.", COLOURS["green"], f"{words} rotation"),
        ],
    )


def _against_band(thermo: Thermodynamics, curves: Sequence[tuple[Array | None, str, str, str]]) -> Figure:
    figure = new_figure()
    axes = figure.add_subplot()
    draw_band(axes, thermo, COLOURS["blue"], f"MBAR, {thermo.rotation} rotation")
    for values, line, colour, label in curves:
        if values is not None:
            axes.plot(thermo.temperatures_K, values, line, color=colour, label=label)
    axes.set(xlabel="Temperature (K)", ylabel=AXIS, title=heading(thermo))
    axes.margins(x=0.02)
    # the slope between two temperatures can be any number: it must not flatten the rest
    axes.set_ylim(*np.clip(axes.get_ylim(), 0, 1.5 * thermo.heat_capacity_over_c0.max()))
    legend_below(figure, axes)
    return figure
