"""Figures of a list of isomers: their energies, and how often quenches lead to them."""

from __future__ import annotations

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from deckgen.analysis.figures.style import COLOURS, SUBSCRIPTS, legend_below, new_figure, styled
from deckgen.analysis.figures.tables import Table
from deckgen.analysis.isomers.results import Isomer, IsomerList

__all__ = [
    "draw_homotops",
    "draw_occupation",
    "draw_spectrum",
    "homotop_tables",
    "occupation_tables",
    "plot_energies",
    "spectrum_tables",
]

Array = NDArray[np.float64]

MOST_CURVES = 6
"""Isomers with a curve of their own; the others share one."""

LABELLED = 8
"""Lowest isomers whose point group, where they have some symmetry, is written beside their level."""

LINES = ("blue", "red", "green", "orange", "pink", "sky")


def spectrum_tables(isomers: IsomerList) -> dict[str, Table]:
    """Return rank, relative energy and count of every isomer."""
    columns = {
        "rank": [isomer.rank for isomer in isomers.isomers],
        "relative_eV": [isomer.relative_eV for isomer in isomers.isomers],
        "count": [isomer.count for isomer in isomers.isomers],
    }
    return {"isomer_spectrum": {name: np.array(values) for name, values in columns.items()}}


@styled
def draw_spectrum(isomers: IsomerList) -> Figure:
    """Draw the energy of each isomer above the lowest, coloured by how many quenches led there."""
    figure = new_figure()
    axes = figure.add_subplot()
    table = spectrum_tables(isomers)["isomer_spectrum"]
    ranks, levels, counts = table["rank"], table["relative_eV"], table["count"]
    visible = ListedColormap(colormaps["viridis_r"](np.linspace(0.15, 1.0, 256)))  # without the yellow, pale on white
    scale = ScalarMappable(LogNorm(1, max(10, int(counts.max()))), visible)
    axes.hlines(levels, ranks - 0.4, ranks + 0.4, colors=scale.to_rgba(counts).tolist(), lw=2.0)
    figure.colorbar(scale, ax=axes, label="Quenches", pad=0.02)
    for isomer in _labelled(isomers):
        axes.annotate(
            _symbol(isomer.point_group.name),
            (isomer.rank, isomer.relative_eV),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
        )
    axes.set(xlabel="Isomer", ylabel="Energy above the lowest (eV)", title=heading(isomers))
    axes.set_xlim(0, isomers.n_distinct + 1)
    axes.margins(y=0.1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def plot_energies(isomers: IsomerList, axes: Axes | None = None) -> Axes:
    """Draw the energy of each isomer above the lowest on axes, new ones by default, and return them."""
    if axes is None:
        from matplotlib import pyplot

        axes = pyplot.gca()
    table = spectrum_tables(isomers)["isomer_spectrum"]
    axes.hlines(table["relative_eV"], table["rank"] - 0.4, table["rank"] + 0.4, colors=COLOURS["blue"], lw=2.0)
    axes.set(xlabel="Isomer", ylabel="Energy above the lowest (eV)", title=heading(isomers))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return axes


def _labelled(isomers: IsomerList) -> list[Isomer]:
    """Return the lowest isomers that have a symmetry to show, less those whose labels would lie on each other."""
    labelled = list[Isomer]()
    for isomer in isomers.isomers[:LABELLED]:
        apart = isomer.rank - labelled[-1].rank if labelled else isomers.n_distinct
        if isomer.point_group.order > 1 and apart >= 0.05 * isomers.n_distinct:
            labelled.append(isomer)
    return labelled


def occupation_tables(isomers: IsomerList) -> dict[str, Table]:
    """Return the fraction of quenches that led to each of the most frequent isomers, and to all others, against T."""
    if not len(isomers.temperatures_K):
        return {}
    columns = {f"isomer_{isomer.rank}": isomers.occupation(isomer) for isomer in _most_frequent(isomers)}
    others = 1 - np.sum(list(columns.values()), axis=0)
    rest = {"others": others} if isomers.n_distinct > MOST_CURVES else {}
    return {"isomer_occupation": {"temperature_K": isomers.temperatures_K, **columns, **rest}}


@styled
def draw_occupation(isomers: IsomerList) -> Figure:
    """Draw which part of the quenches led to the most frequent isomers, against temperature."""
    figure = new_figure()
    axes = figure.add_subplot()
    table = occupation_tables(isomers)["isomer_occupation"]
    for isomer, colour in zip(_most_frequent(isomers), LINES, strict=False):
        label = f"{isomer.rank}: {isomer.point_group.name}, +{isomer.relative_eV:.3f} eV"
        values = table[f"isomer_{isomer.rank}"]
        axes.plot(isomers.temperatures_K, values, "o-", color=COLOURS[colour], label=label)
    if "others" in table:
        n_others = isomers.n_distinct - MOST_CURVES
        label = f"{n_others} other{'s' * (n_others > 1)}"
        axes.plot(isomers.temperatures_K, table["others"], "s--", color=COLOURS["grey"], label=label)
    axes.set(xlabel="Temperature (K)", ylabel="Fraction of quenches", title=heading(isomers))
    axes.set_ylim(-0.02, 1.02)
    legend_below(figure, axes)
    return figure


def homotop_tables(isomers: IsomerList) -> dict[str, Table]:
    """Return rank, geometry, number of unlike bonds and relative energy of every isomer; nothing of one element."""
    orders = [isomer.order for isomer in isomers.isomers]
    if None in orders:
        return {}
    columns = {
        "rank": [isomer.rank for isomer in isomers.isomers],
        "geometry": [isomer.geometry for isomer in isomers.isomers],
        "unlike_bonds": [order.unlike_bonds for order in orders if order],
        "relative_eV": [isomer.relative_eV for isomer in isomers.isomers],
    }
    return {"isomer_homotops": {name: np.array(values) for name, values in columns.items()}}


@styled
def draw_homotops(isomers: IsomerList) -> Figure:
    """Draw the energy of each isomer against its unlike bonds; the geometries with most homotops in colour."""
    figure = new_figure()
    axes = figure.add_subplot()
    table = homotop_tables(isomers)["isomer_homotops"]
    numbers, counts = np.unique(table["geometry"], return_counts=True)
    shared = numbers[counts > 1]
    largest = np.sort(shared[np.argsort(-counts[counts > 1], kind="stable")[: len(LINES)]])
    others = ~np.isin(table["geometry"], largest)
    for number, colour in zip(largest.tolist(), LINES, strict=False):
        chosen = table["geometry"] == number
        label = f"geometry {number}: {np.count_nonzero(chosen)} homotops"
        axes.plot(table["unlike_bonds"][chosen], table["relative_eV"][chosen], "o", color=COLOURS[colour], label=label)
    if others.any():
        label = f"other geometries: {np.count_nonzero(others)}"
        x, y = table["unlike_bonds"][others], table["relative_eV"][others]
        axes.plot(x, y, "x", color=COLOURS["grey"], ms=3, zorder=1, label=label)
    axes.set(xlabel="Bonds between unlike atoms", ylabel="Energy above the lowest (eV)", title=heading(isomers))
    axes.margins(0.08)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend_below(figure, axes)
    return figure


def heading(isomers: IsomerList) -> str:
    """Return what was quenched, for a title: the formula with subscripts, and how many isomers there are."""
    symbols = isomers.isomers[0].minimum.symbols
    formula = "".join(f"{name}{symbols.count(name)}" for name in sorted(set(symbols))).translate(SUBSCRIPTS)
    noun = "isomer" if isomers.n_distinct == 1 else "isomers"
    return f"{formula}, {isomers.n_distinct} {noun} from {isomers.n_quenched} quenches"


def _most_frequent(isomers: IsomerList) -> list[Isomer]:
    """Return the isomers with the largest occupation at any temperature, by energy."""
    peaks = [float(np.nan_to_num(isomers.occupation(isomer)).max()) for isomer in isomers.isomers]
    chosen = np.argsort(-np.array(peaks), kind="stable")[:MOST_CURVES]
    return [isomers.isomers[k] for k in sorted(chosen.tolist())]


def _symbol(name: str) -> str:
    """Return a point group's symbol with its subscript: C2v becomes C with 2v below."""
    return rf"${name[0]}_{{\mathrm{{{name[1:].replace('inf', '∞')}}}}}$"
