"""From frames to results/isomers.json: quench them all, tell the minima apart, converge one of each, describe them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deckgen import __version__
from deckgen.analysis.fragments import count_fragments, neighbour_cutoff
from deckgen.analysis.isomers.find import find_isomers
from deckgen.analysis.isomers.results import IsomerList, Tolerances
from deckgen.decks.clusters import start_structure
from deckgen.decks.deck import read_manifests, write_quench_deck
from deckgen.decks.manifest import Manifest
from deckgen.decks.protocols import PROTOCOLS
from deckgen.errors import InputError, RunError
from deckgen.files import whole, write_json
from deckgen.minima import Minimum, append_minima
from deckgen.runs.batch import run
from deckgen.runs.quench.batch import Quenches, quench, tighten
from deckgen.runs.quench.frames import FrameSource, frames_of_file, frames_of_run
from deckgen.runs.quench.worker import ForceTolerance
from deckgen.study import Study
from deckgen.study.folder import StudyFolder
from deckgen.workflows.isomers.figures import write_isomer_figures
from deckgen.workflows.isomers.frequencies import log_frequency_products

__all__ = ["StudyIsomers", "isomers", "tell_apart"]

SETTINGS = ("minimizer", "loose_force_eV_A", "max_force_eV_A", "max_steps", "off_saddles")
SETTLED = 0.01
"""To which part of max_force_eV_A isomers are converged that may equal another."""


@dataclass(frozen=True, eq=False)
class StudyIsomers:
    """The isomers of a study.

    Parameters
    ----------
    study
        The study.
    source
        Where the frames are from: as in [isomers], and "files" where files were given.
    found
        The isomers.
    quenches
        What led to them, loosely converged.
    manifest
        Of the deck that converged them.
    log_frequency_products
        Sum of ln(omega ps) over the vibrations of the lowest isomers.
    """

    study: Study
    source: str
    found: IsomerList
    quenches: Quenches
    manifest: Manifest
    log_frequency_products: Sequence[float]

    def to_json(self) -> dict[str, Any]:
        """Return the contents of results/isomers.json."""
        chosen = self.study.isomers
        settings = chosen.model_dump(mode="json", include=set(SETTINGS))
        settings["settled_force_eV_A"] = SETTLED * chosen.max_force_eV_A
        manifest, document = self.manifest, self.found.to_json()
        for isomer, product in zip(document["isomers"], self.log_frequency_products, strict=False):
            isomer["log_frequency_product"] = product
        return document | {
            "deckgen_version": __version__,
            "cluster": {"formula": manifest.formula, "n_atoms": manifest.n_atoms},
            "potential": {"name": manifest.potential_name, "sha256": manifest.potential_sha256},
            "settings": {"source": self.source, **settings, "deck": manifest.id},
        }


def isomers(
    study: Study | Path | str = ".",
    *,
    frames: Sequence[Path | str] = (),
    workers: int | None = None,
    force: bool = False,
    progress: bool = True,
) -> StudyIsomers:
    """Find the isomers among a study's frames, and write results/isomers.json and results/isomers.extxyz.

    Runs and quenches that are there already are not done again: after a stop or a crash the same call goes on.

    Parameters
    ----------
    study
        A study, its folder or its file.
    frames
        Files of frames, in place of the source that [isomers] names.
    workers
        Processes at once; None: as many as cores.
    force
        Replace runs of the isomers that were made of another study.
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
    study = study if isinstance(study, Study) else Study.read(study)
    chosen = study.isomers
    loose = write_quench_deck(study, "loose", chosen.loose_force_eV_A)
    tight = write_quench_deck(study, "tight", chosen.max_force_eV_A)
    files = [Path(file) for file in frames] or [study.folder / file for file in chosen.files]
    sources = _of_files(study, files, loose.folder) if files else _of_runs(study, workers, force, progress)
    if not sum(source.count for source in sources):
        raise RunError(f"{study.folder}: there are no frames to quench", hint=_no_frames(study))
    quenches = quench(
        loose.folder, sources, ForceTolerance(chosen.loose_force_eV_A), workers=workers, progress=progress
    )
    found = tell_apart(study, quenches.minima, workers=workers, progress=progress)
    earlier = StudyFolder(study.folder).results.isomers
    lowest = found.isomers[: chosen.frequencies]
    products = log_frequency_products(lowest, tight.folder, earlier, workers=workers, progress=progress)
    result = StudyIsomers(study, "files" if files else chosen.source, found, quenches, tight.manifest, products)
    _write(result)
    return result


def tell_apart(
    study: Study, minima: Callable[[], Iterator[Minimum]], *, workers: int | None = None, progress: bool = True
) -> IsomerList:
    """Return the isomers among quenches of a study, as `isomers` does, which it raises as.

    Parameters
    ----------
    study
        The study.
    minima
        Yields the quenches, the same ones in the same order at every call.
    workers, progress
        As in `isomers`.
    """
    chosen = study.isomers

    def converged(stage: str, max_force_eV_A: float) -> Callable[[Sequence[Minimum]], list[Minimum]]:
        deck = write_quench_deck(study, stage, max_force_eV_A).folder
        goal = ForceTolerance(max_force_eV_A, chosen.off_saddles)
        return lambda some: tighten(deck, some, goal, workers=workers, progress=progress)

    return find_isomers(
        minima,
        converged("tight", chosen.max_force_eV_A),
        Tolerances(thinning_eV=chosen.energy_window_eV, reflection=chosen.reflection),
        converge_further=converged("settled", SETTLED * chosen.max_force_eV_A),
    )


def _of_files(study: Study, files: Sequence[Path], folder: Path) -> list[FrameSource]:
    symbols = _symbols(study)
    return [frames_of_file(file, folder, symbols, study.isomers.every) for file in files]


def _of_runs(study: Study, workers: int | None, force: bool, progress: bool) -> list[FrameSource]:
    """Return the frames of the ladder's runs, or of the isomers' own, having run these."""
    symbols = _symbols(study)
    if study.isomers.source == "nvt":
        return [frames_of_run(*deck, symbols, study.isomers.every) for deck in _rungs(study)]
    failed = run(study, workers=workers, force=force, progress=progress, part="isomers").failed
    if failed:
        raise RunError(f"{failed[0].folder}: {failed[0].message}")
    return [frames_of_run(*deck, symbols) for deck in read_manifests(study.folder, "isomers")]


def _symbols(study: Study) -> tuple[str, ...]:
    return tuple(start_structure(study.cluster, study.folder).get_chemical_symbols())


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


def _write(result: StudyIsomers) -> None:
    """Write results/: the structures, what was kept aside, and the JSON last."""
    results = StudyFolder(result.study.folder).results
    results.path.mkdir(exist_ok=True)
    with whole(results.isomer_structures) as part:
        _write_structures(part, result.found)
    results.quenches_aside.unlink(missing_ok=True)
    if result.found.n_failed:
        append_minima(results.quenches_aside, (one for one in result.quenches.minima() if not _is_whole(one)))
    write_isomer_figures(result.found, result.study.folder)
    write_json(results.isomers, result.to_json())


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
