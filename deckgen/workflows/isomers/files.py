"""The files of a study's isomers in results/: structures, figures with their tables, and JSON."""

from __future__ import annotations

from pathlib import Path

from deckgen.analysis.figures.gallery import ISOMER_FIGURES
from deckgen.analysis.fragments import count_fragments, neighbour_cutoff
from deckgen.analysis.isomers.results import IsomerList
from deckgen.files import named, whole, write_json
from deckgen.minima import Minimum, append_minima
from deckgen.processes.lock import alone_in
from deckgen.study.folder import ResultsFolder, StudyFolder
from deckgen.workflows.analyse.files import figure_files, write_figures
from deckgen.workflows.isomers.chemiscope import chemiscope_document
from deckgen.workflows.isomers.quenches import write_quenches
from deckgen.workflows.isomers.result import StudyIsomers

__all__ = ["write_chemiscope", "write_isomer_figures", "write_isomers"]


def write_isomers(result: StudyIsomers, *, pdf: bool = False) -> None:
    """Write the structures, the quenches by run and those kept aside, the figures and, last, the isomers' JSON.

    With `pdf` the figures are written as PDF too.
    """
    results = StudyFolder(result.study.folder).results
    with alone_in(results.path), named(results.path):
        with whole(results.isomer_structures) as part:
            _write_structures(part, result.found)
        results.quenches_aside.unlink(missing_ok=True)
        if result.found.n_failed:
            append_minima(results.quenches_aside, (one for one in result.quenches.minima() if not _is_whole(one)))
        write_quenches(result.study.folder, result.quenches.minima(), result.manifest)
        write_isomer_figures(result.found, results, pdf=pdf)
        write_json(results.isomers, result.to_json())


def write_chemiscope(result: StudyIsomers) -> Path:
    """Write results/isomers.chemiscope.json and return its path."""
    path = StudyFolder(result.study.folder).results.chemiscope
    write_json(path, chemiscope_document(result.found, result.study.study.name or result.manifest.formula))
    return path


def write_isomer_figures(found: IsomerList, results: ResultsFolder, *, pdf: bool = False) -> None:
    """Write results/figures/isomer_*.svg, .png and, if asked, .pdf, and results/isomer_*.csv; remove earlier ones."""
    for stale in figure_files(ISOMER_FIGURES, results):
        stale.unlink()
    write_figures(ISOMER_FIGURES, found, results, pdf=pdf)


def _write_structures(path: Path, found: IsomerList) -> None:
    from ase import Atoms
    from ase.io import write

    structures = []
    for isomer in found.isomers:
        atoms = Atoms(isomer.minimum.symbols, positions=isomer.minimum.positions_A)
        atoms.info |= isomer.info()
        structures.append(atoms)
    write(path, structures, format="extxyz")


def _is_whole(minimum: Minimum) -> bool:
    positions = minimum.positions_A
    return minimum.converged and count_fragments(positions, neighbour_cutoff(positions)) == 1
