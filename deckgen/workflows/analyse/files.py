"""A study's results/ folder: JSON, tables and figures, written aside first."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure

from deckgen import __version__
from deckgen.analysis.figures.comparison import comparison_tables, draw_comparison
from deckgen.analysis.figures.gallery import FIGURES
from deckgen.analysis.figures.style import save
from deckgen.analysis.figures.tables import Table
from deckgen.files import write_json, write_table
from deckgen.study.folder import ResultsFolder, StudyFolder
from deckgen.workflows.analyse.result import StudyThermodynamics

__all__ = ["write_results"]

COMPARISON = "comparison"


def write_results(thermo: StudyThermodynamics, study_folder: Path, *, figures: bool = True) -> Path:
    """Write results/thermodynamics.json, results/*.csv and results/figures/; return the JSON's path.

    Everything is written aside first, then moved into place, the JSON last: what fails on the way leaves the earlier
    results as they were. Figures and tables of the earlier result that the new one lacks are removed.
    """
    results = StudyFolder(study_folder).results
    results.figures.mkdir(parents=True, exist_ok=True)
    aside = ResultsFolder(Path(tempfile.mkdtemp(prefix=".new-", dir=results.path)))
    try:
        aside.figures.mkdir()
        for name, tables, draw in _drawings(thermo):
            for table, columns in tables.items():
                write_table(aside.path / f"{table}.csv", columns)
            if figures:
                save(draw(), aside.figures / name)
        write_json(aside.thermodynamics, thermo.to_json(deckgen_version=__version__))
        _move(aside, results)
    finally:
        shutil.rmtree(aside.path)
    return results.thermodynamics


def _drawings(thermo: StudyThermodynamics) -> Iterator[tuple[str, Mapping[str, Table], Callable[[], Figure]]]:
    """Yield name, tables and the drawing of every figure that the result has numbers for."""
    for kind in FIGURES:
        if tables := kind.tables(thermo):
            yield kind.name, tables, partial(kind.draw, thermo)
    if thermo.comparison is not None:
        yield COMPARISON, comparison_tables(thermo.comparison), partial(draw_comparison, thermo.comparison)


def _move(aside: ResultsFolder, results: ResultsFolder) -> None:
    new = {path.relative_to(aside.path) for path in aside.path.rglob("*") if path.is_file()}
    names = [*(kind.name for kind in FIGURES), COMPARISON]
    drawn = {results.figures / f"{name}.{suffix}" for name in names for suffix in ("svg", "png")}
    tables = {path for name in names for path in results.path.glob(f"{name}*.csv")}
    for stale in (drawn | tables) - {results.path / path for path in new}:
        stale.unlink(missing_ok=True)
    for path in sorted(new, key=lambda path: path.name == results.thermodynamics.name):
        (aside.path / path).replace(results.path / path)
