"""Two studies of one cluster, one curve over the other."""

from __future__ import annotations

from matplotlib.figure import Figure

from deckgen.analysis.comparison import Comparison
from deckgen.analysis.figures.heat_capacity import AXIS, draw_band
from deckgen.analysis.figures.style import COLOURS, heading, legend_below, literal, new_figure, styled
from deckgen.analysis.figures.tables import Table

__all__ = ["comparison_tables", "draw_comparison"]


def comparison_tables(comparison: Comparison) -> dict[str, Table]:
    """Return both curves on the temperatures that they share, and their difference."""
    columns = {
        "temperature_K": comparison.temperatures_K,
        "this_over_c0": comparison.this_over_c0,
        "other_over_c0": comparison.other_over_c0,
        "difference_over_ci95": comparison.difference_over_ci95,
    }
    return {"comparison": {name: values for name, values in columns.items() if values is not None}}


@styled
def draw_comparison(comparison: Comparison) -> Figure:
    """Draw both heat capacities with their bands and, below, their difference in units of the combined interval."""
    figure = new_figure(120, 112)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    draw_band(upper, comparison.this, COLOURS["blue"], literal(comparison.this_name))
    draw_band(upper, comparison.other, COLOURS["red"], literal(comparison.other_name))
    for study, colour in ((comparison.this, COLOURS["blue"]), (comparison.other, COLOURS["red"])):
        if study.melting is not None and not study.melting.at_edge:
            upper.axvline(study.melting.temperature_K, color=colour, lw=0.8, ls=":")
    upper.set(ylabel=AXIS, title=heading(comparison.this))
    legend_below(figure, upper)
    lower.axhspan(-1, 1, color=COLOURS["grey"], alpha=0.2, lw=0)
    if comparison.difference_over_ci95 is not None:
        lower.plot(comparison.temperatures_K, comparison.difference_over_ci95, color="black", lw=1)
    lower.set(xlabel="Temperature (K)", ylabel="Difference /\ncombined interval")
    return figure
