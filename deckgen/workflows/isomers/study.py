"""From frames to results/isomers.json: quench them all, group the minima, converge one of each group, describe them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from deckgen.analysis.isomers.find import find_isomers
from deckgen.analysis.isomers.results import IsomerList, Tolerances
from deckgen.decks.deck import read_manifests, write_quench_deck
from deckgen.decks.manifest import Manifest
from deckgen.decks.protocols import PROTOCOLS
from deckgen.decks.render import Prepared, prepare
from deckgen.errors import InputError, RunError
from deckgen.minima import Minimum
from deckgen.processes.executor import TaskExecutor, use_executor
from deckgen.runs.batch import run
from deckgen.runs.quench.batch import Quenches, quench, tighten
from deckgen.runs.quench.frames import FrameSource, frames_of_file, frames_of_run
from deckgen.runs.quench.worker import ForceTolerance
from deckgen.study import Study
from deckgen.study.folder import StudyFolder
from deckgen.workflows.isomers.files import write_isomers
from deckgen.workflows.isomers.frequencies import log_frequency_products
from deckgen.workflows.isomers.hopping import hop_sources, judge_hops
from deckgen.workflows.isomers.result import SETTLED, StudyIsomers

__all__ = ["distinguish", "isomers"]


def isomers(
    study: Study | Path | str = ".",
    *,
    frames: Sequence[Path | str] = (),
    workers: int | None = None,
    executor: TaskExecutor | None = None,
    force: bool = False,
    pdf: bool = False,
    progress: bool = True,
) -> StudyIsomers:
    """Find the isomers among a study's frames, and write results/isomers.json and results/isomers.extxyz.

    Runs and quenches that are there already are not done again: after a stop or a crash the same call resumes.

    Parameters
    ----------
    study
        A study, its folder or its file.
    frames
        Files of frames, in place of the source that [isomers] names.
    workers
        Processes at once; None: as many as cores.
    executor
        Runs them, in place of one of its own.
    force
        Replace runs of the isomers that were made of another study.
    pdf
        Write the figures as PDF too, with their fonts.
    progress
        Show the progress on standard error.

    Raises
    ------
    InputError
        If the study or a file is wrong, or frames are of another cluster.
    RunError
        If a run failed, LAMMPS cannot be set up, or there are no frames.
    AnalysisError
        If no quench converged.
    KeyboardInterrupt
        At Ctrl-C or SIGTERM, once the workers have stopped.
    """
    with use_executor(executor, workers) as pool:
        result = _isomers(prepare(study), frames, pool, force=force, progress=progress)
    write_isomers(result, pdf=pdf)
    return result


def _isomers(
    prepared: Prepared, frames: Sequence[Path | str], executor: TaskExecutor, *, force: bool, progress: bool
) -> StudyIsomers:
    """Quench the frames and distinguish their minima, all by one executor."""
    study, chosen = prepared.study, prepared.study.isomers
    files = [Path(file) for file in frames] or [study.folder / file for file in chosen.files]
    if chosen.source == "files" and not files:
        raise InputError(
            f'{study.file}: [isomers] source = "files" without files',
            hint='name them, files = ["frames.extxyz"], or give --frames FILE',
        )
    loose = write_quench_deck(prepared, "loose", chosen.loose_force_eV_A)
    tight = write_quench_deck(prepared, "tight", chosen.max_force_eV_A)
    sources = _of_files(prepared, files, loose.folder) if files else _of_runs(prepared, executor, force, progress)
    if not sum(source.count for source in sources):
        raise RunError(f"{study.folder}: there are no frames to quench", hint=_no_frames(study))
    goal = ForceTolerance(chosen.loose_force_eV_A)
    quenches = quench(loose.folder, sources, goal, executor=executor, progress=progress)
    walkers = hop_sources(study, quenches.minima, loose.folder)
    hops = quench(loose.folder, walkers, goal, executor=executor, progress=progress)
    quenches = Quenches(quenches.chunks + hops.chunks)
    found = distinguish(prepared, quenches.minima, executor=executor, progress=progress)
    lowest, earlier = found.isomers[: chosen.frequencies], StudyFolder(study.folder).results
    products = log_frequency_products(lowest, tight.folder, earlier, executor, progress=progress)
    hopping = judge_hops(walkers, hops.minima(), found.isomers[0].minimum.energy_eV, found.tolerances.energy_eV)
    source = "files" if files else chosen.source
    return StudyIsomers(study, source, found, quenches, tight.manifest, products, hopping)


def distinguish(
    study: Prepared | Study,
    minima: Callable[[], Iterator[Minimum]],
    *,
    workers: int | None = None,
    executor: TaskExecutor | None = None,
    progress: bool = True,
) -> IsomerList:
    """Return the isomers among quenches of a study, as `isomers` does, which it raises as.

    Parameters
    ----------
    study
        The study.
    minima
        Yields the quenches, the same ones in the same order at every call.
    workers, executor, progress
        As in `isomers`.
    """
    prepared = prepare(study)
    chosen = prepared.study.isomers

    def converged(stage: str, max_force_eV_A: float) -> Callable[[Sequence[Minimum]], list[Minimum]]:
        deck = write_quench_deck(prepared, stage, max_force_eV_A).folder
        goal = ForceTolerance(max_force_eV_A, chosen.off_saddles)
        return lambda some: tighten(deck, some, goal, workers=workers, executor=executor, progress=progress)

    return find_isomers(
        minima,
        converged("tight", chosen.max_force_eV_A),
        Tolerances(thinning_eV=chosen.energy_window_eV, reflection=chosen.reflection),
        lowest=chosen.tighten,
        converge_further=converged("settled", SETTLED * chosen.max_force_eV_A),
    )


def _of_files(prepared: Prepared, files: Sequence[Path], folder: Path) -> list[FrameSource]:
    symbols, every = _symbols(prepared), prepared.study.isomers.every
    return [frames_of_file(file, folder, symbols, every) for file in files]


def _of_runs(prepared: Prepared, executor: TaskExecutor, force: bool, progress: bool) -> list[FrameSource]:
    """Return the frames of the ladder's runs, or of the isomers' own, having run these."""
    study, symbols = prepared.study, _symbols(prepared)
    if study.isomers.source == "nvt":
        return [frames_of_run(*deck, symbols, study.isomers.every) for deck in _rungs(study)]
    failed = run(prepared, executor=executor, force=force, progress=progress, part="isomers").failed
    if failed:
        raise RunError(f"{failed[0].folder}: {failed[0].message}")
    return [frames_of_run(*deck, symbols) for deck in read_manifests(study.folder, "isomers")]


def _symbols(prepared: Prepared) -> tuple[str, ...]:
    return tuple(prepared.start.get_chemical_symbols())


def _rungs(study: Study) -> Iterator[tuple[Path, Manifest]]:
    """Yield the ladder's decks that [isomers] asks for."""
    wanted = set(study.isomers.temperatures_K) if "temperatures_K" in study.isomers.model_fields_set else None
    if wanted and (unknown := sorted(wanted - set(study.ladder.rungs_K))):
        raise InputError(
            f"{study.file}: [isomers] temperatures_K: {unknown[0]:g} K is not a rung of the ladder",
            hint='with source = "nvt" the frames are the rungs\'; leave temperatures_K out to take all of them',
        )
    for folder, manifest in read_manifests(study.folder):
        if PROTOCOLS[manifest.protocol].sampled and (wanted is None or manifest.temperature_K in wanted):
            yield folder, manifest


def _no_frames(study: Study) -> str:
    if study.isomers.source == "nvt":
        return f"run the ladder first: deckgen run {study.folder}"
    return "[isomers] frame_every must be less than the run's steps"
