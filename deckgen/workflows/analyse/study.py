"""From a study's runs to results/: harvest, analyse, write numbers and figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from deckgen.analysis.comparison import Comparison, compare_studies
from deckgen.analysis.results import Thermodynamics
from deckgen.analysis.thermodynamics import thermodynamics
from deckgen.samples import Samples
from deckgen.study import Analysis, Study
from deckgen.study.folder import StudyFolder
from deckgen.study.runs import read_plan
from deckgen.workflows.analyse.exchange import about_exchange
from deckgen.workflows.analyse.gather import External, gather, read_external
from deckgen.workflows.analyse.inputs import AnalysedInputs, inputs_of
from deckgen.workflows.analyse.result import StudyThermodynamics
from deckgen.workflows.analyse.superposition import superposition
from deckgen.workflows.analyse.trajectories import (
    about_quenches,
    evaporations,
    lindemann_curve,
    quenches_of,
    with_quenches,
)

__all__ = ["analyse"]


def analyse(
    study: Study | Path | str = ".",
    *,
    external: External | None = None,
    n_atoms: int | None = None,
    units: str | None = None,
    compare: Study | Path | str | None = None,
    seed: int = 1,
    figures: bool = True,
    pdf: bool = False,
) -> StudyThermodynamics:
    """Analyse what a study has sampled so far and write its results/ folder.

    Parameters
    ----------
    study
        A study, its folder or its file. With `external`, a folder without a study will do.
    external
        Files with the energies of runs made elsewhere, by temperature (K): the formats of
        `deckgen.runs.external.read.read_log_energies`. They join the study's own runs. Their moments of inertia are not
        known, so no rotational weights are used then.
    n_atoms
        Atoms in the cluster, where neither a study nor the files tell.
    units
        Style of LAMMPS' `units` that the files of `external` are in, where they do not state it.
    compare
        Another study of the same cluster and potential, say with start = "melted": where the two heat capacities
        agree within their intervals, the sampling has forgotten its start.
    seed
        Seed of the bootstrap.
    figures
        Draw the figures; without them it takes a third of the time. Their numbers are written in any case.
    pdf
        Write the figures as PDF too, with their fonts.

    Raises
    ------
    InputError
        If the study, a file or the number of atoms is wrong.
    RunError
        If there are no samples.
    AnalysisError
        If the samples do not carry the analysis.
    """
    own, folder = _open(study, needed=not external)
    inputs = _inputs(own)
    sources = read_external(external or {}, units=units, n_atoms=n_atoms)
    thermo = _thermodynamics(gather(own, folder, sources, n_atoms), own, folder, seed)
    compared = None if compare is None else _compare_with(thermo, folder, compare, seed)
    has_goal = own is not None and own.goal.melting_K is not None
    result = StudyThermodynamics.of(thermo, sources, compared, read_plan(folder) if has_goal else None, inputs)
    from deckgen.workflows.analyse.files import write_results

    write_results(result, folder, figures=figures, pdf=pdf)
    return result


def _open(study: Study | Path | str, *, needed: bool = True) -> tuple[Study | None, Path]:
    """Return a study and its folder; None and the folder where there is no study and none is needed."""
    if isinstance(study, Study):
        return study, study.folder
    path = Path(study)
    if not needed and path.is_dir() and not StudyFolder(path).study_file.exists():
        return None, path.resolve()
    own = Study.read(path)
    return own, own.folder


def _inputs(study: Study | None) -> AnalysedInputs | None:
    """Return what an analysis of a study reads; None where its file, if it has one, says something else by now."""
    if study is None or not study.file.is_file():
        return None
    inputs = inputs_of(study.folder)
    return inputs if Study.read(study.file) == study else None


def _thermodynamics(samples: Samples, study: Study | None, folder: Path, seed: int) -> Thermodynamics:
    """Analyse samples and their frames."""
    settings = study.analysis if study is not None else Analysis()
    fallen, quenched = evaporations(samples), quenches_of(samples, folder)
    thermo = thermodynamics(
        samples,
        grid_K=settings.grid_K,
        bootstraps=settings.bootstraps,
        rotation=settings.rotation,
        seed=seed,
        evaporations=fallen,
        quenches=quenched,
    )
    warnings = (*thermo.warnings, *about_exchange(samples, folder))
    if quenches := about_quenches(samples, folder):
        # a quenched minimum says more than a sample below the start
        warnings = (*(found for found in warnings if found.code != quenches[0].code), *quenches)
    return replace(
        thermo,
        lindemann=lindemann_curve(samples, thermo.states, fallen),
        superposition=superposition(thermo, folder),
        traces=with_quenches(thermo.traces, quenched),
        warnings=warnings,
    )


def _compare_with(thermo: Thermodynamics, folder: Path, other: Study | Path | str, seed: int) -> Comparison:
    own, other_folder = _open(other)
    theirs = _thermodynamics(gather(own, other_folder, (), None), own, other_folder, seed)
    return compare_studies(thermo, theirs, this_name=folder.name, other_name=other_folder.name)
