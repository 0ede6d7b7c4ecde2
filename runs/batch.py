"""A batch: all decks of a study that are not finished, each in a process of its own, as many at once as cores."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path

from deckgen.decks.deck import write_under_lock
from deckgen.decks.manifest import Manifest
from deckgen.decks.protocols import Part
from deckgen.decks.render import Prepared, prepare
from deckgen.processes.attempts import MOST_ATTEMPTS, Attempts
from deckgen.processes.display import duration
from deckgen.processes.executor import TaskExecutor, WorkerError, use_executor
from deckgen.processes.lock import LOCK, forget_dead, lock
from deckgen.processes.tasks import Tasks, why_failed
from deckgen.runs import journal
from deckgen.runs.engine import RunRecord, run_alone
from deckgen.runs.exchange.ladder import run_ladder
from deckgen.runs.exchange.plan import Ladder, ladders_of
from deckgen.runs.exchange.walkers import describe
from deckgen.runs.opening import prepare_nodes
from deckgen.runs.outputs import is_finished
from deckgen.runs.progress import Progress
from deckgen.runs.rows import last_step
from deckgen.runs.status import DeckStatus, deck_status
from deckgen.study import Study
from deckgen.study.folder import StudyFolder

__all__ = ["BatchInterrupt", "BatchResult", "FailedDeck", "run"]

GRACE_S = 60.0  # a worker that was asked to stop ends at its next step: of a large GAP that takes seconds


@dataclass(frozen=True)
class FailedDeck:
    """A deck that failed, and why: LAMMPS' message and its last input line, or how its process died."""

    folder: Path
    message: str

    @property
    def reason(self) -> str:
        """The message without the deck's folder: decks that failed alike have the same."""
        said = self.message.removeprefix(f"{self.folder}: ")
        return said.replace(f"{self.folder} ", "the deck's folder ").replace(str(self.folder), ".")


@dataclass
class BatchResult:
    """What became of a study's decks: run to their end, failed, stopped on the way or not begun, finished before.

    Of a study with a goal, `verdict` says how far it was reached.
    """

    done: list[RunRecord] = field(default_factory=list)
    failed: list[FailedDeck] = field(default_factory=list)
    interrupted: list[Path] = field(default_factory=list)
    skipped: list[Path] = field(default_factory=list)
    verdict: str = ""


class BatchInterrupt(KeyboardInterrupt):
    """Ctrl-C or SIGTERM ended the batch, after the workers had written their restarts; `str()` says how to resume."""

    def __init__(self, message: str, result: BatchResult) -> None:
        super().__init__(message)
        self.result = result


def run(
    study: Prepared | Study | Path | str = ".",
    *,
    workers: int | None = None,
    executor: TaskExecutor | None = None,
    force: bool = False,
    progress: bool = True,
    part: Part = "ladder",
    redo: Collection[str] = (),
) -> BatchResult:
    """Write the decks that are missing, then run all that are not finished, the longest first.

    Arguments and exceptions are those of `deckgen.run`, which also goes on to a study's goal.
    """
    prepared = prepare(study)
    study = prepared.study
    with lock(StudyFolder(study.folder).lock, f"the study {study.folder}"):
        written = write_under_lock(prepared, force=force, part=part, redo=redo)
        # without the study's words, which say nothing to a batch: of ten thousand decks they take 6 MB
        decks = {deck.folder: replace(deck.manifest, settings={}) for deck in written}
        del written
        command = f"deckgen {'run' if part == 'ladder' else part} {study.folder}"
        with (
            use_executor(executor, workers) as pool,
            Progress(pool.max_workers, quiet=not progress) as show,
        ):
            return _Batch(study, decks, command, pool, show).run()


