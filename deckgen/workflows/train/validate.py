"""Validating: the errors of a potential as JSON and CSV, figures, and a page; into validation/."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from deckgen import __version__
from deckgen.analysis.figures.style import save
from deckgen.errors import InputError
from deckgen.files import named, write_json, write_whole
from deckgen.processes.executor import TaskExecutor
from deckgen.processes.lock import alone_in
from deckgen.quip.gapfile import read_gap
from deckgen.summaries import Summarised, Summary
from deckgen.training.dataset import Dataset
from deckgen.training.e0 import e0_of
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.folder import FIT, VALIDATION, XML
from deckgen.training.validation.errors import PERCENT_NOTE, binding_eV, frame_errors
from deckgen.training.validation.model import ModelReport, validate_model
from deckgen.workflows.html import data_uri, html_environment
from deckgen.workflows.train.curate import curated_sets
from deckgen.workflows.train.figures import SET_NAMES, draw_errors, draw_parity, draw_scans, plot_force_parity

__all__ = ["Validated", "validate"]

ERRORS, FRAMES, REPORT, FIGURES = "errors.json", "frames.csv", "report.html", "figures"
FEW_FRAMES = 10
FRAME_COLUMNS = (
    "potential",
    "set",
    "source",
    "trajectory",
    "n_atoms",
    "binding_eV_atom",
    "energy_error_meV_atom",
    "force_rmse_meV_A",
    "max_force_error_eV_A",
)


@dataclass(frozen=True, eq=False, repr=False)
class Validated(Summarised):
    """The results, and where they were written.

    Attributes
    ----------
    reports
        One potential, or two side by side, by name.
    sets
        The frames that they were compared with: `train` and `holdout`.
    warnings
        Reasons to doubt the numbers.
    errors, page
        validation/errors.json and validation/report.html.
    """

    reports: Mapping[str, ModelReport]
    sets: Mapping[str, Dataset]
    warnings: tuple[str, ...]
    errors: Path
    page: Path

    def summary(self) -> Summary:
        """Return the errors of each potential on each set, for each cluster size."""
        tables = [
            (name, which, table.summary()) for name, one in self.reports.items() for which, table in one.errors.items()
        ]
        rows = [(name, SET_NAMES[which], *row) for name, which, table in tables for row in table.rows]
        title = "; ".join(f"{name}, {SET_NAMES[which]}: {table.title}" for name, which, table in tables)
        return Summary(title, ("potential", "frames", *tables[0][2].head), rows, self.warnings)

    def plot(self, ax: Any = None) -> Any:
        """Draw the force components of the first potential against the labels, and return the axes.

        Parameters
        ----------
        ax
            Matplotlib's axes to draw on; new ones by default.
        """
        if ax is None:
            from matplotlib import pyplot

            ax = pyplot.gca()
        plot_force_parity(next(iter(self.reports.values())), self.sets, ax)
        ax.legend(loc="lower right")
        return ax


def validate(
    recipe: Recipe | Path | str = ".",
    *,
    model: Path | str | None = None,
    against: Path | str | None = None,
    workers: int | None = None,
    executor: TaskExecutor | None = None,
) -> Validated:
    """Compare a potential with the curated frames, and write validation/.

    Parameters
    ----------
    recipe
        The training project: its recipe, its folder or its gap.toml.
    model
        The potential; None: fit/gap.xml.
    against
        A second potential to compare on the same frames.
    workers
        Processes at once; None: as many as cores.
    executor
        Predicts, in place of one of its own.

    Raises
    ------
    InputError
        If there are no curated frames or no potential.
    AnalysisError
        If a prediction is not a number.
    """
    recipe = recipe if isinstance(recipe, Recipe) else Recipe.read(recipe)
    sets = curated_sets(recipe)
    e0 = e0_of(sets["train"], recipe.data.e0)
    models = [Path(model) if model else recipe.folder / FIT / XML, *([Path(against)] if against else [])]
    if not models[0].is_file():
        raise InputError(f"{models[0]}: no such potential", hint="fit one: deckgen train fit")
    potentials = {_name(xml, recipe.folder): read_gap(xml).path for xml in models}
    reports = {
        name: validate_model(xml, sets, e0, recipe.validation, workers=workers, executor=executor)
        for name, xml in potentials.items()
    }
    warnings = _warnings(sets, reports)
    folder = recipe.folder / VALIDATION
    document = _document(reports, e0, warnings)
    with alone_in(folder), named(folder):
        (folder / FIGURES).mkdir(exist_ok=True)
        figures = dict(_figures(reports, sets, e0))
        for name, figure in figures.items():
            save(figure, folder / FIGURES / name)
        write_whole(folder / FRAMES, _frames_csv(reports, sets, e0))
        write_json(folder / ERRORS, document)
        write_whole(folder / REPORT, _page(recipe, document, {n: folder / FIGURES / f"{n}.svg" for n in figures}))
    return Validated(reports, sets, warnings, folder / ERRORS, folder / REPORT)


def _name(xml: Path, folder: Path) -> str:
    """Return a potential's name: its path in the project, or as it was given."""
    path = xml.resolve()
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(xml)


