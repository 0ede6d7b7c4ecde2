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
from deckgen.workflows.analyse.result import RESULTS, StudyThermodynamics

__all__ = ["FIGURE_FOLDER", "RESULTS", "THERMODYNAMICS", "write_results"]

THERMODYNAMICS = "thermodynamics.json"
FIGURE_FOLDER = "figures"
COMPARISON = "comparison"


def write_results(thermo: StudyThermodynamics, study_folder: Path, *, figures: bool = True) -> Path:
    """Write results/thermodynamics.json, results/*.csv and results/figures/; return the JSON's path.

    Everything is written aside first, then moved into place, the JSON last: what fails on the way leaves the earlier
    results as they were. Figures and tables of the earlier result that the new one
    lacks are removed.
    """
    folder = study_folder / RESULTS
    (folder / FIGURE_FOLDER).mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".new-", dir=folder))
    try:
        (aside / FIGURE_FOLDER).mkdir()
        for name, tables, draw in _drawings(thermo):
            for table, columns in tables.items():
                write_table(aside / f"{table}.csv", columns)
            if figures:
                save(draw(), aside / FIGURE_FOLDER / name)
        write_json(aside / THERMODYNAMICS, thermo.to_json(deckgen_version=__version__))
        _move(aside, folder)
    finally:
        shutil.rmtree(aside)
    return folder / THERMODYNAMICS


def _drawings(thermo: StudyThermodynamics) -> Iterator[tuple[str, Mapping[str, Table], Callable[[], Figure]]]:
    """Yield name, tables and the drawing of every figure that the result has numbers for."""
    for kind in FIGURES:
        if tables := kind.tables(thermo):
            yield kind.name, tables, partial(kind.draw, thermo)
    if thermo.comparison is not None:
        yield COMPARISON, comparison_tables(thermo.comparison), partial(draw_comparison, thermo.comparison)


def _move(aside: Path, folder: Path) -> None:
    new = {path.relative_to(aside) for path in aside.rglob("*") if path.is_file()}
    names = [*(kind.name for kind in FIGURES), COMPARISON]
    drawn = {Path(FIGURE_FOLDER, f"{name}.{suffix}") for name in names for suffix in ("svg", "png")}
    tables = {path.relative_to(folder) for name in names for path in folder.glob(f"{name}*.csv")}
    for stale in (drawn | tables) - new:
        (folder / stale).unlink(missing_ok=True)
    for path in sorted(new, key=lambda path: path.name == THERMODYNAMICS):
        (aside / path).replace(folder / path)
