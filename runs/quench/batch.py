"""Quenching many frames: chunks over all cores, resumable to the frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from deckgen.errors import RunError
from deckgen.minima import Minimum, append_minima, read_minima
from deckgen.processes.attempts import MOST_ATTEMPTS, Attempts
from deckgen.processes.executor import NodeLostError, TaskExecutor, WorkerError, says_nothing, use_executor
from deckgen.processes.lock import LOCK, lock
from deckgen.processes.tasks import Tasks
from deckgen.runs.opening import prepare_nodes
from deckgen.runs.quench.chunks import Chunk, ChunkQueue
from deckgen.runs.quench.frames import FrameSource, frames_of_minima
from deckgen.runs.quench.hopping import HopSource
from deckgen.runs.quench.progress import QuenchProgress
from deckgen.runs.quench.worker import ForceTolerance, failed_minimum, quench_chunks

__all__ = ["Quenches", "quench", "tighten"]

CLAIMS = ".claims"
CHUNK = 25
BLOCK = 500
"""Minima per file of those that are minimised further: with more of them, the earlier files are the same ones."""
GRACE_S = 60.0
MOST_DEATHS = 3
KEPT = "what was quenched is kept; the same command resumes"


@dataclass(frozen=True)
class Quenches:
    """Where the minima of some frames are."""

    chunks: tuple[Chunk, ...]

    def __len__(self) -> int:
        return sum(chunk.size for chunk in self.chunks)

    def minima(self) -> Iterator[Minimum]:
        """Yield the minima in the order of the frames, one in memory at a time."""
        for chunk in self.chunks:
            yield from islice(read_minima(chunk.file), chunk.size)


def quench(
    deck: Path,
    sources: Sequence[FrameSource | HopSource],
    tolerance: ForceTolerance,
    *,
    workers: int | None = None,
    executor: TaskExecutor | None = None,
    progress: bool = True,
) -> Quenches:
    """Quench all frames of some sources with a quench deck; what has been quenched already is not quenched again.

    Parameters
    ----------
    deck
        Folder of the quench deck; the minima are written beside it.
    sources
        The frames.
    tolerance
        When a quench has converged.
    workers
        Processes at once; None: as many as cores.
    executor
        Runs them, in place of one of its own.
    progress
        Show the progress on standard error.

    Raises
    ------
    RunError
        If LAMMPS cannot be set up, processes die one after the other, or another process is at it.
    KeyboardInterrupt
        At Ctrl-C or SIGTERM, once the workers have stopped.
    """
    chunks = tuple(chunk for source in sources for chunk in _chunks(deck, source))
    with (
        lock(deck / LOCK, f"the quench deck {deck}"),
        use_executor(executor, workers) as pool,
        QuenchProgress(chunks, pool.max_workers, quiet=not progress) as show,
    ):
        _Quenching(deck, chunks, tolerance, pool, show).run()
    return Quenches(chunks)


def tighten(
    deck: Path,
    minima: Sequence[Minimum],
    tolerance: ForceTolerance,
    *,
    workers: int | None = None,
    executor: TaskExecutor | None = None,
    progress: bool = True,
) -> list[Minimum]:
    """Minimise minima further, with a quench deck of a tighter tolerance; resumable as `quench`, which it raises as."""
    if not minima:
        return []
    blocks = [minima[first : first + BLOCK] for first in range(0, len(minima), BLOCK)]
    sources = [frames_of_minima(block, deck, minima[0].symbols) for block in blocks]
    quenches = quench(deck, sources, tolerance, workers=workers, executor=executor, progress=progress)
    return list(quenches.minima())


def _chunks(deck: Path, source: FrameSource | HopSource) -> Iterator[Chunk]:
    if isinstance(source, HopSource):  # each hop begins where the last one ended
        yield Chunk(source, 0, source.count, source.file)
        return
    stem = f"{source.name}-{source.key}"
    for number, first in enumerate(range(0, source.count, CHUNK)):
        yield Chunk(source, first, min(first + CHUNK, source.count), deck / f"{stem}.{number:05d}.extxyz")


class _Quenching:
    """One call of `quench`, while it holds the deck's lock."""

    def __init__(
        self,
        deck: Path,
        chunks: Sequence[Chunk],
        tolerance: ForceTolerance,
        executor: TaskExecutor,
        show: QuenchProgress,
    ) -> None:
        self.deck, self.tolerance, self.show = deck, tolerance, show
        self.queue = ChunkQueue(deck / CLAIMS, tuple(chunk for chunk in chunks if show.n_done(chunk) < chunk.size))
        self.n_workers, self.n_deaths = min(len(self.queue.chunks), executor.max_workers), 0
        self._attempts = Attempts[int]()
        prepare_nodes(executor, deck)
        self.tasks = Tasks[int, None](
            executor,
            show,
            self._collect,
            show.show,
            grace_s=GRACE_S,
            stopping="stopping: what is quenched is kept (Ctrl-C once more kills the workers)",
        )

    def run(self) -> None:
        self.queue.clear()
        try:
            self.tasks.run(self._begin)
        except KeyboardInterrupt:
            self.show.look()
            message = f"interrupted, {self.show.n_left} frames to quench; the same command resumes"
            raise KeyboardInterrupt(message) from None
        finally:
            self.queue.clear()

    def _begin(self) -> None:
        for worker in range(self.n_workers):
            self._start(worker)

    def _start(self, worker: int) -> None:
        self.tasks.submit(worker, quench_chunks, self.deck, self.queue, self.tolerance, worker)

    def _collect(self, worker: int, future: Future[None]) -> None:
        try:
            future.result()
        except (WorkerError, NodeLostError) as error:
            if says_nothing(error):
                self._begin_again(worker, error)
                return
            self.n_deaths += 1
            if self.n_deaths > MOST_DEATHS or not self._set_aside(worker, error):
                raise RunError(f"{self.deck}: {error.message}", hint=KEPT) from error
            self._start(worker)
        else:
            chunk = self.queue.last_of(worker)
            if chunk is not None and chunk.n_done() < chunk.size:
                self._begin_again(worker, RunError("a worker was told to stop"))

    def _begin_again(self, worker: int, error: RunError) -> None:
        """Have a worker that others have stopped go on at the frame where it was.

        Raises
        ------
        RunError
            If that gets no further.
        """
        self.show.look()
        done = sum(chunk.size for chunk in self.queue.chunks) - self.show.n_left
        if self.tasks.is_stopping:
            return
        if not self._attempts.allow(worker, done):
            raise RunError(f"{self.deck}: {error.message}, {MOST_ATTEMPTS} times without a frame", hint=KEPT) from error
        self._start(worker)

    def _set_aside(self, worker: int, error: RunError) -> bool:
        """Keep the frame aside at which a worker died; return whether there is one."""
        chunk = self.queue.last_of(worker)
        if chunk is None or (done := chunk.n_done()) >= chunk.size:
            return False
        (start,) = chunk.source.frames(chunk.first + done, chunk.first + done + 1)
        append_minima(chunk.file, [failed_minimum(start, chunk.source.symbols)])
        self.show.say(f"{start.source}, frame {start.frame}: kept aside: {error.message}")
        return True
