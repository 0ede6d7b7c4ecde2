"""All figures of a result, each with the tables of its numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.figure import Figure

from deckgen.analysis.figures.caloric import caloric_tables, draw_caloric
from deckgen.analysis.figures.checks import draw_estimators, draw_halves, estimator_tables, half_tables
from deckgen.analysis.figures.energies import draw_histograms, draw_traces, histogram_tables, trace_tables
from deckgen.analysis.figures.heat_capacity import draw_heat_capacity, heat_capacity_tables
from deckgen.analysis.figures.lindemann import draw_lindemann, lindemann_tables
from deckgen.analysis.figures.overlap import (
    draw_effective_samples,
    draw_overlap,
    effective_sample_tables,
    overlap_tables,
)
from deckgen.analysis.figures.tables import Table
from deckgen.analysis.results import Thermodynamics

__all__ = ["FIGURES", "FigureKind"]


@dataclass(frozen=True)
class FigureKind:
    """One kind of figure.

    `tables` returns what is drawn, by file name; nothing where the result has nothing to draw.
    """

    name: str
    tables: Callable[[Thermodynamics], dict[str, Table]]
    draw: Callable[[Thermodynamics], Figure]


FIGURES = (
    FigureKind("heat_capacity", heat_capacity_tables, draw_heat_capacity),
    FigureKind("caloric_curve", caloric_tables, draw_caloric),
    FigureKind("energy_histograms", histogram_tables, draw_histograms),
    FigureKind("overlap", overlap_tables, draw_overlap),
    FigureKind("effective_samples", effective_sample_tables, draw_effective_samples),
    FigureKind("lindemann", lindemann_tables, draw_lindemann),
    FigureKind("halves", half_tables, draw_halves),
    FigureKind("estimators", estimator_tables, draw_estimators),
    FigureKind("energy_traces", trace_tables, draw_traces),
)
