"""What the report draws from the tables of a figure, with values at the pointer: panels, series, axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from deckgen.analysis.figures.tables import Table

__all__ = [
    "Chart",
    "Panel",
    "Series",
    "caloric_chart",
    "effective_sample_chart",
    "estimator_chart",
    "half_chart",
    "heat_capacity_chart",
    "histogram_chart",
    "lindemann_chart",
    "occupation_chart",
]

Tables = Mapping[str, Table]
Colour = Literal["black", "orange", "sky", "green", "blue", "red", "pink", "grey"]

LINES: tuple[Colour, ...] = ("blue", "red", "green", "orange", "pink", "sky")


@dataclass(frozen=True)
class Series:
    """One line, or some points, of a chart.

    Parameters
    ----------
    label
        What it is; series of one label are shown and hidden together.
    table, x, y
        The table and its columns.
    kind
        `line`, `points` or `both`.
    low, high
        Columns of its band or error bars.
    loose
        Whether the axis need not hold it.
    warmth
        From 0 to 1: how warm it is among series of many temperatures, as its colour shows in the place of `colour`.
    """

    label: str
    table: str
    y: str
    kind: Literal["line", "points", "both"] = "line"
    colour: Colour = "blue"
    dash: Literal["-", "--", ":", "-."] = "-"
    low: str | None = None
    high: str | None = None
    x: str = "temperature_K"
    loose: bool = False
    warmth: float | None = None


@dataclass(frozen=True)
class Panel:
    """Series over one vertical axis; `zero`: the axis begins at zero; `shades`: intervals of it that are marked."""

    label: str
    series: tuple[Series, ...]
    height: float = 1.0
    zero: bool = False
    shades: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Chart:
    """Panels over one horizontal axis.

    Parameters
    ----------
    alt
        What is to be seen, in a sentence for who does not see it.
    panels
        From top to bottom.
    label, unit
        Of the horizontal axis.
    melting
        Whether the melting temperature is marked.
    """

    alt: str
    panels: tuple[Panel, ...]
    label: str = "Temperature (K)"
    unit: str = " K"
    melting: bool = True


HEAT_CAPACITY = Series(
    "MBAR, 95 % band",
    "heat_capacity",
    "heat_capacity_over_c0",
    low="ci95_low_over_c0",
    high="ci95_high_over_c0",
)


def heat_capacity_chart(tables: Tables) -> Chart:
    """Return the heat capacity by MBAR, by fluctuations with their standard errors, and by other ways."""
    table, points = "heat_capacity", "heat_capacity_points"
    series = (
        HEAT_CAPACITY,
        Series("multiple histogram", table, "multiple_histogram_over_c0", colour="orange", dash="--"),
        Series(
            "fluctuations of each run",
            points,
            "fluctuation_over_c0",
            "points",
            "black",
            low="fluctuation_low_over_c0",
            high="fluctuation_high_over_c0",
        ),
        Series(
            "harmonic superposition of the isomers",
            table,
            "superposition_over_c0",
            colour="green",
            dash=":",
            loose=True,
        ),
    )
    values = tables[table]["heat_capacity_over_c0"]
    top = int(np.nanargmax(values))
    where = float(tables[table]["temperature_K"][top])
    alt = f"The heat capacity over temperature; it is highest, {values[top]:.2f} C₀, at {where:.0f} K."
    return Chart(alt, (Panel("Cᵥ / C₀", series),))


def caloric_chart(tables: Tables) -> Chart:
    """Return the caloric curve and, below, each run's deviation from it in standard errors."""
    curve = (
        Series("MBAR", "caloric_curve", "potential_energy_eV"),
        Series("mean of each run", "caloric_curve_points", "mean_U_eV", "points", "black"),
    )
    residual = Series("run minus MBAR", "caloric_curve_points", "residual_over_error", "points", "black")
    energies = tables["caloric_curve"]["potential_energy_eV"]
    alt = f"The mean potential energy rises from {energies[0]:.2f} to {energies[-1]:.2f} eV over the ladder."
    return Chart(
        alt,
        (Panel("Energy (eV)", curve), Panel("run − MBAR (σ)", (residual,), height=0.4, shades=((-2.0, 2.0),))),
    )


