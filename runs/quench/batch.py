"""Quenching many frames: chunks over all cores, resumable to the frame."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from deckgen.errors import RunError
from deckgen.minima import Minimum, append_minima, read_minima
from deckgen.processes.executor import SubprocessExecutor, WorkerError
from deckgen.processes.lock import HEARTBEAT_S, LOCK, lock
from deckgen.processes.signals import sigterm_as_ctrl_c
from deckgen.runs.quench.frames import FrameSource, frames_of_minima
from deckgen.runs.quench.progress import QuenchProgress
from deckgen.runs.quench.worker import Chunk, Goal, failed_minimum, quench_chunks

__all__ = ["Quenches", "quench", "tighten"]

CHUNK = 25
TICK_S = 1.0
GRACE_S = 60.0
MOST_DEATHS = 3


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
    deck: Path, sources: Sequence[FrameSource], goal: Goal, *, workers: int | None = None, progress: bool = True
) -> Quenches:
    """Quench all frames of some sources with a quench deck; what has been quenched already is not quenched again.

    Parameters
    ----------
    deck
        Folder of the quench deck; the minima are written beside it.
    sources
        The frames.
    goal
        When a quench is there.
    workers
        Processes at once; None: as many as cores.
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
    with lock(deck / LOCK, f"the quench deck {deck}"):
        _Quenching(deck, chunks, goal, workers).run(progress)
    return Quenches(chunks)


def tighten(
    deck: Path, minima: Sequence[Minimum], goal: Goal, *, workers: int | None = None, progress: bool = True
) -> list[Minimum]:
    """Minimise minima further, with a quench deck of a tighter tolerance; resumable as `quench`, which it raises as."""
    if not minima:
        return []
    source = frames_of_minima(minima, deck, minima[0].symbols)
    return list(quench(deck, [source], goal, workers=workers, progress=progress).minima())


def _chunks(deck: Path, source: FrameSource) -> Iterator[Chunk]:
    stem = f"{source.name}-{source.key}"
    for number, first in enumerate(range(0, source.count, CHUNK)):
        yield Chunk(source, first, min(first + CHUNK, source.count), deck / f"{stem}.{number:05d}.extxyz")


class _Quenching:
    """One call of `quench`, while it holds the deck's lock."""

    def __init__(self, deck: Path, chunks: Sequence[Chunk], goal: Goal, workers: int | None) -> None:
        self.deck, self.chunks, self.goal = deck, chunks, goal
        self.todo = list[Chunk]()
        self.executor = SubprocessExecutor(workers)
        self.futures: dict[Future[None], int] = {}
        self.n_started = 0

    def run(self, progress: bool) -> None:
        with sigterm_as_ctrl_c(), QuenchProgress(self.chunks, self.executor.max_workers, quiet=not progress) as show:
            try:
                self._forget_claims()
                self.todo = [chunk for chunk in self.chunks if show.n_done(chunk) < chunk.size]
                for _ in range(min(len(self.todo), self.executor.max_workers)):
                    self._start_worker()
                self._watch(show)
            except KeyboardInterrupt:
                with contextlib.suppress(KeyboardInterrupt):  # the second: stop() has killed them
                    self.executor.stop(GRACE_S)
                show.look()
                message = f"interrupted, {show.n_left} frames to quench; the same command goes on from there"
                raise KeyboardInterrupt(message) from None
            finally:
                self.executor.stop(grace_s=0)
                self._forget_claims()

    def _forget_claims(self) -> None:
        for chunk in self.chunks:
            chunk.claim.unlink(missing_ok=True)

    def _start_worker(self) -> None:
        self.n_started += 1
        task = self.executor.submit(quench_chunks, self.deck, self.todo, self.goal, self.n_started)
        self.futures[task] = self.n_started

    def _watch(self, show: QuenchProgress) -> None:
        n_deaths, beat = 0, time.monotonic()
        while self.futures:
            ended, _ = wait(self.futures, timeout=TICK_S, return_when=FIRST_COMPLETED)
            for future in ended:
                worker = self.futures.pop(future)
                try:
                    future.result()
                except WorkerError as error:
                    n_deaths += 1
                    if n_deaths > MOST_DEATHS or not self._set_aside(worker, error, show):
                        raise RunError(f"{self.deck}: {error.message}", hint="what was quenched is kept") from error
                    self._start_worker()
            show.show()
            if time.monotonic() - beat > HEARTBEAT_S:
                (self.deck / LOCK).touch()
                beat = time.monotonic()

    def _set_aside(self, worker: int, error: WorkerError, show: QuenchProgress) -> bool:
        """Keep the frame aside at which a worker died; return whether there is one."""
        for chunk in self.todo:
            done = chunk.n_done()
            if chunk.claimed_by() == worker and done < chunk.size:
                (start,) = chunk.source.frames(chunk.first + done, chunk.first + done + 1)
                append_minima(chunk.file, [failed_minimum(start, chunk.source.symbols)])
                chunk.claim.unlink()
                show.say(f"{start.source}, frame {start.frame}: kept aside: {error.message}")
                return True
        return False
