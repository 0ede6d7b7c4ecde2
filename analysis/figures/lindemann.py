"""The Lindemann index."""

from __future__ import annotations

from itertools import cycle

import numpy as np
from matplotlib.figure import Figure

from deckgen.analysis.figures.style import COLOURS, heading, legend_below, new_figure, styled
from deckgen.analysis.figures.tables import Table
from deckgen.analysis.results import Thermodynamics

__all__ = ["draw_lindemann", "lindemann_tables"]

CRITERION = (0.10, 0.15)
"""Where the index of a solid that melts is usually said to rise through."""

PAIR_COLOURS = ("orange", "green", "pink", "sky", "black")


def lindemann_tables(thermo: Thermodynamics) -> dict[str, Table]:
    """Return the index of each rung that has frames; nothing without frames."""
    if thermo.lindemann is None:
        return {}
    curve = {"temperature_K": thermo.lindemann.temperatures_K, "delta": thermo.lindemann.delta}
    curve |= {f"delta_{pair}": values for pair, values in thermo.lindemann.pairs.items()}
    return {"lindemann": {name: np.array(values) for name, values in curve.items()}}


@styled
def draw_lindemann(thermo: Thermodynamics) -> Figure:
    """Draw the Lindemann index against temperature."""
    assert thermo.lindemann is not None
    figure = new_figure()
    axes = figure.add_subplot()
    axes.axhspan(*CRITERION, color=COLOURS["grey"], alpha=0.2, lw=0, label="usual criterion, 0.10 to 0.15")
    label = "all pairs of atoms" if thermo.lindemann.pairs else None
    axes.plot(thermo.lindemann.temperatures_K, thermo.lindemann.delta, "o-", color=COLOURS["blue"], label=label)
    for (pair, delta), colour in zip(thermo.lindemann.pairs.items(), cycle(PAIR_COLOURS)):
        axes.plot(thermo.lindemann.temperatures_K, delta, "s--", ms=3, lw=0.9, color=COLOURS[colour], label=pair)
    if thermo.melting is not None and not thermo.melting.at_edge:
        axes.axvline(thermo.melting.temperature_K, color=COLOURS["red"], lw=0.9, label="peak of the heat capacity")
    axes.set(xlabel="Temperature (K)", ylabel="Lindemann index δ", title=heading(thermo))
    axes.set_ylim(bottom=0)
    legend_below(figure, axes)
    return figure
