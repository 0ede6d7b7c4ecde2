"""What the page's script draws: a figure's chart with the numbers of its tables, and the melting temperature."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from deckgen.analysis.figures.charts import Chart, Panel, Series
from deckgen.analysis.figures.gallery import FigureKind
from deckgen.analysis.figures.heat_capacity import melting_label
from deckgen.analysis.figures.tables import Table
from deckgen.study.folder import ResultsFolder
from deckgen.workflows.analyse.read import MeltingEntry

__all__ = ["chart_data"]

WARMTH = ("blue", "green", "orange", "red")
"""Colours from cold to hot."""
HELP = "Point at the figure to read values; drag over a part to enlarge it, double-click for the whole."


def chart_data(kind: FigureKind[Any], results: ResultsFolder, melting: MeltingEntry | None) -> dict[str, Any] | None:
    """Return what charts.js.j2 draws of a figure; None where it is shown as it is, or its tables are not there."""
    if kind.chart is None:
        return None
    names = {path.stem for path in results.path.glob(f"{kind.name}*.csv")} | {"heat_capacity"}
    tables = {name: _read(results.path / f"{name}.csv") for name in names if (results.path / f"{name}.csv").is_file()}
    try:
        chart = kind.chart(tables)
    except KeyError:  # of an earlier version, with other columns
        return None
    panels = [panel for panel in (_panel(panel, tables) for panel in chart.panels) if panel["series"]]
    if not panels:
        return None
    return {
        "alt": chart.alt,
        "help": HELP,
        "label": chart.label,
        "unit": chart.unit,
        "panels": panels,
        "marks": _marks(chart, melting),
    }


def _read(path: Path) -> Table:
    with path.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    return {name: np.array([float(row[k] or "nan") for row in rows]) for k, name in enumerate(head)}


def _panel(panel: Panel, tables: Mapping[str, Table]) -> dict[str, Any]:
    there = [one for one in panel.series if one.table in tables and one.y in tables[one.table]]
    return {
        "label": panel.label,
        "height": panel.height,
        "zero": panel.zero,
        "shades": panel.shades,
        "series": [_series(one, tables[one.table]) for one in there],
    }


def _series(series: Series, table: Table) -> dict[str, Any]:
    banded = series.low in table and series.high in table
    return {
        "label": series.label,
        "kind": series.kind,
        "colour": series.colour,
        "tint": "" if series.warmth is None else _tint(series.warmth),
        "dash": series.dash,
        "loose": series.loose,
        "x": _numbers(table[series.x]),
        "y": _numbers(table[series.y]),
        "low": _numbers(table[series.low or ""]) if banded else None,
        "high": _numbers(table[series.high or ""]) if banded else None,
    }


def _tint(warmth: float) -> str:
    """Return a colour between those of `WARMTH`, in words of CSS: they have two values, for light and dark pages."""
    place = warmth * (len(WARMTH) - 1)
    first = min(int(place), len(WARMTH) - 2)
    share = round(100 * (place - first))
    return f"color-mix(in oklab, var(--{WARMTH[first + 1]}) {share}%, var(--{WARMTH[first]}))"


def _numbers(values: np.ndarray[Any, np.dtype[np.float64]]) -> list[float | None]:
    return [float(f"{value:.6g}") if math.isfinite(value) else None for value in values]


def _marks(chart: Chart, melting: MeltingEntry | None) -> list[dict[str, str | float | None]]:
    if not chart.melting or melting is None or melting.at_edge:
        return []
    low, high = melting.ci95_K or (None, None)
    label = melting_label(melting.temperature_K, melting.ci95_K)
    return [{"label": label, "x": melting.temperature_K, "low": low, "high": high}]
