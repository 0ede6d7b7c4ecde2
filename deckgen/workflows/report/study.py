"""report.html: one file that holds a study's results, what to doubt in them, and how they were made."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment

from deckgen.analysis.melting import Peak, find_melting
from deckgen.decks.deck import read_manifests
from deckgen.decks.manifest import ENERGIES
from deckgen.decks.potentials import resolve
from deckgen.decks.protocols import sampled_files
from deckgen.files import write_whole
from deckgen.processes.display import duration
from deckgen.processes.lock import alone_in
from deckgen.study import Study
from deckgen.study.folder import StudyFolder
from deckgen.workflows.analyse.read import ThermodynamicsDocument, read_thermodynamics
from deckgen.workflows.analyse.study import analyse
from deckgen.workflows.html import html_environment, number
from deckgen.workflows.report.comparison import reference_context
from deckgen.workflows.report.figures import shown_figures
from deckgen.workflows.report.isomers import isomer_context
from deckgen.workflows.report.methods.literature import address
from deckgen.workflows.report.methods.templates import templates_of
from deckgen.workflows.report.methods.text import write_methods
from deckgen.workflows.report.pictures import picture_of
from deckgen.workflows.report.provenance import (
    deck_row,
    gap_engines,
    lammps_versions,
    package_versions,
    unlike_its_study,
)
from deckgen.workflows.report.structures import structures
from deckgen.workflows.report.trajectory import trajectory

__all__ = ["report"]


def report(study: Study | Path | str = ".") -> Path:
    """Write a study's report.html from its results/, and return its path.

    The study is analysed first where it has no results, or its runs or the study have changed since. Results that hold
    more than the study's own runs (`--from`, `--compare`) are left as they are; the report then says that they are
    older. A study of which only isomers are known has a report of these.

    Raises
    ------
    InputError
        If the study or its results are not readable.
    RunError
        If there are neither samples nor isomers.
    AnalysisError
        If the samples do not carry the analysis.
    """
    study = study if isinstance(study, Study) else Study.read(study)
    outdated = _analyse_where_needed(study)
    folder = StudyFolder(study.folder)
    with alone_in(folder.results.path):  # figures and numbers of one analysis
        results = read_thermodynamics(folder.results) if folder.results.thermodynamics.is_file() else None
        page = _environment().get_template("report.html.j2").render(_context(study, results, outdated))
    path = folder.report
    write_whole(path, page)
    return path


def _analyse_where_needed(study: Study) -> bool:
    """Analyse a study whose results are not of its present files; return whether they had to be left as they are.

    Where isomers alone are known, there is nothing to analyse.
    """
    folder = StudyFolder(study.folder).results
    if folder.thermodynamics.is_file():
        results = read_thermodynamics(folder)
        if _is_current(results, study.folder) and any(folder.figures.glob("*.svg")):
            return False
        if results.external or results.comparison:
            return True
    elif folder.isomers.is_file() and not sampled_files(study.folder, ENERGIES):
        return False
    analyse(study)
    return False


def _is_current(results: ThermodynamicsDocument, study_folder: Path) -> bool:
    """Return whether results are of what the study's files, and those of `--from`, hold now."""
    if results.inputs is None or not results.inputs.are_still(study_folder):
        return False
    return not any(external.has_changed() for external in results.external)


def _context(study: Study, results: ThermodynamicsDocument | None, outdated: bool) -> dict[str, Any]:
    ladder, own = list(read_manifests(study.folder)), list(read_manifests(study.folder, "isomers"))
    decks = ladder + own
    potential = resolve(study.potential, study.folder)
    versions = lammps_versions(folder for folder, _ in decks)
    folder = StudyFolder(study.folder).results
    isomers = isomer_context(study.folder)
    found = isomers["results"] if isomers else None
    about = results or found
    assert about is not None
    written = (folder.thermodynamics if results else folder.isomers).stat().st_mtime
    engines = gap_engines(folder for folder, _ in decks)
    templates = templates_of(study.folder)
    viewer = _viewer(
        isomers, trajectory(ladder or own, results.melting.temperature_K if results and results.melting else None)
    )
    pictured = structures(study, ladder if results else decks)
    return {
        "study": study,
        "about": about,
        "results": results,
        "outdated": outdated,
        "unlike": unlike_its_study(study),
        "written": datetime.fromtimestamp(written).astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        "potential": potential,
        "figures": shown_figures(folder, about.cluster.n_atoms, results.melting if results else None),
        "structures": [picture_of(one.atoms, one.caption) for one in pictured],
        "isomers": isomers,
        "viewer": None if isomers else viewer,
        "reference": reference_context(study.folder),
        "estimators": _peaks(results) if results else [],
        "methods": write_methods(study, potential, results, found, versions, engines, templates),
        "templates": templates,
        "decks": [deck_row(*deck) for deck in decks],
        "versions": package_versions() | ({"LAMMPS of the runs": versions} if versions else {}),
        "study_toml": study.file.read_text() if study.file.is_file() else "",
    }


def _viewer(isomers: dict[str, Any] | None, run: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return what the viewer shows: the isomers where there are some, with the run added to them, or the run alone."""
    if isomers is None:
        return run and {"symbols": run["symbols"], "colours": run["colours"], "isomers": [], "trajectory": run}
    viewer: dict[str, Any] = isomers["viewer"]
    viewer["trajectory"] = run
    return viewer


def _peaks(results: ThermodynamicsDocument) -> list[tuple[str, Peak | None]]:
    """Return the highest peak of C_v/C_0 by each way to it."""
    other, grid = results.estimators, np.array(results.temperatures_K, dtype=float)
    curves = {
        "MBAR, canonical rotation": other.rotation.canonical,
        "MBAR, rotation as sampled": other.rotation.sampled,
        "multiple histogram": other.multiple_histogram,
        "slope of the mean energies, between temperatures": other.dU_dT,
        "MBAR, first half of each run": other.first_half,
        "MBAR, second half of each run": other.second_half,
    }
    return [
        (name, find_melting(grid, np.array(curve, dtype=float), results.cluster.n_atoms))
        for name, curve in curves.items()
        if curve is not None
    ]


def _environment() -> Environment:
    environment = html_environment()
    environment.filters |= {"interval": _interval, "duration": duration, "address": address}
    return environment


def _interval(value: tuple[float, float] | None, digits: int = 2) -> str:
    """Return an interval in words."""
    return "–" if value is None else f"{number(value[0], digits)} to {number(value[1], digits)}"