def lindemann_chart(tables: Tables) -> Chart:
    """Return the Lindemann index, of all pairs of atoms and of each pair of elements."""
    table = tables["lindemann"]
    pairs = [name for name in table if name.startswith("delta_")]
    series = [Series("all pairs of atoms", "lindemann", "delta", "both")]
    series += [
        Series(name.removeprefix("delta_"), "lindemann", name, "both", LINES[1 + k % (len(LINES) - 1)], "--")
        for k, name in enumerate(pairs)
    ]
    delta = table["delta"]
    alt = f"The Lindemann index goes from {delta[0]:.2f} at the lowest temperature to {delta[-1]:.2f} at the highest."
    return Chart(alt, (Panel("Lindemann index δ", tuple(series), zero=True, shades=((0.10, 0.15),)),))


def effective_sample_chart(tables: Tables) -> Chart:
    """Return the effective number of samples behind the curve and of each run alone."""
    series = (
        Series("all temperatures, reweighted", "effective_samples", "n_reweighting"),
        Series("own runs alone", "effective_samples_points", "n_effective", "points", "black"),
    )
    fewest = float(np.nanmin(tables["effective_samples"]["n_reweighting"]))
    alt = f"At least {fewest:.0f} effective samples stand behind the curve at any temperature."
    return Chart(alt, (Panel("Effective samples", series, zero=True),))


def histogram_chart(tables: Tables) -> Chart:
    """Return the distribution of the potential energy at each temperature."""
    names = [name for name in tables["energy_histograms"] if name.startswith("density_at_")]
    series = tuple(
        Series(
            name.removeprefix("density_at_").removesuffix("_per_eV").replace("_", " "),
            "energy_histograms",
            name,
            x="potential_energy_eV",
            warmth=k / max(len(names) - 1, 1),
        )
        for k, name in enumerate(names)
    )
    alt = f"The distributions of the potential energy at {len(names)} temperatures, each with one hump or two."
    panel = Panel("Density (1/eV)", series, zero=True)
    return Chart(alt, (panel,), "Potential energy (eV)", " eV", melting=False)


def half_chart(tables: Tables) -> Chart:
    """Return the halves of the runs over the band."""
    apart = tables["halves"]["first_half_over_c0"] - tables["halves"]["second_half_over_c0"]
    alt = f"The heat capacities of the two halves of the runs are {np.nanmax(np.abs(apart)):.2f} C₀ apart at most."
    series = (
        HEAT_CAPACITY,
        Series("first half of each run", "halves", "first_half_over_c0", colour="orange", dash="--"),
        Series("second half of each run", "halves", "second_half_over_c0", colour="green", dash="-."),
    )
    return Chart(alt, (Panel("Cᵥ / C₀", series),))


def estimator_chart(tables: Tables) -> Chart:
    """Return the slope of the means and both treatments of the rotation."""
    table = "estimators"
    series = (
        Series("slope of ⟨U⟩ between temperatures", table, "dU_dT_over_c0", colour="orange", dash="--"),
        Series("canonical rotation", table, "canonical_rotation_over_c0"),
        Series("sampled rotation", table, "sampled_rotation_over_c0", colour="green", dash="-."),
    )
    shown = tuple(one for one in series if one.y in tables[table])
    return Chart("The heat capacity by other ways to the same curve.", (Panel("Cᵥ / C₀", shown),))


def occupation_chart(tables: Tables) -> Chart:
    """Return which part of the quenches led to each isomer and, where it is known, the heat capacity below."""
    names = [name for name in tables["isomer_occupation"] if name.startswith("isomer_")]
    series = [
        Series(name.replace("_", " "), "isomer_occupation", name, "both", LINES[k % len(LINES)])
        for k, name in enumerate(names)
    ]
    if "others" in tables["isomer_occupation"]:
        series.append(Series("all others", "isomer_occupation", "others", "both", "grey", "--"))
    panels = [Panel("Fraction of quenches", tuple(series), zero=True)]
    if "heat_capacity" in tables:
        panels.append(Panel("Cᵥ / C₀", (HEAT_CAPACITY,), height=0.6))
    return Chart("The part of the quenches that led to each of the most frequent isomers.", tuple(panels))
