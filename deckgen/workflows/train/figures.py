"""Figures of a potential: parity plots, errors against energy, energies where there are no labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from deckgen.analysis.figures.style import COLOURS, legend_below, literal, new_figure, styled
from deckgen.training.dataset import Dataset
from deckgen.training.predict import Prediction
from deckgen.training.validation.errors import ErrorTable, binding_eV, frame_errors
from deckgen.training.validation.model import ModelReport
from deckgen.training.validation.scans import Scan

__all__ = ["SET_NAMES", "draw_errors", "draw_parity", "draw_scans", "plot_force_parity"]

Array = NDArray[np.float64]

SET_COLOURS = {"train": COLOURS["sky"], "holdout": COLOURS["red"]}
SET_NAMES = {"train": "fitted", "holdout": "held out"}


@styled
def draw_parity(report: ModelReport, sets: Mapping[str, Dataset], e0: Mapping[str, float]) -> Figure:
    """Draw predictions against labels: binding energies per atom, and force components."""
    figure = new_figure(170, 88)
    energy, force = figure.subplots(1, 2)
    for name, predictions in report.predictions.items():
        labels, predicted = _per_atom(sets[name], e0), _per_atom(sets[name], e0, predictions)
        energy.plot(labels, predicted, ms=5, **_look(name))
    energy.set(xlabel="Binding energy, label (eV/atom)", ylabel="Binding energy, potential (eV/atom)")
    _diagonal(energy, _rmse_text(report.errors, "energy_rmse_meV_atom", "meV/atom"))
    plot_force_parity(report, sets, force)
    legend_below(figure, energy)
    return figure


def plot_force_parity(report: ModelReport, sets: Mapping[str, Dataset], axes: Axes) -> None:
    """Draw the force components of a potential against the labels on axes."""
    for name, predictions in report.predictions.items():
        labels = np.concatenate([frame.forces_eV_A.ravel() for frame in sets[name].frames])
        axes.plot(labels, np.concatenate([p.forces_eV_A.ravel() for p in predictions]), ms=2, **_look(name))
    axes.set(xlabel="Force component, label (eV/Å)", ylabel="Force component, potential (eV/Å)")
    _diagonal(axes, _rmse_text(report.errors, "force_rmse_meV_A", "meV/Å"))


def _look(name: str) -> dict[str, Any]:
    return {"color": SET_COLOURS[name], "label": SET_NAMES[name], "ls": "", "marker": ".", "rasterized": True}


def _per_atom(dataset: Dataset, e0: Mapping[str, float], predictions: Sequence[Prediction] | None = None) -> Array:
    """Return binding energies per atom: of the labels, or of the predictions."""
    energies = [item.energy_eV for item in predictions or dataset.frames]
    pairs = zip(dataset.frames, energies, strict=True)
    return np.array([binding_eV(frame, energy, e0) / frame.n_atoms for frame, energy in pairs])


def _rmse_text(errors: Mapping[str, ErrorTable], key: str, unit: str) -> str:
    lines = [f"{SET_NAMES[name]}: {getattr(table.overall, key):.2f} {unit}" for name, table in errors.items()]
    return "\n".join(["RMSE", *lines])


def _diagonal(axes: Axes, text: str) -> None:
    """Draw the line of perfect agreement and write the errors beside it."""
    low, high = min(axes.get_xlim()[0], axes.get_ylim()[0]), max(axes.get_xlim()[1], axes.get_ylim()[1])
    axes.plot([low, high], [low, high], color=COLOURS["grey"], lw=0.6, zorder=0)
    axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    axes.text(0.04, 0.96, text, transform=axes.transAxes, va="top", fontsize=8)


@styled
def draw_errors(report: ModelReport, sets: Mapping[str, Dataset], e0: Mapping[str, float]) -> Figure:
    """Draw each frame's errors against its binding energy per atom."""
    figure = new_figure(170, 80)
    energy, force = figure.subplots(1, 2)
    for name, predictions in report.predictions.items():
        dataset = sets[name]
        errors, x = frame_errors(dataset.frames, predictions), _per_atom(dataset, e0)
        look = {"color": SET_COLOURS[name], "label": SET_NAMES[name], "ls": "", "marker": ".", "ms": 5}
        energy.plot(x, 1000 * errors.energy_eV_atom, **look)
        force.semilogy(x, 1000 * errors.force_rmse_eV_A, **look)
    energy.axhline(0, color=COLOURS["grey"], lw=0.6, zorder=0)
    energy.set(xlabel="Binding energy, label (eV/atom)", ylabel="Energy error (meV/atom)")
    force.set(xlabel="Binding energy, label (eV/atom)", ylabel="RMS force error of a frame (meV/Å)")
    legend_below(figure, energy)
    return figure


@styled
def draw_scans(reports: Mapping[str, ModelReport]) -> Figure:
    """Draw the energies of dimers and of a stretched cluster, of one potential or several."""
    scans = next(iter(reports.values())).scans
    figure = new_figure(85 * len(scans), 76)
    panels = figure.subplots(1, len(scans), squeeze=False)[0]
    colours = [COLOURS[name] for name in ("blue", "red", "green", "orange")]
    for k, axes in enumerate(panels):
        for (name, report), colour in zip(reports.items(), colours, strict=False):
            axes.plot(report.scans[k].coordinate, report.scans[k].energy_eV, color=colour, label=literal(name))
        axes.axhline(0, color=COLOURS["grey"], lw=0.6, zorder=0)
        axes.set(
            title=scans[k].name, ylabel="Binding energy (eV)", ylim=_window([r.scans[k] for r in reports.values()])
        )
        axes.set_xlabel("Distance (Å)" if scans[k].name.startswith("dimer") else "Positions scaled by")
    legend_below(figure, panels[0])
    return figure


def _window(scans: Sequence[Scan]) -> tuple[float, float]:
    """Return an energy window that shows the wells, not the walls."""
    depth = max(-scan.minimum[1] for scan in scans)
    depth = depth if np.isfinite(depth) and depth > 0 else 1.0
    return -1.3 * depth, 0.8 * depth