class _Batch:
    """One call of `run`, while it holds the study's lock."""

    def __init__(
        self,
        study: Study,
        decks: dict[Path, Manifest],
        command: str,
        executor: TaskExecutor,
        show: Progress,
    ) -> None:
        self.study, self.decks, self.command, self.show = study, decks, command, show
        self._attempts = Attempts[Path | Ladder]()
        self._said = dict[str, str]()  # why decks failed, and the first that did
        self._dynamics = dict[Path, RunRecord]()  # of decks whose ladders are done
        self.result, self.states = BatchResult(), dict[Path, DeckStatus]()
        for folder, manifest in decks.items():
            if is_finished(folder, manifest):
                self.result.skipped.append(folder)
            self.states[folder] = deck_status(folder, manifest)
        if left := decks.keys() - set(self.result.skipped):
            prepare_nodes(executor, min(left, key=str))  # all have the same potential
        self.tasks = Tasks[Path | Ladder, list[RunRecord]](
            executor,
            show,
            self._collect,
            self._show,
            grace_s=GRACE_S,
            stopping="stopping: the decks that run write their restarts (Ctrl-C once more kills them)",
        )

    def run(self) -> BatchResult:
        try:
            self.tasks.run(self._begin)
        except KeyboardInterrupt:
            for job, message in self.tasks.cut_short:
                for folder in _folders(job):
                    self.result.interrupted.append(folder)
                    if message:
                        self._died(folder, "killed", message)
            count = len(self.result.interrupted)
            message = f"interrupted, {count} decks to go; to resume: {self.command}{self.tasks.executor.option}"
            self.show.say(message)
            raise BatchInterrupt(message, self.result) from None
        return self.result

    def _begin(self) -> None:
        ladders = ladders_of(self.study, self.decks, self.result.skipped, self.tasks.executor.max_workers)
        for ladder in ladders:
            self._start(ladder)
        together = {folder for ladder in ladders for folder in ladder.decks}
        for folder in sorted(self.decks.keys() - {*self.result.skipped, *together}, key=self._longest_first):
            self._start(folder)

    def _start(self, job: Path | Ladder) -> None:
        if isinstance(job, Ladder):
            cores = self.tasks.executor.cores_per_task  # of one node; without it, those of this machine are shared
            self.tasks.submit(job, run_ladder, job if cores is None else replace(job, at_once=cores))
        else:
            self.tasks.submit(job, run_alone, job)

    def _longest_first(self, folder: Path) -> tuple[bool, int, str]:
        """Order by what is left to do, but first the minimisations: short, and others wait for their answer."""
        n_steps = self.decks[folder].n_steps
        return n_steps > 0, last_step(folder) - n_steps, str(folder)  # paths would keep what they compare

    def _show(self) -> None:
        """Show how far the decks are, looking at those that run: of ten thousand, the others take no time."""
        for job in self.tasks.first_open(self.tasks.executor.max_workers):
            self._look(job)
        self.show.show(list(self.states.values()))

    def _look(self, job: Path | Ladder) -> None:
        for folder in _folders(job):
            self.states[folder] = deck_status(folder, self.decks[folder])

    def _collect(self, job: Path | Ladder, future: Future[list[RunRecord]]) -> None:
        """File the end of a deck, or of all decks of a ladder, under what it was."""
        self._file(job, future)
        self._look(job)

    def _file(self, job: Path | Ladder, future: Future[list[RunRecord]]) -> None:
        own = {folder: folder for folder in _folders(job)}  # a record from another process has a path of its own
        try:
            records = [replace(record, folder=own.get(record.folder, record.folder)) for record in future.result()]
        except Exception as error:
            if not (self.tasks.executor.has_lost(error) and self._begins_again(job, error)):
                self._failed(job, why_failed(error))
            return
        if any(record.outcome == "interrupted" for record in records) and self._begins_again(job):
            return
        for record in records:
            for reason in record.passed_over:
                self.show.say(f"{_name(record.folder)}: {reason}")
            if isinstance(job, Ladder) and record.outcome == "done":
                self._dynamics[record.folder] = record
                self._start(record.folder)  # its dynamics are done: it is quenched
            else:
                self._ended(record)
        if isinstance(job, Ladder):
            self.show.say(f"ladder {job.replica}: {describe(job)}")

    def _begins_again(self, job: Path | Ladder, error: Exception | None = None) -> bool:
        """Put a job back that others have stopped, a scheduler at the end of its time for one; return whether it was.

        A job that gets no further is not put back for ever.
        """
        if not self.tasks.executor.loses_tasks or self.tasks.is_stopping:
            return False
        reached = sum(last_step(folder) for folder in _folders(job))
        if not self._attempts.allow(job, reached):
            message = f"stopped {MOST_ATTEMPTS} times without a step gained; a longer walltime may help"
            self._failed(job, f"{message}; last: {why_failed(error)}" if error else message)
            return True
        if isinstance(error, WorkerError):
            for folder in _folders(job):
                forget_dead(folder / LOCK)
        self._start(job)
        return True

    def _failed(self, job: Path | Ladder, message: str) -> None:
        """Name the deck that failed; the others of its ladder stopped for it."""
        culprit = next((folder for folder in _folders(job) if message.startswith(str(folder))), _folders(job)[0])
        self.result.failed.append(FailedDeck(culprit, message))
        self._died(culprit, "failed", message)
        for folder in _folders(job):
            if folder != culprit:
                self.result.interrupted.append(folder)
                journal.close_dead(folder, "interrupted", last_step(folder), f"its ladder stopped: {message}")

    def _ended(self, record: RunRecord) -> None:
        if before := self._dynamics.get(record.folder):
            seconds = before.seconds + record.seconds
            record = replace(before, outcome=record.outcome, to_step=record.to_step, seconds=seconds)
        if record.outcome == "done":
            self.result.done.append(record)
        else:
            self.result.interrupted.append(record.folder)
        begun = " before it began" if record.outcome == "interrupted" else ""
        where = f" at step {record.to_step:,}" if record.to_step else begun
        self.show.say(f"{_name(record.folder)}: {record.outcome}{where} after {duration(record.seconds)}")

    def _died(self, folder: Path, outcome: str, message: str) -> None:
        journal.close_dead(folder, outcome, last_step(folder), message)
        reason = FailedDeck(folder, message).reason
        first = self._said.setdefault(reason, _name(folder))
        self.show.say(f"{_name(folder)}: {outcome}{f': {reason}' if first == _name(folder) else f' as {first}'}")


def _folders(job: Path | Ladder) -> tuple[Path, ...]:
    return (job,) if isinstance(job, Path) else job.decks


def _name(folder: Path) -> str:
    return f"{folder.parent.name}/{folder.name}"
