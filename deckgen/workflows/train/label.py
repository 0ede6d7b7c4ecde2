"""Labelling: energies and forces of given frames from the reference calculator, several at once, resumable."""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path

from rich.console import Console
from rich.text import Text

from deckgen.errors import DeckgenError
from deckgen.findings import Finding
from deckgen.processes.executor import SubprocessExecutor
from deckgen.processes.lock import LOCK, lock
from deckgen.processes.signals import sigterm_as_ctrl_c
from deckgen.reference.calculator import Labels, check, single_point
from deckgen.training.dataset import LabelledFrame
from deckgen.training.findings import about_net_forces
from deckgen.training.labels.jobs import FailedFrame, Job, LabelResult, LabelStore, jobs_of
from deckgen.training.labels.vasp import VASP_FILES, label_by_folders
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.folder import FRAMES, LABELS, SAMPLED

__all__ = ["FailedFrame", "LabelResult", "label"]

TICK_S, LINE_EVERY_S = 1.0, 10.0


def label(
    recipe: Recipe | Path | str = ".",
    *,
    frames: Path | None = None,
    folder: Path | None = None,
    workers: int | None = None,
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
        If another process labels in this folder.
    KeyboardInterrupt
        At Ctrl-C or SIGTERM: what is labelled is kept, and `str()` says how to go on.
    """
    recipe = recipe if isinstance(recipe, Recipe) else Recipe.read(recipe)
    folder = folder or recipe.folder / LABELS
    jobs = jobs_of(frames or recipe.folder / FRAMES / SAMPLED, recipe)
    console = Console(stderr=True, quiet=not progress, soft_wrap=True)
    with lock(folder / LOCK, f"the folder {folder}"):
        if recipe.reference.calculator == VASP_FILES:
            return label_by_folders(folder, recipe.reference, jobs)
        versions = check(recipe.reference)
        store = LabelStore(folder, recipe.reference, versions)
        if retry_failed:
            store.forget_failed()
        return _Labelling(recipe, store, jobs, console).run(workers)


class _Labelling:
    """One call of `label`, while it holds the folder."""

    def __init__(self, recipe: Recipe, store: LabelStore, jobs: list[Job], console: Console) -> None:
        self.recipe, self.store, self.console = recipe, store, console
        self.todo = [job for job in jobs if job.key not in store.labelled | store.failed]
        self.result = LabelResult(store.labelled_file)
        self.result.n_known = sum(job.key in store.labelled for job in jobs)
        self.result.n_failed_before = sum(job.key in store.failed for job in jobs)
        self.frames = list[LabelledFrame]()
        self.futures = dict[Future[Labels], Job]()

    def run(self, workers: int | None) -> LabelResult:
        executor = SubprocessExecutor(workers)
        with sigterm_as_ctrl_c():
            try:
                for job in self.todo:
                    self.futures[executor.submit(single_point, job.atoms, self.recipe.reference)] = job
                self._watch(executor.max_workers)
            except KeyboardInterrupt:
                executor.stop(grace_s=0)
                left = len(self.todo) - self.result.n_labelled - len(self.result.failed)
                raise KeyboardInterrupt(f"interrupted, {left} frames to go; the same command goes on") from None
            finally:
                executor.stop(grace_s=0)
        self.result.findings = about_net_forces(self.frames) + self._about_spin()
        return self.result

    def _watch(self, workers: int) -> None:
        """Collect the frames as they end, with a line now and then."""
        open_, news = set(self.futures), False
        began = last_line = time.monotonic()
        while open_:
            ended, open_ = wait(open_, timeout=TICK_S, return_when=FIRST_COMPLETED)
            for future in ended:
                self._collect(self.futures[future], future)
            news |= bool(ended)
            if news and (time.monotonic() - last_line > LINE_EVERY_S or not open_):
                news, last_line = False, time.monotonic()
                self._say_how_far(last_line - began, workers)

    def _collect(self, job: Job, future: Future[Labels]) -> None:
        try:
            labels = future.result()
        except Exception as error:
            reason = str(error) if isinstance(error, DeckgenError) else f"{type(error).__name__}: {error}"
            self.store.add_failed(job, reason)
            self.result.failed.append(FailedFrame(job.source, reason))
            self.console.print(Text(f"{job.source}: failed: {reason}"))
        else:
            frame = self.store.add(job, labels.atoms, labels.energy_eV, labels.forces_eV_A, labels.energy_kind)
            self.frames.append(frame)
            self.result.n_labelled += 1

    def _about_spin(self) -> list[Finding]:
        atoms = [frame.formula for frame in self.frames if frame.n_atoms == 1]
        if not atoms or self.recipe.data.isolated_spin:
            return []
        message = (
            f"the isolated atom of {', '.join(atoms)} was labelled, but its spin is not stated: say it in words "
            "([data] isolated_spin), and to the calculator where it needs to know ([reference] isolated_keywords)"
        )
        return [Finding("isolated_spin", message)]

    def _say_how_far(self, seconds: float, workers: int) -> None:
        done, failed = self.result.n_labelled, len(self.result.failed)
        words = f"{done} of {len(self.todo)} frames labelled" + (f", {failed} failed" if failed else "")
        left = (len(self.todo) - done - failed) * seconds / (done + failed)
        if left:
            words += f", about {left / 60:.0f} min left on {workers} worker{'s' * (workers > 1)}"
        self.console.print(Text(words))
