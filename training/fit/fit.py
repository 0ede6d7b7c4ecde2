"""Fitting a potential: from labelled frames to a GAP that is checked, named after its inputs, and recorded.

A fit runs in `running/` of its folder and is moved into place when it has passed every check; another fit that was
there before goes to a folder `NAME.old` beside it.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers

from deckgen.errors import AnalysisError, InputError, RunError
from deckgen.processes.executor import available_cores
from deckgen.quip.gapfile import GapFile, read_gap
from deckgen.room import require_room
from deckgen.training.dataset import Dataset
from deckgen.training.e0 import e0_of
from deckgen.training.fit.arguments import TRAINING_FILE, gap_fit_arguments
from deckgen.training.fit.gap_fit import LOG, Run, run_gap_fit, tail, write_training_file
from deckgen.training.fit.instances import count_instances, require_instances
from deckgen.training.fit.memory import MemoryNeed, format_bytes, memory_need, require_memory
from deckgen.training.fit.native.check import checked_predictions
from deckgen.training.fit.native.engine import fit_natively
from deckgen.training.fit.native.memory import StreamedNeed, streamed_need
from deckgen.training.fit.native.targets import targets_of
from deckgen.training.fit.record import FitResult, put_in_place, read_fit
from deckgen.training.fit.relabel import relabel
from deckgen.training.fit.scales import with_scales
from deckgen.training.predict import predict
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.fit import Fit
from deckgen.training.recipe.folder import XML
from deckgen.training.validation.errors import ErrorTable, error_table

__all__ = ["fit"]

RUNNING = "running"
TINY = 1e-6

Progress = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class _Job:
    """A fit to make."""

    train: Dataset
    fit: Fit
    e0: Mapping[str, float]
    folder: Path
    need: MemoryNeed | StreamedNeed
    arguments: tuple[str, ...]
    inputs_sha256: str

    @property
    def running(self) -> Path:
        return self.folder / RUNNING

    @property
    def partial(self) -> Path:
        """Where the native engine keeps what is not complete, of these inputs alone."""
        return self.folder / f"partial-{self.inputs_sha256[:12]}"


def fit(
    recipe: Recipe, train: Dataset, folder: Path, *, threads: int | None = None, progress: Progress | None = None
) -> FitResult:
    """Fit a GAP to labelled frames.

    Where `folder` holds the fit of the same frames with the same arguments, nothing is done. Another fit there is
    moved to `<folder>.old/N` once this one has succeeded.

    Parameters
    ----------
    recipe
        Its tables [fit] and [data] e0 count.
    train
        The frames.
    folder
        Where gap.xml, its sparseX files, gap_fit.log and fit.json go.
    threads
        Of gap_fit, or processes of the native engine; None: as many as cores.
    progress
        Called with each stage.

    Raises
    ------
    InputError
        If there are no frames, or no energy of the isolated atom.
    RunError
        If there is not enough memory, or gap_fit fails; also where it reports success, but its potential is missing,
        broken, or no better on its own training frames than one without any forces.
    """
    progress = progress or _silent
    workers = threads or available_cores()
    job = _prepare(recipe, train, folder, workers)
    known = read_fit(folder)
    if known and known.inputs_sha256 == job.inputs_sha256:
        shutil.rmtree(job.running)
        progress(f"{known.xml} is this fit already")
        return known
    progress(f"memory: {job.need}")
    require_memory(job.need)
    try:
        run = _run(job, workers, progress)
        gap = _checked_files(job)
    except (RunError, OSError):
        require_room(job.running)  # gap_fit does not notice a full disk
        raise
    progress("predicting the training frames")
    errors = _checked_errors(job, gap, workers)
    record = _record(job, run, errors)
    put_in_place(record, job.running)
    progress(f"memory taken: {format_bytes(run.peak_bytes)}")
    return record


def _silent(stage: str) -> None:
    """Show nothing."""


def _run(job: _Job, workers: int, progress: Progress) -> Run:
    if isinstance(job.need, MemoryNeed):
        return run_gap_fit(list(job.arguments), job.running, threads=workers, progress=progress)
    for other in set(job.folder.glob("partial-*")) - {job.partial}:
        shutil.rmtree(other)
    targets = targets_of(job.train, job.fit.sigma, job.e0)
    xml = job.running / XML
    return fit_natively(job.fit, targets, job.e0, xml, partial=job.partial, workers=job.need.workers, progress=progress)


def _prepare(recipe: Recipe, train: Dataset, folder: Path, workers: int) -> _Job:
    if not train.frames:
        raise InputError("no frames to fit to", hint="label some, and curate them: deckgen train curate")
    e0 = e0_of(train, recipe.data.e0)
    if not isinstance(recipe.data.e0, str):  # given energies replace those of the files
        train = replace(train, isolated_eV=e0)
    settings = with_scales(recipe.fit, train, e0)
    if settings.sparse_from:
        settings = settings.model_copy(update={"sparse_from": str(recipe.folder / settings.sparse_from)})
    found = count_instances((frame.atoms for frame in train.frames), settings)
    require_instances(found, settings)
    arguments = tuple(gap_fit_arguments(settings, e0))
    if settings.engine == "native":
        arguments = ("engine=native", *_sparse_from(settings), *arguments)
    running = folder / RUNNING
    if running.exists():  # of a fit that failed or was stopped
        shutil.rmtree(running)
    running.mkdir(parents=True)
    write_training_file(running / TRAINING_FILE, train, settings)
    digest = hashlib.sha256((running / TRAINING_FILE).read_bytes())
    digest.update("\0".join(arguments).encode())
    if settings.engine == "native":
        largest = max(frame.n_atoms for frame in train.frames)
        elements = [atomic_numbers[symbol] for symbol in train.elements]
        need: MemoryNeed | StreamedNeed = streamed_need(found, settings, largest, workers, elements)
    else:
        need = memory_need(found, settings)
    return _Job(train, settings, e0, folder, need, arguments, digest.hexdigest())


def _sparse_from(fit: Fit) -> list[str]:
    """Return what the choice of sparse points adds to the inputs."""
    return [f"sparse_from={read_gap(fit.sparse_from).sha256}"] if fit.sparse_from else []


def _checked_files(job: _Job) -> GapFile:
    """Find the potential that gap_fit wrote, give it its label, and check that it is complete."""
    xml = job.running / XML
    if not xml.is_file():
        raise RunError(f"gap_fit ended without a potential; {job.running / LOG} ends with:\n{tail(job.running / LOG)}")
    try:
        relabel(xml, f"GAP_{job.inputs_sha256[:12]}")
        return read_gap(xml)
    except InputError as error:
        raise RunError(f"gap_fit wrote a potential that is broken: {error}") from error


def _checked_errors(job: _Job, gap: GapFile, workers: int) -> ErrorTable:
    """Predict the training frames: the last and the strictest check."""
    frames = [frame.atoms for frame in job.train.frames]
    native = job.fit.engine == "native"
    predictions = checked_predictions(gap.path, frames, workers) if native else predict(gap.path, frames)
    try:
        errors = error_table(job.train, predictions, job.e0)
    except AnalysisError as error:
        raise RunError(f"{gap.path}: {error.message}") from error
    labels = np.concatenate([frame.forces_eV_A.ravel() for frame in job.train.frames])
    rms_meV_A = 1000 * float(np.sqrt(np.square(labels).mean()))
    error_meV_A = errors.overall.force_pooled_rmse_meV_A
    if error_meV_A >= (1 - TINY) * max(rms_meV_A, 1000 * job.fit.sigma.force_eV_A):
        raise RunError(
            f"the fit failed: on its own training frames its forces are off by {error_meV_A:.0f} meV/A (rms), and the "
            f"forces themselves are {rms_meV_A:.0f} meV/A; see {job.running / LOG}",
            hint="a larger sparse_jitter, other scales (delta_eV, sigma), or fewer sparse points",
        )
    return errors


def _record(job: _Job, run: Run, errors: ErrorTable) -> FitResult:
    return FitResult(
        xml=job.folder / XML,
        sha256=read_gap(job.running / XML).sha256,
        inputs_sha256=job.inputs_sha256,
        arguments=job.arguments,
        n_frames=len(job.train),
        n_targets=job.need.n_targets,
        errors=errors.to_json(),
        estimated_bytes=job.need.peak_bytes,
        peak_bytes=run.peak_bytes,
        seconds=run.seconds,
    )