def _warnings(sets: Mapping[str, Dataset], reports: Mapping[str, ModelReport]) -> tuple[str, ...]:
    """Return reasons to doubt the numbers."""
    held_out = len(sets["holdout"])
    messages = [f"{name}: {finding}" for name, report in reports.items() for finding in report.findings]
    if held_out == 0:
        messages.append("no frames are held out: these are the errors on the fitted frames, which prove little")
    elif held_out < FEW_FRAMES:
        messages.append(f"only {held_out} frames are held out")
    if len(reports) > 1:
        messages.append(
            '"fitted" are the frames that this project fits to; the other potential may never have seen them'
        )
    return tuple(messages)


def _document(reports: Mapping[str, ModelReport], e0: Mapping[str, float], warnings: tuple[str, ...]) -> dict[str, Any]:
    return {
        "schema": 1,
        "deckgen_version": __version__,
        "potentials": [{"name": name} | report.to_json() for name, report in reports.items()],
        "e0_eV": dict(e0),
        "warnings": list(warnings),
        "note": PERCENT_NOTE,
    }


def _figures(
    reports: Mapping[str, ModelReport], sets: Mapping[str, Dataset], e0: Mapping[str, float]
) -> Iterator[tuple[str, Figure]]:
    for number, report in enumerate(reports.values(), start=1):
        suffix = "" if number == 1 else f"-{number}"
        yield f"parity{suffix}", draw_parity(report, sets, e0)
        yield f"errors{suffix}", draw_errors(report, sets, e0)
    yield "scans", draw_scans(reports)


def _frames_csv(reports: Mapping[str, ModelReport], sets: Mapping[str, Dataset], e0: Mapping[str, float]) -> str:
    """Return every frame's errors, the largest force error of each potential first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FRAME_COLUMNS)
    for name, report in reports.items():
        rows = list[list[Any]]()
        for which, predictions in report.predictions.items():
            frames = sets[which].frames
            errors = frame_errors(frames, predictions)
            for k, frame in enumerate(frames):
                binding = binding_eV(frame, frame.energy_eV, e0) / frame.n_atoms
                labels = [name, which, frame.source, frame.trajectory, frame.n_atoms]
                numbers = (binding, 1000 * errors.energy_eV_atom[k], 1000 * errors.force_rmse_eV_A[k])
                rows.append([*labels, *(f"{x:.4f}" for x in numbers), round(float(errors.max_force_eV_A[k]), 5)])
        rows.sort(key=lambda row: -row[-1])
        writer.writerows(rows)
    return text.getvalue()


def _page(recipe: Recipe, document: dict[str, Any], figures: Mapping[str, Path]) -> str:
    return (
        html_environment()
        .get_template("validation.html.j2")
        .render(
            document=document,
            figures={name: data_uri(path.read_text(encoding="utf-8")) for name, path in figures.items()},
            sets={"holdout": "Held out", "train": "Fitted"},
            gap_toml=recipe.file.read_text(encoding="utf-8"),
        )
    )
