"""A batch: all decks of a study that are not finished, each in a process of its own, as many at once as cores."""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass, field
from pathlib import Path

from deckgen.decks.deck import write_decks
from deckgen.decks.manifest import Manifest
from deckgen.decks.protocols import Part
from deckgen.decks.render import Prepared, prepare
from deckgen.errors import DeckgenError
from deckgen.processes.executor import SubprocessExecutor, WorkerError
from deckgen.processes.lock import HEARTBEAT_S, lock
from deckgen.processes.signals import sigterm_as_ctrl_c
from deckgen.runs import journal
from deckgen.runs.engine import RunRecord, run_deck
from deckgen.runs.outputs import is_finished, last_step
from deckgen.runs.progress import Progress, duration
from deckgen.runs.status import deck_status
from deckgen.study import Study
from deckgen.study.folder import StudyFolder

__all__ = ["BatchInterrupt", "BatchResult", "FailedDeck", "run"]

TICK_S = 1.0
GRACE_S = 60.0  # a worker that was asked to stop ends at its next step: of a large GAP that takes seconds


@dataclass(frozen=True)
class FailedDeck:
    """A deck that failed, and why: LAMMPS' message and its last input line, or how its process died."""

    folder: Path
    message: str


@dataclass
class BatchResult:
    """What became of a study's decks: run to their end, failed, stopped on the way or not begun, finished before."""

    done: list[RunRecord] = field(default_factory=list)
    failed: list[FailedDeck] = field(default_factory=list)
    interrupted: list[Path] = field(default_factory=list)
    skipped: list[Path] = field(default_factory=list)


class BatchInterrupt(KeyboardInterrupt):
    """Ctrl-C or SIGTERM ended the batch, after the workers had written their restarts; `str()` says how to resume."""

    def __init__(self, message: str, result: BatchResult) -> None:
        super().__init__(message)
        self.result = result


def run(
    study: Prepared | Study | Path | str = ".",
    *,
    workers: int | None = None,
    force: bool = False,
    progress: bool = True,
    part: Part = "ladder",
) -> BatchResult:
    """Run a study: write the decks that are missing, then run all that are not finished, the longest first.

    A deck that fails does not disturb the others. Started again after a stop, a crash, or a change of the study's
    length or ladder, it goes on from the restarts and runs nothing twice.

    Parameters
    ----------
    study
        A study, its folder or its file.
    workers
        Decks at once; None: as many as cores.
    force
        Replace decks that were made of another study.
    progress
        Show the progress on standard error.
    part
        The ladder's runs, or the isomers' own.

    Raises
    ------
    InputError
        If the study is wrong, or its decks are stale.
    RunError
        If another batch runs on this study.
    BatchInterrupt
        At Ctrl-C or SIGTERM, once the workers have stopped.
    """
    prepared = prepare(study)
    study = prepared.study
    with lock(StudyFolder(study.folder).lock, f"the study {study.folder}"):
        decks = {deck.folder: deck.manifest for deck in write_decks(prepared, force=force, part=part)}
        command = f"deckgen {'run' if part == 'ladder' else 'isomers'} {study.folder}"
        return _Batch(study.folder, decks, workers, command).run(progress)


class _Batch:
    """One call of `run`, while it holds the study's lock."""

    def __init__(self, study_folder: Path, decks: dict[Path, Manifest], workers: int | None, command: str) -> None:
        self.study_folder, self.decks, self.command = study_folder, decks, command
        self.executor = SubprocessExecutor(workers)
        self.result = BatchResult(skipped=[folder for folder in decks if is_finished(folder, decks[folder])])
        self.futures: dict[Future[RunRecord], Path] = {}
        self.stopping = False

    def run(self, progress: bool) -> BatchResult:
        with sigterm_as_ctrl_c(), Progress(self.executor.max_workers, quiet=not progress) as show:
            try:
                todo = sorted(self.decks.keys() - set(self.result.skipped), key=self._longest_first)
                for folder in todo:
                    self.futures[self.executor.submit(run_deck, folder)] = folder
                self._watch(show)
            except KeyboardInterrupt:
                show.say("stopping: the decks that run write their restarts (once more Ctrl-C: kill them)")
                self._stop(show)
                count = len(self.result.interrupted)
                message = f"interrupted, {count} decks to go; to go on: {self.command}"
                show.say(message)
                raise BatchInterrupt(message, self.result) from None
            finally:
                self.executor.stop(grace_s=0)
        return self.result

    def _longest_first(self, folder: Path) -> tuple[bool, int, Path]:
        """Order by what is left to do, but first the minimisations: short, and others wait for their answer."""
        n_steps = self.decks[folder].n_steps
        return n_steps > 0, last_step(folder) - n_steps, folder

    def _watch(self, show: Progress) -> None:
        """Wait for the decks, showing how far they are."""
        open_, beat = set(self.futures), time.monotonic()
        while open_:
            ended, open_ = wait(open_, timeout=TICK_S, return_when=FIRST_COMPLETED)
            for future in ended:
                self._collect(future, show)
            show.show([deck_status(folder, manifest) for folder, manifest in self.decks.items()])
            if time.monotonic() - beat > HEARTBEAT_S:
                StudyFolder(self.study_folder).lock.touch()
                beat = time.monotonic()

    def _stop(self, show: Progress) -> None:
        """Stop the workers gently, and collect what they answer."""
        self.stopping = True
        with contextlib.suppress(KeyboardInterrupt):  # the second: stop() has killed them
            self.executor.stop(GRACE_S)
        for future in list(self.futures):
            self._collect(future, show)

    def _collect(self, future: Future[RunRecord], show: Progress) -> None:
        """File one deck's end under what it was."""
        folder = self.futures.pop(future)
        name = "/".join(folder.parts[-2:])
        try:
            record = future.result()
        except CancelledError:
            self.result.interrupted.append(folder)
        except Exception as error:
            message = str(error) if isinstance(error, DeckgenError) else f"{type(error).__name__}: {error}"
            killed = self.stopping and isinstance(error, WorkerError)
            journal.close_dead(folder, "killed" if killed else "failed", last_step(folder), message)
            if killed:
                self.result.interrupted.append(folder)
            else:
                self.result.failed.append(FailedDeck(folder, message))
            show.say(f"{name}: {'killed' if killed else 'failed'}: {message}")
        else:
            if record.outcome == "done":
                self.result.done.append(record)
            else:
                self.result.interrupted.append(folder)
            where = f" at step {record.to_step:,}" if record.to_step else ""
            show.say(f"{name}: {record.outcome}{where} after {duration(record.seconds)}")
