"""The one loop over tasks: submit, watch, show, collect, stop.

It asks of an executor only what `deckgen.processes.executor.TaskExecutor` promises.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from itertools import count, islice
from queue import Empty, SimpleQueue
from typing import Generic, ParamSpec, TypeVar

from deckgen.errors import DeckgenError
from deckgen.processes.display import Display
from deckgen.processes.executor import NodeLostError, TaskExecutor, WorkerError
from deckgen.processes.signals import sigterm_as_ctrl_c

__all__ = ["Tasks", "why_failed"]

P = ParamSpec("P")
Key = TypeVar("Key")
Answer = TypeVar("Answer")

AHEAD, AT_LEAST = 4, 50
"""The executor is given so many tasks for each of its workers, and so many at least. The others wait here, where each
takes half a kB; a future takes 1.5, and Parsl some 10 for each task."""
TICK_S = 1.0
REST, REST_OF_DISK = 50, 5
"""After a look at the tasks, the next one waits for so many times its processor time, which is 2 % of a core, and for
so many times as long as it took, where the file system is slow."""


def why_failed(error: BaseException) -> str:
    """Return in words why a task failed."""
    return str(error) if isinstance(error, DeckgenError) else f"{type(error).__name__}: {error}"


class Tasks(Generic[Key, Answer]):
    """Tasks that run at the same time, each with a key that says what it is for.

    Parameters
    ----------
    executor
        Runs them. It stays open for its owner, unless the loop ends by an exception: then it is stopped.
    display
        Hears that the tasks are being stopped.
    collect
        Called with the key and the future of a task that has ended by itself: it takes the result or the exception, and
        may submit more. What it raises ends the loop and kills the tasks.
    show
        Called about once a second, more rarely where it takes long, and after the last task: it shows how far they are.
    grace_s
        At Ctrl-C, how many seconds the tasks have to end by themselves.
    stopping
        What is said then.

    Attributes
    ----------
    cut_short : list of (key, message)
        After Ctrl-C, the tasks that have no answer: not begun (the message is empty), or killed.
    """

    def __init__(
        self,
        executor: TaskExecutor,
        display: Display,
        collect: Callable[[Key, Future[Answer]], object],
        show: Callable[[], object],
        *,
        grace_s: float = 0.0,
        stopping: str = "",
    ) -> None:
        self.executor, self.display, self.collect, self.show = executor, display, collect, show
        self.grace_s, self.stopping = grace_s, stopping
        self.cut_short = list[tuple[Key, str]]()
        self._waiting = deque[tuple[Key, Callable[[], Future[Answer]]]]()
        self._open = dict[Future[Answer], tuple[int, Key]]()
        self._numbers = count()
        self._ended = SimpleQueue[Future[Answer]]()
        self._stopped = False

    @property
    def n_open(self) -> int:
        """Number of tasks that have not been collected."""
        return len(self._open) + len(self._waiting)

    def first_open(self, most: int) -> list[Key]:
        """Return what the first tasks are for that have not been collected: those that run, where they run in order."""
        return [key for _, key in islice(self._open.values(), most)]

    @property
    def is_stopping(self) -> bool:
        """Whether Ctrl-C has ended the loop: nothing is started any more."""
        return self._stopped

    def submit(self, key: Key, fn: Callable[P, Answer], /, *args: P.args, **kwargs: P.kwargs) -> None:
        """Start or queue `fn(*args, **kwargs)`; nothing is started after Ctrl-C."""

        def start() -> Future[Answer]:
            return self.executor.submit(fn, *args, **kwargs)

        if not self._stopped:
            self._waiting.append((key, start))
            self._give()

    def _give(self) -> None:
        """Give the executor what keeps its workers busy."""
        most = max(AHEAD * self.executor.max_workers, AT_LEAST)
        while self._waiting and len(self._open) < most:
            key, start = self._waiting.popleft()
            future = start()
            self._open[future] = next(self._numbers), key
            future.add_done_callback(self._ended.put)

    def run(self, begin: Callable[[], object]) -> None:
        """Call `begin`, which submits the first tasks, and collect until none is left.

        Raises
        ------
        KeyboardInterrupt
            At Ctrl-C or SIGTERM, once no task runs any more and those with an answer are collected. A second Ctrl-C
            kills them at once.
        """
        with sigterm_as_ctrl_c():
            try:
                begin()
                due = 0.0
                while self._open:
                    self._collect_ended()
                    if time.monotonic() >= due or not self._open:
                        due = self._look()
            except KeyboardInterrupt:
                self._stop()
                raise
            except BaseException:
                self.executor.stop(grace_s=0)
                raise

    def _look(self) -> float:
        """Show how far the tasks are; return when the next look is due."""
        began, before = time.monotonic(), time.thread_time()
        self.show()
        now, spent = time.monotonic(), time.thread_time() - before
        return now + max(TICK_S, REST * spent, REST_OF_DISK * (now - began))

    def _collect_ended(self) -> None:
        """Wait a moment for tasks to end, and collect them in the order of their submission.

        The cost is that of the tasks that have ended, however many wait.
        """
        ended = list[Future[Answer]]()
        with contextlib.suppress(Empty):
            ended.append(self._ended.get(timeout=TICK_S))
            while True:
                ended.append(self._ended.get_nowait())
        for future in sorted(ended, key=lambda one: self._open[one][0]):
            self.collect(self._open.pop(future)[1], future)
        self._give()

    def _stop(self) -> None:
        """Stop the tasks; collect those that still answered."""
        self._stopped = True
        with contextlib.suppress(KeyboardInterrupt):  # the second one: no more patience
            if self.stopping:
                self.display.say(self.stopping)
            self.executor.stop(self.grace_s)
        self.executor.stop(grace_s=0)
        for future in list(self._open):
            _, key = self._open.pop(future)
            error = None if future.cancelled() else future.exception()
            if future.cancelled() or isinstance(error, WorkerError | NodeLostError):
                self.cut_short.append((key, str(error or "")))
            else:
                self.collect(key, future)
        self.cut_short += [(key, "") for key, _ in self._waiting]
        self._waiting.clear()
