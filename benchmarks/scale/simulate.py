"""The real head with nodes that compute nothing: what a study of 100,000 decks asks of it.

The head writes the decks, queues, sends and collects them, puts back those that a scheduler stops, and looks at those
that run, all by deckgen's own code. Its tasks are sent as to Parsl, to one process that gives each deck the files of
one that is done: as hard links, so that 100,000 decks need no disk. What Parsl itself costs is not in it.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

import deckgen
from benchmarks.scale.here import look_at_done
from benchmarks.scale.meter import HeadMeter, own_memory_MB, say, timed
from benchmarks.scale.studies import write_study
from deckgen.decks.deck import read_manifests
from deckgen.decks.manifest import MANIFEST, manifest_text, read_manifest, read_run
from deckgen.processes.executor import TaskExecutor
from deckgen.processes.subprocesses import pickled_task
from deckgen.runs.engine import RunRecord
from deckgen.runs.outputs import Cut

__all__ = ["simulate_nodes"]

P = ParamSpec("P")
T = TypeVar("T")

AT_ONCE = 640
STOPPED = 10
"""One deck in so many is stopped by the scheduler once, and begins again."""


class SimulatedNodes(TaskExecutor):
    """Nodes that leave the files of a deck that is done, and nothing else."""

    max_workers = AT_ONCE
    cores_per_task = 1
    loses_tasks = True

    def __init__(self, done: Path) -> None:
        self._queue = SimpleQueue[tuple[Future[Any], bytes, Path] | None]()
        context = multiprocessing.get_context("fork")  # spawn leaves a process behind, whose end would be waited for
        self._nodes, theirs = context.Pipe()
        self._process = context.Process(target=_nodes, args=(theirs, done), daemon=True)
        self._process.start()
        threading.Thread(target=self._send, daemon=True).start()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Queue a deck; what was to be called is carried as to other nodes, and not called."""
        future = Future[T]()
        self._queue.put((future, pickled_task(fn, args, kwargs), Path(str(args[0]))))
        return future

    def _send(self) -> None:
        while (task := self._queue.get()) is not None:
            future, _, deck = task
            self._nodes.send(deck)
            future.set_result(self._nodes.recv())

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 (nothing runs)
        """End the process of the nodes."""
        self._queue.put(None)
        self._process.terminate()

    def stop(self, grace_s: float = 10.0) -> None:  # noqa: ARG002
        """End the process of the nodes."""
        self.shutdown()


def _nodes(head: Connection, done: Path) -> None:
    """Give decks the outputs of one that is done, or stop them once, until the head closes its end."""
    outputs = [path for path in done.iterdir() if path.is_file() and path.name != MANIFEST]
    run, n_decks, told = read_run(done), 0, set[Path]()
    with suppress(EOFError):
        while True:
            deck = head.recv()
            manifest, n_decks = read_manifest(deck), n_decks + 1
            if stopped := n_decks % STOPPED == 0 and deck not in told:
                told.add(deck)
            else:
                for path in outputs:
                    _give(path, deck / path.name)
                (deck / MANIFEST).write_text(manifest_text(manifest, run))
            outcome, step = ("interrupted", 0) if stopped else ("done", manifest.n_steps)
            head.send([RunRecord(deck, outcome, 0, step, 1.0, Cut(0, 0))])


def _give(path: Path, place: Path) -> None:
    if place.exists():
        return
    try:
        os.link(path, place)
    except OSError:  # a file has 65,000 names at most: begin with another one
        shutil.copy2(path, place)
        os.replace(shutil.copy2(path, path.with_name(f"{path.name}.new")), path)


def simulate_nodes(folder: Path, n_decks: int) -> None:
    """Run decks on simulated nodes, and print what that takes of the head."""
    part = write_study(folder / "part", 3)
    deckgen.run(part, workers=1, progress=False)
    done = next(path for path, manifest in read_manifests(part) if manifest.n_steps)
    study = write_study(folder / "simulated", n_decks)
    with timed(f"writing {n_decks} decks", n_decks):
        deckgen.write_decks(study)
    nodes = SimulatedNodes(done)
    began, before = time.perf_counter(), time.process_time()
    with nodes, HeadMeter(nodes) as meter:
        result = deckgen.run(study, executor=nodes)
    spent = time.process_time() - before
    say("decks done by simulated nodes", f"{len(result.done)}, {len(result.failed)} failed")
    wall = time.perf_counter() - began
    say("the head", f"{wall:.0f} s; processor {spent:.1f} s, {1000 * spent / n_decks:.2f} ms a deck")
    meter.say()
    say("memory of the head", f"{own_memory_MB():.0f} MB")
    names = sum(len(files) for _, _, files in os.walk(study / "decks"))
    say("files of the study", f"{names}, {names / n_decks:.1f} a deck")
    look_at_done(study, n_decks)
