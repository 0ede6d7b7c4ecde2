"""How well the temperatures hang together: the overlap matrix, and the samples behind each point of the curve."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from deckgen.analysis.figures.style import COLOURS, heading, legend_below, new_figure, styled
from deckgen.analysis.figures.tables import Table, curve_table, rungs_K, state_values
from deckgen.analysis.results import Thermodynamics

__all__ = ["draw_effective_samples", "draw_overlap", "effective_sample_tables", "overlap_tables"]

MOST_NUMBERS = 12
"""Rungs up to which the numbers fit into the squares."""


def overlap_tables(thermo: Thermodynamics) -> dict[str, Table]:
    """Return the matrix, one row per state."""
    rungs = rungs_K(thermo)
    columns = {f"overlap_with_{T:g}_K": thermo.overlap[:, k] for k, T in enumerate(rungs)}
    return {"overlap": {"temperature_K": rungs, **columns}}


@styled
def draw_overlap(thermo: Thermodynamics) -> Figure:
    """Draw MBAR's overlap matrix: the chance that a sample of a row's state could as well be a column's."""
    figure = new_figure(120, 108)
    axes = figure.add_subplot()
    rungs, matrix = rungs_K(thermo), thermo.overlap
    image = axes.imshow(matrix, cmap="Blues", vmin=0, vmax=max(0.5, float(matrix.max())))
    labels = [f"{T:g}" for T in rungs.round(1)]
    axes.set_xticks(range(len(rungs)), labels, rotation=90)
    axes.set_yticks(range(len(rungs)), labels)
    axes.tick_params(length=0)
    if len(rungs) <= MOST_NUMBERS:
        for i, j in np.argwhere(matrix >= 0.005):
            colour = "white" if matrix[i, j] > 0.3 else "black"
            axes.text(j, i, f"{matrix[i, j]:.2f}", ha="center", va="center", color=colour, fontsize=8)
    axes.set(xlabel="Temperature (K)", ylabel="Temperature (K)", title=heading(thermo))
    figure.colorbar(image, ax=axes, label="Overlap", shrink=0.85)
    return figure


def effective_sample_tables(thermo: Thermodynamics) -> dict[str, Table]:
    """Return Kish's number on the grid, and the independent samples of each rung."""
    points = {"temperature_K": rungs_K(thermo), "n_effective": state_values(thermo, "n_effective")}
    curve = curve_table(thermo, {"n_reweighting": thermo.n_reweighting})
    return {"effective_samples": curve, "effective_samples_points": points}


@styled
def draw_effective_samples(thermo: Thermodynamics) -> Figure:
    """Draw how many samples stand behind the curve at each temperature."""
    figure = new_figure(120, 108)
    axes = figure.add_subplot()
    independent = state_values(thermo, "n_effective")
    axes.plot(thermo.temperatures_K, thermo.n_reweighting, color=COLOURS["blue"], label="all temperatures, reweighted")
    axes.plot(rungs_K(thermo), independent, "o", color="black", mfc="white", label="own runs alone")
    axes.set(xlabel="Temperature (K)", ylabel="Effective number of samples", title=heading(thermo))
    axes.set_ylim(bottom=0)
    legend_below(figure, axes)
    return figure
