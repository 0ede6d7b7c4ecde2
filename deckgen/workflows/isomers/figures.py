"""The figures of a list of isomers and their numbers, in a study's results/ folder."""

from __future__ import annotations

from pathlib import Path

from deckgen.analysis.figures.isomers import ISOMER_FIGURES
from deckgen.analysis.figures.style import save
from deckgen.analysis.isomers.results import IsomerList
from deckgen.files import write_table
from deckgen.study.folder import StudyFolder

__all__ = ["write_isomer_figures"]


def write_isomer_figures(found: IsomerList, study_folder: Path) -> None:
    """Write results/figures/isomer_*.svg and .png, and results/isomer_*.csv; remove those of an earlier list."""
    results = StudyFolder(study_folder).results
    results.figures.mkdir(parents=True, exist_ok=True)
    for kind in ISOMER_FIGURES:
        stem, tables = results.figures / kind.name, kind.tables(found)
        for stale in (
            *(stem.with_name(f"{kind.name}.{suffix}") for suffix in ("svg", "png")),
            results.path / f"{kind.name}.csv",
        ):
            stale.unlink(missing_ok=True)
        if tables:
            save(kind.draw(found), stem)
        for name, columns in tables.items():
            write_table(results.path / f"{name}.csv", columns)
