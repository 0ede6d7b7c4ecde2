"""Potential energies: their histograms at all temperatures, and their traces."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from deckgen.analysis.figures.style import COLOURS, heading, new_figure, styled, temperature_colours
from deckgen.analysis.figures.tables import Table, rungs_K
from deckgen.analysis.results import Thermodynamics
from deckgen.analysis.states import EnergyTrace

__all__ = ["draw_histograms", "draw_traces", "histogram_tables", "trace_tables"]

Array = NDArray[np.float64]

PANELS_A_ROW = 4
PANEL_MM = 32.0

RUNNING = 50
"""Running means are over this part of a run."""


def histogram_tables(thermo: Thermodynamics) -> dict[str, Table]:
    """Return the bins' centres and each rung's probability density."""
    centres, density = _densities(thermo)
    columns = {f"density_at_{T:g}_K_per_eV": values for T, values in zip(rungs_K(thermo), density, strict=True)}
    return {"energy_histograms": {"potential_energy_eV": centres, **columns}}


def _densities(thermo: Thermodynamics) -> tuple[Array, Array]:
    """Return the bins' centres (B,) and densities (K, B) in 1/eV; a bin is half as wide as the narrowest histogram."""
    edges, counts = thermo.histograms.edges_eV, thermo.histograms.counts
    narrowest = min(state.std_U_eV for state in thermo.states)
    together = max(1, int(narrowest / 2 / (edges[1] - edges[0])))
    firsts = np.arange(0, counts.shape[1], together)
    edges, counts = np.append(edges[firsts], edges[-1]), np.add.reduceat(counts, firsts, axis=1)
    return (edges[1:] + edges[:-1]) / 2, counts / counts.sum(axis=1, keepdims=True) / np.diff(edges)


@styled
def draw_histograms(thermo: Thermodynamics) -> Figure:
    """Draw the distribution of the potential energy at each temperature."""
    figure = new_figure(170, 90)
    axes = figure.add_subplot()
    centres, density = _densities(thermo)
    colours = temperature_colours(figure, axes, rungs_K(thermo))
    for values, colour in zip(density, colours, strict=True):
        axes.fill_between(centres, values, color=colour, alpha=0.15, lw=0)
        axes.plot(centres, values, color=colour, lw=0.9)
    axes.set(xlabel="Potential energy (eV)", ylabel="Probability density (1/eV)", title=heading(thermo))
    axes.set_xlim(centres[0], centres[-1])
    axes.set_ylim(bottom=0)
    return figure


def trace_tables(thermo: Thermodynamics) -> dict[str, Table]:
    """Return time and potential energy of each run, one below the other; likewise of its quenches, if there are any."""
    traces = thermo.traces
    sampled = _columns(traces, [one.time_ps for one in traces], [one.potential_energy_eV for one in traces])
    quenched = _columns(traces, [one.quench_time_ps for one in traces], [one.quench_energy_eV for one in traces])
    return {"energy_traces": sampled} | ({"energy_traces_quenched": quenched} if len(quenched["time_ps"]) else {})


def _columns(traces: Sequence[EnergyTrace], times_ps: Sequence[Array], energies_eV: Sequence[Array]) -> Table:
    """Return a table with a row per time of each trace."""
    lengths = [len(times) for times in times_ps]
    return {
        "temperature_K": np.repeat([trace.temperature_K for trace in traces], lengths),
        "replica": np.repeat([float(trace.replica) for trace in traces], lengths),
        "time_ps": np.concatenate(times_ps),
        "potential_energy_eV": np.concatenate(energies_eV),
    }


@styled
def draw_traces(thermo: Thermodynamics) -> Figure:
    """Draw the potential energy against time, one panel per temperature, with what was left out as equilibration."""
    rungs = [list(runs) for _, runs in groupby(thermo.traces, key=lambda trace: trace.temperature_K)]
    n_rows = -(-len(rungs) // PANELS_A_ROW)
    figure = new_figure(170, 16 + PANEL_MM * n_rows)
    for k, runs in enumerate(rungs):
        axes = figure.add_subplot(n_rows, PANELS_A_ROW, k + 1)
        for trace, colour in zip(runs, _cycle(len(runs)), strict=True):
            _draw_trace(axes, trace, colour, thermo.n_atoms)
        axes.axvspan(0, max(trace.equilibration_ps for trace in runs), color=COLOURS["grey"], alpha=0.25, lw=0)
        axes.set_title(f"{runs[0].temperature_K:g} K", fontsize=8, pad=2)
        axes.locator_params(nbins=3)
        axes.set_xlim(0, max(trace.time_ps[-1] for trace in runs))
        axes.set_ylim(bottom=_floor(runs) / thermo.n_atoms)
    figure.suptitle(heading(thermo), fontsize=9)
    figure.supxlabel("Time (ps); grey: left out as equilibration", fontsize=9)
    figure.supylabel("Potential energy (eV/atom)", fontsize=9)
    return figure


def _draw_trace(axes: Axes, trace: EnergyTrace, colour: str, n_atoms: int) -> None:
    """Draw one run. All of a panel's are pixels, and so one image, however many runs there are."""
    axes.plot(trace.time_ps, trace.potential_energy_eV / n_atoms, color=colour, lw=0.5, rasterized=True)
    axes.plot(*_running_mean(trace, n_atoms), color="black", lw=0.9, rasterized=True)
    if len(trace.quench_time_ps):
        quenches = trace.quench_energy_eV / n_atoms
        axes.plot(trace.quench_time_ps, quenches, ".", color=colour, ms=2.5, mew=0, rasterized=True)


def _running_mean(trace: EnergyTrace, n_atoms: int) -> tuple[Array, Array]:
    """Return times and running means per atom over a fiftieth of a run's points."""
    n = max(len(trace.time_ps) // RUNNING, 1)
    weights = np.full(n, 1 / n)
    times, energies = (np.convolve(values, weights, "valid") for values in (trace.time_ps, trace.potential_energy_eV))
    return times, energies / n_atoms


def _floor(runs: Sequence[EnergyTrace]) -> float:
    """Return where to cut the axis: the first picoseconds, from the bottom of a minimum, are not worth its room."""
    energies = np.concatenate([trace.potential_energy_eV for trace in runs])
    quenches = np.concatenate([trace.quench_energy_eV for trace in runs])
    low = float(min(np.percentile(energies, 1), quenches.min(initial=np.inf)))
    return low - 0.15 * (float(energies.max()) - low)


def _cycle(n: int) -> list[str]:
    colours = [COLOURS[name] for name in ("blue", "red", "green", "orange", "pink", "sky")]
    return [colours[i % len(colours)] for i in range(n)]
