"""Labelling: energies and forces of given frames from the reference calculator, several at once, resumable."""

from __future__ import annotations

import time
from concurrent.futures import Future
from pathlib import Path

from deckgen.findings import Finding
from deckgen.processes.attempts import Attempts
from deckgen.processes.display import Display, time_left
from deckgen.processes.executor import TaskExecutor, says_nothing, use_executor
from deckgen.processes.lock import LOCK, lock
from deckgen.processes.tasks import Tasks, why_failed
from deckgen.reference.calculator import Labels, check, single_point
from deckgen.training.dataset import LabelledFrame
from deckgen.training.findings import about_net_forces
from deckgen.training.labels.jobs import FailedFrame, Job, LabelResult, LabelStore, jobs_of
from deckgen.training.labels.vasp import VASP_FILES, label_by_folders
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.folder import FRAMES, LABELS, SAMPLED

__all__ = ["FailedFrame", "LabelResult", "label", "label_under_lock"]


def label(
    recipe: Recipe | Path | str = ".",
    *,
    frames: Path | None = None,
    folder: Path | None = None,
    workers: int | None = None,
    executor: TaskExecutor | None = None,
    retry_failed: bool = False,
    progress: bool = True,
) -> LabelResult:
    """Label frames with the calculator of [reference]; each is written as soon as it is done.

    Started again, it labels the frames that are missing. With e0 = "isolated" the isolated atom of each element is
    labelled too, unless the data have it. With calculator = "vasp-files" nothing is run: a first call writes a folder
    for each frame, later calls collect what VASP has left in them.

    Parameters
    ----------
    recipe
        The training project: its recipe, its folder or its gap.toml.
    frames
        The frames, in any format that ASE reads; None: the project's frames/sampled.extxyz.
    folder
        Where labelled.extxyz and failed.extxyz are; None: the project's labels/.
    workers
        Frames at once, each on one core; None: as many as cores.
    executor
        Runs them, in place of one of its own.
    retry_failed
        Try the frames that failed before again; the file that lists them is set aside.
    progress
        Show the progress on standard error.

    Raises
    ------
    InputError
        If the frames cannot be read, the calculator refuses its keywords, or the folder has labels of another one.
    InstallationError
        If the calculator is not there.
    RunError
        If another command trains in this project.
    KeyboardInterrupt
        At Ctrl-C or SIGTERM: what is labelled is kept, and `str()` says how to resume.
    """
    recipe = recipe if isinstance(recipe, Recipe) else Recipe.read(recipe)
    with lock(recipe.folder / LOCK, f"the training project {recipe.folder}"):
        return label_under_lock(
            recipe,
            frames or recipe.folder / FRAMES / SAMPLED,
            folder or recipe.folder / LABELS,
            workers=workers,
            executor=executor,
            retry_failed=retry_failed,
            progress=progress,
        )


def label_under_lock(
    recipe: Recipe,
    frames: Path,
    folder: Path,
    *,
    workers: int | None = None,
    executor: TaskExecutor | None = None,
    retry_failed: bool = False,
    progress: bool = True,
) -> LabelResult:
    """Label frames as `label` does, for a caller that holds the project's lock."""
    jobs = jobs_of(frames, recipe)
    if recipe.reference.calculator == VASP_FILES:
        return label_by_folders(folder, recipe.reference, jobs)
    store = LabelStore(folder, recipe.reference, check(recipe.reference))
    if retry_failed:
        store.forget_failed()
    with use_executor(executor, workers) as pool, Display(quiet=not progress) as display:
        return _Labelling(recipe, store, jobs, pool, display).run()


class _Labelling:
    """One call of `label`, while it holds the folder."""

    def __init__(
        self, recipe: Recipe, store: LabelStore, jobs: list[Job], executor: TaskExecutor, display: Display
    ) -> None:
        self.recipe, self.store, self.display = recipe, store, display
        self.todo = [job for job in jobs if job.key not in store.labelled | store.failed]
        self.result = LabelResult(store.labelled_file)
        self.result.n_known = sum(job.key in store.labelled for job in jobs)
        self.result.n_failed_before = sum(job.key in store.failed for job in jobs)
        self.frames = list[LabelledFrame]()
        self.workers, self.began, self.left_s = executor.max_workers, time.monotonic(), 0.0
        self._attempts = Attempts[str]()
        self.tasks = Tasks[Job, Labels](executor, display, self._collect, self._show)

    @property
    def n_left(self) -> int:
        """Number of frames to go."""
        return len(self.todo) - self.result.n_labelled - len(self.result.failed)

    def run(self) -> LabelResult:
        try:
            self.tasks.run(self._begin)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"interrupted, {self.n_left} frames to go; the same command resumes") from None
        self.result.findings = about_net_forces(self.frames) + self._about_spin()
        return self.result

    def _begin(self) -> None:
        for job in self.todo:
            self._start(job)

    def _start(self, job: Job) -> None:
        self.tasks.submit(job, single_point, job.atoms, self.recipe.reference)

    def _collect(self, job: Job, future: Future[Labels]) -> None:
        try:
            labels = future.result()
        except Exception as error:
            if self.tasks.executor.has_lost(error) and self._attempts.allow(job.key, 0) and not self.tasks.is_stopping:
                self._start(job)
                return
            reason = why_failed(error)
            if not says_nothing(error):
                self.store.add_failed(job, reason)
            self.result.failed.append(FailedFrame(job.source, reason))
            self.display.say(f"{job.source}: failed: {reason}")
        else:
            frame = self.store.add(job, labels.atoms, labels.energy_eV, labels.forces_eV_A, labels.energy_kind)
            self.frames.append(frame)
            self.result.n_labelled += 1
        self.left_s = self.n_left * (time.monotonic() - self.began) / (len(self.todo) - self.n_left)

    def _show(self) -> None:
        failed = len(self.result.failed)
        words = f"{self.result.n_labelled} of {len(self.todo)} frames labelled" + f", {failed} failed" * (failed > 0)
        if self.left_s:
            words += f", {time_left(self.left_s, self.workers)}"
        self.display.update(words, at_once=not self.n_left)

    def _about_spin(self) -> list[Finding]:
        atoms = [frame.formula for frame in self.frames if frame.n_atoms == 1]
        if not atoms or self.recipe.data.isolated_spin:
            return []
        message = (
            f"the isolated atom of {', '.join(atoms)} was labelled, but its spin is not stated: say it in words "
            "([data] isolated_spin), and to the calculator where it needs to know ([reference] isolated_keywords)"
        )
        return [Finding("isolated_spin", message)]
