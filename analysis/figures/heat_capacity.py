"""The heat capacity curve with its band, and the melting temperature."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from deckgen.analysis.figures.style import COLOURS, heading, legend_below, new_figure, styled
from deckgen.analysis.figures.tables import Table, curve_table, rungs_K
from deckgen.analysis.results import Thermodynamics

__all__ = ["AXIS", "draw_band", "draw_heat_capacity", "heat_capacity_tables", "melting_label", "plot_heat_capacity"]

AXIS = r"$C_v$ / $C_0$"


def heat_capacity_tables(thermo: Thermodynamics) -> dict[str, Table]:
    """Return the curve with its band on the grid, and the direct fluctuations on the rungs."""
    low, high = (None, None) if thermo.heat_capacity_ci95 is None else thermo.heat_capacity_ci95.T
    columns = {
        "heat_capacity_over_c0": thermo.heat_capacity_over_c0,
        "ci95_low_over_c0": low,
        "ci95_high_over_c0": high,
        "multiple_histogram_over_c0": thermo.estimators.multiple_histogram,
        "superposition_over_c0": thermo.superposition,
    }
    own, error = thermo.estimators.fluctuation, thermo.estimators.fluctuation_error
    points = {"temperature_K": rungs_K(thermo), "fluctuation_over_c0": own}
    if error is not None:
        points |= {"fluctuation_low_over_c0": own - error, "fluctuation_high_over_c0": own + error}
    return {"heat_capacity": curve_table(thermo, columns), "heat_capacity_points": points}


@styled
def draw_heat_capacity(thermo: Thermodynamics) -> Figure:
    """Draw C_v/C_0 by MBAR, by direct fluctuations and by other methods, with the melting temperature."""
    figure = new_figure()
    axes = figure.add_subplot()
    grid = thermo.temperatures_K
    draw_band(axes, thermo, COLOURS["blue"], "MBAR")
    if thermo.estimators.multiple_histogram is not None:
        axes.plot(grid, thermo.estimators.multiple_histogram, "--", color=COLOURS["orange"], label="multiple histogram")
    axes.errorbar(
        rungs_K(thermo),
        thermo.estimators.fluctuation,
        thermo.estimators.fluctuation_error,
        fmt="o",
        lw=0.8,
        color="black",
        mfc="white",
        label="fluctuations of each run",
    )
    if thermo.superposition is not None:
        top = axes.get_ylim()
        axes.plot(
            grid, thermo.superposition, ":", color=COLOURS["green"], label="harmonic superposition of the isomers"
        )
        axes.set_ylim(top)  # beyond the lowest temperatures it may run away
    _mark_melting(axes, thermo)
    axes.set(xlabel="Temperature (K)", ylabel=AXIS, title=heading(thermo))
    axes.margins(x=0.02, y=0.08)
    legend_below(figure, axes)
    return figure


def plot_heat_capacity(thermo: Thermodynamics, axes: Axes | None = None) -> Axes:
    """Draw the headline curve and the melting temperature on axes, new ones by default, and return them."""
    if axes is None:
        from matplotlib import pyplot

        axes = pyplot.gca()
    draw_band(axes, thermo, COLOURS["blue"], "MBAR")
    _mark_melting(axes, thermo)
    axes.set(xlabel="Temperature (K)", ylabel=AXIS, title=heading(thermo))
    axes.legend()
    return axes


def draw_band(axes: Axes, thermo: Thermodynamics, colour: str, label: str) -> None:
    """Draw the headline curve and its 95 % band."""
    grid, band = thermo.temperatures_K, thermo.heat_capacity_ci95
    if band is not None:
        axes.fill_between(grid, band[:, 0], band[:, 1], color=colour, alpha=0.22, lw=0)
        label += ", 95 % band"
    axes.plot(grid, thermo.heat_capacity_over_c0, color=colour, label=label)


def melting_label(temperature_K: float, ci95_K: tuple[float, float] | None) -> str:
    """Return what the legend says of the line at the melting temperature."""
    interval = "" if ci95_K is None else f" ({ci95_K[0]:.1f} to {ci95_K[1]:.1f} K)"
    return f"melting at {temperature_K:.1f} K{interval}"


def _mark_melting(axes: Axes, thermo: Thermodynamics) -> None:
    peak, interval = thermo.melting, thermo.melting_ci95.temperature_K
    if peak is None:
        return
    words = melting_label(peak.temperature_K, interval)
    if peak.at_edge:
        words = f"highest at the end of the ladder, {peak.temperature_K:g} K"
    elif interval is not None:
        axes.axvspan(*interval, color=COLOURS["red"], alpha=0.2, lw=0)
    axes.axvline(peak.temperature_K, color=COLOURS["red"], lw=0.9, label=words)
