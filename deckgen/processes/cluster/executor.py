"""The executor over the nodes of a cluster: Parsl's HighThroughputExecutor behind deckgen's interface.

Parsl asks the scheduler for blocks of nodes, brings the tasks to them, and notices nodes that are lost. What it does
not do is done here: a task whose node was lost begins again; a node that was told to end gets no more tasks; at Ctrl-C
the blocks are cancelled, so that decks write their restarts, in place of waiting for all of them to end; a head that is
killed takes its interchange along, without which its blocks end by themselves.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from deckgen.errors import InstallationError
from deckgen.files import make_folder
from deckgen.processes.cluster.engine import reason, start_engine
from deckgen.processes.cluster.machine import HERE, Machine, require_plain
from deckgen.processes.cluster.node import NodeAnswer, run_on_node
from deckgen.processes.cluster.steps import ask_step_to_end
from deckgen.processes.executor import NodeLostError, TaskExecutor
from deckgen.processes.subprocesses import pickled_task

__all__ = ["ClusterExecutor"]

P = ParamSpec("P")
T = TypeVar("T")

MOST_LOSSES = 3
ANSWER_S = 5
HERE_S = 20.0
"""What the tasks have to end where the head runs in the job itself: Slurm kills both some 30 s after it has asked, and
the head has last words, too."""
LOOK_S = 0.2


class ClusterExecutor(TaskExecutor):
    """Run tasks in the jobs that a machine's scheduler gives. Nothing is started before the first task.

    Parameters
    ----------
    machine
        The machine.
    log
        Folder of Parsl's logs and submit scripts; each executor makes a folder of its own there.
    drain
        Begin no task shortly before the end of a job.

    Raises
    ------
    InstallationError
        If Parsl is not installed.
    InputError
        If the path of `log` has characters that a shell may not take as they are.
    """

    loses_tasks = True

    def __init__(self, machine: Machine, log: Path, *, drain: bool = False) -> None:
        self.machine, self.max_workers, self.cores_per_task = machine, machine.tasks, machine.cores_per_task
        self.option = f" --on {machine.name}"
        self._lock = threading.Lock()
        self._open = set[Future[Any]]()
        self._closed = self._stopped = False
        if find_spec("parsl") is None:
            raise InstallationError("other machines need Parsl", hint='pip install "deckgen-lammps[cluster]"')
        self._log, self._drain = log.resolve(), drain
        require_plain(self._log)
        self._preparations = list[str]()
        self._kernel: Any = None
        self._engine: Any = None
        self._handlers = list[logging.Handler]()

    def prepare_nodes(self, function: Callable[[], object]) -> None:
        """Have a function called on each node before its first task; one that comes after the first task is not."""
        name = f"{function.__module__}:{function.__qualname__}"
        if name not in self._preparations:
            self._preparations.append(name)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Queue `fn(*args, **kwargs)`.

        Raises
        ------
        InputError
            If the task cannot be carried into another process.
        RuntimeError
            After `shutdown` or `stop`.
        """
        future, payload = Future[T](), pickled_task(fn, args, kwargs)
        with self._lock:
            if self._closed:
                raise RuntimeError("cannot submit to an executor that was shut down")
            if self._kernel is None:
                make_folder(self._log)
                before = list(logging.getLogger("parsl").handlers)
                self._kernel, self._engine = start_engine(
                    self.machine, self._log, drain=self._drain, preparations=self._preparations
                )
                self._handlers = [one for one in logging.getLogger("parsl").handlers if one not in before]
            self._open.add(future)
        self._send(future, payload, losses=0)
        return future

    def _send(self, future: Future[Any], payload: bytes, losses: int) -> None:
        task = self._kernel.submit(
            run_on_node, [payload], executors="all", cache=False, ignore_for_cache=[], app_kwargs={}
        )
        task.add_done_callback(partial(self._ended, future, payload, losses))

    def _ended(self, future: Future[Any], payload: bytes, losses: int, task: Future[NodeAnswer]) -> None:
        """Take what the engine says of a task; one whose node was lost begins again."""
        error = task.exception()
        answer = NodeAnswer(error=reason(error)) if error is not None else task.result()
        if answer.ending_pool:
            self._hold(answer.ending_pool)
        if isinstance(answer.error, NodeLostError) and self._stopped:
            return  # it has not begun, or has nothing to say: it is given up with those that wait
        if isinstance(answer.error, NodeLostError) and losses + 1 < MOST_LOSSES:
            self._send(future, payload, losses + 1)
            return
        with self._lock:
            wanted = future in self._open and future.set_running_or_notify_cancel()
            self._open.discard(future)
        if not wanted:
            return
        if answer.error is not None:
            future.set_exception(answer.error)
        else:
            future.set_result(answer.result)

    def _hold(self, pool: str) -> None:
        """Send no more tasks to a node that was told to end."""
        with contextlib.suppress(Exception):  # it is gone already
            self._engine._hold_manager(pool)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more tasks; wait for those there are, or give them up; then end the jobs."""
        self._closed = True
        if cancel_futures:
            self._give_up()
        while wait and self._open:
            time.sleep(LOOK_S)
        if wait:
            self._end()

    def stop(self, grace_s: float = 10.0) -> None:
        """Cancel the jobs, so that the tasks are asked to end; give up those without an answer after `grace_s` seconds.

        Inside a job of one's own they have 20 s at most. May be called again, with less patience.
        """
        self._closed = self._stopped = True
        if self._kernel is None or self._kernel.cleanup_called:
            return
        try:
            end = time.monotonic() + self._ask_to_end(grace_s)
            while self._n_running() and time.monotonic() < end:
                time.sleep(LOOK_S)
        finally:
            self._give_up()
            self._end()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None or issubclass(kind, Exception):
            self.shutdown(wait=True)
        else:
            self.stop()

    def _ask_to_end(self, grace_s: float) -> float:
        """Ask the tasks to end; return how many seconds of `grace_s` they have."""
        if self.machine.scheduler != HERE:
            self._cancel_blocks()
            return grace_s
        self._engine.provider.max_blocks = 0
        ask_step_to_end()
        return min(grace_s, HERE_S)

    def _cancel_blocks(self) -> None:
        self._engine.provider.max_blocks = 0  # no more of them
        jobs = list(self._engine.blocks_to_job_id.values())
        if jobs:
            self._engine.provider.cancel(jobs)

    def _n_running(self) -> int:
        """Return how many tasks are on nodes, as far as is known."""
        try:
            pools = self._engine.command_client.run("MANAGERS", timeout_s=ANSWER_S)
            return sum(pool["tasks"] for pool in pools)
        except Exception:
            return 0

    def _give_up(self) -> None:
        with self._lock:
            left = list(self._open)
            self._open.clear()
        for future in left:
            future.cancel()
            future.set_running_or_notify_cancel()

    def _end(self) -> None:
        if self._kernel is not None and not self._kernel.cleanup_called:
            with contextlib.suppress(Exception):
                self._cancel_blocks()
            self._kernel.cleanup()
            for handler in self._handlers:  # which Parsl leaves open
                handler.close()
