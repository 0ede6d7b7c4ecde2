"""Rates of melting and of freezing, which are equal where the cluster melts."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.special import chdtri

from deckgen.analysis.figures.style import COLOURS, heading, legend_below, new_figure, styled
from deckgen.analysis.figures.tables import Table
from deckgen.analysis.results import Thermodynamics

__all__ = ["draw_jumps", "jump_tables"]

Array = NDArray[np.float64]

PER_NS = 1000.0
KINDS = (("melting", "melts", "solid_ps", "red", "o"), ("freezing", "freezings", "liquid_ps", "blue", "s"))


def jump_tables(thermo: Thermodynamics) -> dict[str, Table]:
    """Return the rates of each rung by its own jumps, with 95 % intervals, and those of the fit; none without jumps."""
    if thermo.jumps is None:
        return {}
    rungs = thermo.jumps.rungs
    columns = {"temperature_K": np.array([rung.temperature_K for rung in rungs])}
    for name, jumps, time, _, _ in KINDS:
        counts = np.array([getattr(rung, jumps) for rung in rungs], dtype=float)
        times_ns = np.array([getattr(rung, time) for rung in rungs]) / PER_NS
        fitted = [getattr(rung, f"{name}_per_ps") for rung in rungs]
        columns |= {f"{name}s": counts, f"{name}_time_ns": times_ns}
        for end, rates in zip(("own", "low", "high"), _rates(counts, times_ns), strict=True):
            columns[f"{name}_{end}_per_ns"] = rates
        columns[f"{name}_fit_per_ns"] = np.array([np.nan if rate is None else rate * PER_NS for rate in fitted])
    return {"jumps": columns}


def _rates(counts: Array, times_ns: Array) -> tuple[Array, Array, Array]:
    """Return counts per time and their exact 95 % intervals, NaN where no time was spent.

    F. Garwood, Biometrika 28, 437 (1936).
    """
    times = np.where(times_ns > 0, times_ns, np.nan)
    low = np.where(counts > 0, chdtri(2 * np.maximum(counts, 1), 0.975), 0) / 2
    high = chdtri(2 * (counts + 1), 0.025) / 2
    return counts / times, low / times, high / times


@styled
def draw_jumps(thermo: Thermodynamics) -> Figure:
    """Draw the rates of each rung, those of the fit, and the peak by the jumps beside that of MBAR."""
    figure = new_figure(120, 108)
    axes = figure.add_subplot()
    table = jump_tables(thermo)["jumps"]
    T = table["temperature_K"]
    for k, (name, _, _, colour, marker) in enumerate(KINDS):
        own, low, high = (table[f"{name}_{end}_per_ns"] for end in ("own", "low", "high"))
        seen, shifted = own > 0, T + (2 * k - 1) * 0.003 * T.mean()
        bars = np.array([own - low, high - own])[:, seen]
        axes.errorbar(
            shifted[seen], own[seen], bars, fmt=marker, color=COLOURS[colour], mfc="white", lw=0.8, label=name
        )
        never = ~seen & np.isfinite(high)
        axes.plot(shifted[never], high[never], "v", color=COLOURS[colour], ms=4)
        axes.plot(T, table[f"{name}_fit_per_ns"], color=COLOURS[colour], lw=0.9)
    _mark(axes, thermo)
    axes.set(xlabel="Temperature (K)", ylabel="Jumps per ns", title=heading(thermo), yscale="log")
    legend_below(figure, axes)
    return figure


def _mark(axes: Axes, thermo: Thermodynamics) -> None:
    """Mark the peak by the jumps and that of MBAR, with their intervals."""
    jumps, peak = thermo.jumps, thermo.melting
    limits = axes.get_xlim()
    if jumps is not None and jumps.peak_K is not None:
        low, high = (limits[k] if end is None else end for k, end in enumerate(jumps.peak_ci95_K))
        axes.axvspan(low, high, color=COLOURS["green"], alpha=0.2, lw=0)
        axes.axvline(jumps.peak_K, color=COLOURS["green"], lw=0.9, label=f"peak by the jumps, {jumps.peak_K:.1f} K")
    if peak is not None and not peak.at_edge:
        interval = thermo.melting_ci95.temperature_K
        if interval is not None:
            axes.axvspan(*interval, color=COLOURS["orange"], alpha=0.2, lw=0)
        axes.axvline(
            peak.temperature_K, color=COLOURS["orange"], lw=0.9, ls="--", label=f"MBAR, {peak.temperature_K:.1f} K"
        )
    axes.set_xlim(limits)
