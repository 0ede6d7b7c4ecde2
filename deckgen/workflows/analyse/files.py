"""A study's results/ folder: JSON, tables and figures, written aside first."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from deckgen import __version__
from deckgen.analysis.figures.gallery import COMPARISON_FIGURES, FIGURES, FigureKind
from deckgen.analysis.figures.style import save
from deckgen.files import named, write_json, write_table
from deckgen.processes.lock import alone_in
from deckgen.study.folder import ResultsFolder, StudyFolder
from deckgen.workflows.analyse.result import StudyThermodynamics

__all__ = ["figure_files", "write_figures", "write_results"]

NEW = ".new-"

Result = TypeVar("Result")


def write_results(thermo: StudyThermodynamics, study_folder: Path, *, figures: bool = True, pdf: bool = False) -> Path:
    """Write results/thermodynamics.json, results/*.csv and results/figures/; return the JSON's path.

    Everything is written aside first, then moved into place, the JSON last: what fails on the way leaves the earlier
    results as they were. Figures and tables of the earlier result that the new one lacks are removed.
    """
    results = StudyFolder(study_folder).results
    with alone_in(results.path), named(results.path):
        results.figures.mkdir(parents=True, exist_ok=True)
        for left in results.path.glob(f"{NEW}*"):  # of an analysis that was killed
            shutil.rmtree(left, ignore_errors=True)
        _write_aside(thermo, results, figures, pdf)
    return results.thermodynamics


def _write_aside(thermo: StudyThermodynamics, results: ResultsFolder, figures: bool, pdf: bool) -> None:
    """Write everything to a folder of its own, and move it into place."""
    aside = ResultsFolder(Path(tempfile.mkdtemp(prefix=NEW, dir=results.path)))
    try:
        write_figures(FIGURES, thermo, aside, drawn=figures, pdf=pdf)
        if thermo.comparison is not None:
            write_figures(COMPARISON_FIGURES, thermo.comparison, aside, drawn=figures, pdf=pdf)
        write_json(aside.thermodynamics, thermo.to_json(deckgen_version=__version__))
        _move(aside, results)
    finally:
        shutil.rmtree(aside.path, ignore_errors=True)


def write_figures(
    kinds: Iterable[FigureKind[Result]], result: Result, folder: ResultsFolder, *, drawn: bool = True, pdf: bool = False
) -> None:
    """Write the tables of a result's figures as <table>.csv, and the figures themselves as figures/<name>.svg and .png.

    Parameters
    ----------
    kinds
        Those of them that the result has numbers for are written.
    result
        What they show.
    folder
        Where the files go.
    drawn
        Whether the figures are drawn; their tables are written in any case.
    pdf
        Whether figures that are drawn are also written as <name>.pdf.
    """
    folder.figures.mkdir(parents=True, exist_ok=True)
    for kind in kinds:
        tables = kind.tables(result)
        for name, columns in tables.items():
            write_table(folder.path / f"{name}.csv", columns)
        if tables and drawn:
            save(kind.draw(result), folder.figures / kind.name, pdf=pdf)


def figure_files(kinds: Iterable[FigureKind[Any]], folder: ResultsFolder) -> set[Path]:
    """Return the files of figures and of their tables that a folder of results has, whatever result they show."""
    found = set[Path]()
    for kind in kinds:
        drawn = (folder.figures / f"{kind.name}.{suffix}" for suffix in ("svg", "png", "pdf"))
        found |= {*filter(Path.is_file, drawn), *folder.path.glob(f"{kind.name}*.csv")}
    return found


def _move(aside: ResultsFolder, results: ResultsFolder) -> None:
    new = {path.relative_to(aside.path) for path in aside.path.rglob("*") if path.is_file()}
    for stale in figure_files((*FIGURES, *COMPARISON_FIGURES), results) - {results.path / path for path in new}:
        stale.unlink()
    for path in sorted(new, key=lambda path: path.name == results.thermodynamics.name):
        (aside.path / path).replace(results.path / path)
