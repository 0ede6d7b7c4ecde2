"""The common look of the figures: print sizes, fonts, colours that a colour-blind reader can distinguish."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from deckgen.analysis.results import Thermodynamics

__all__ = ["COLOURS", "heading", "legend_below", "literal", "new_figure", "save", "styled", "temperature_colours"]

P = ParamSpec("P")

COLOURS: Mapping[str, str] = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "green": "#009E73",
    "blue": "#0072B2",
    "red": "#D55E00",
    "pink": "#CC79A7",
    "grey": "#7A7A7A",
}
"""Okabe and Ito's palette (Color Universal Design, 2008)."""

STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Helvetica", "Arial"],
    "font.size": 8.0,
    "axes.titlesize": 9.0,
    "axes.labelsize": 9.0,
    "legend.fontsize": 8.0,
    "legend.frameon": False,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.0,
    "figure.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "deckgen",
    "pdf.fonttype": 42,  # TrueType, as journals ask for
}

PNG_DPI = 200

SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw in the common style, whatever the caller's own settings of matplotlib are."""

    @wraps(draw)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with rc_context(STYLE):
            return draw(*args, **kwargs)

    return wrapped


def new_figure(width_mm: float = 120.0, height_mm: float = 84.0) -> Figure:
    """Return an empty figure of a size in print."""
    return Figure(figsize=(width_mm / 25.4, height_mm / 25.4), layout="constrained")


def heading(thermo: Thermodynamics) -> str:
    """Return what was sampled, for a title: the formula with subscripts, and the potential."""
    formula = thermo.formula.translate(SUBSCRIPTS) or f"{thermo.n_atoms} atoms"
    return f"{formula}, {literal(thermo.potential_name)}" if thermo.potential_name else formula


def literal(name: str) -> str:
    """Return a name so that matplotlib shows it as it is: a dollar sign begins no formula."""
    return name.replace("$", r"\$")


def legend_below(figure: Figure, axes: Axes) -> None:
    """Put the legend under the axes, where it hides no curve."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)


def temperature_colours(figure: Figure, axes: Axes, temperatures_K: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one colour (K, 4) a temperature and add their scale to the axes."""
    scale = ScalarMappable(Normalize(temperatures_K.min(), temperatures_K.max()), colormaps["viridis"])
    figure.colorbar(scale, ax=axes, label="Temperature (K)", pad=0.02)
    return np.asarray(scale.to_rgba(temperatures_K))


def save(figure: Figure, stem: Path, *, pdf: bool = False) -> None:
    """Write a figure as `<stem>.svg`, `<stem>.png` and, if asked, `<stem>.pdf`: the same bytes for the same figure."""
    with rc_context(STYLE):
        figure.savefig(stem.with_name(stem.name + ".svg"), metadata={"Date": None}, dpi=PNG_DPI)
        if pdf:
            figure.savefig(stem.with_name(stem.name + ".pdf"), metadata={"CreationDate": None}, dpi=PNG_DPI)
        figure.set_layout_engine("none")  # it is laid out by now
        figure.savefig(stem.with_name(stem.name + ".png"), dpi=PNG_DPI)
