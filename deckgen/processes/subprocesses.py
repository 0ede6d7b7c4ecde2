"""An executor with a process of its own for each task, so that a process that dies fails its own task only.

LAMMPS and QUIP may end a process (a segmentation fault, `exit` in Fortran, the kernel's memory killer);
`concurrent.futures.ProcessPoolExecutor` then fails every task. pebble's pool fails one only, but it keeps nothing of
what the dead process printed, its workers outlive a parent that was killed, its `spawn` needs a `__main__` guard in the
user's script, and it kills a running task three seconds after asking. Hence this one, behind the same interface.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Any, ParamSpec, TypeVar

from deckgen.errors import InputError
from deckgen.processes.executor import TaskExecutor, WorkerError, available_cores
from deckgen.processes.forks import Child, ForkServer
from deckgen.processes.worker import Failure, Settings, warm_up_of

__all__ = ["SubprocessExecutor", "pickled_task"]

P = ParamSpec("P")
T = TypeVar("T")

TAIL_BYTES = 4000
_TIME_TO_DIE_S = 5.0


class _TracebackError(Exception):
    """Shows, as the cause of a task's exception, where it was raised in the task's process."""

    def __str__(self) -> str:
        return f'\n"""\n{self.args[0]}"""'


@dataclass(frozen=True)
class _Task:
    future: Future[Any]
    payload: bytes
    warm_up: str


class SubprocessExecutor(TaskExecutor):
    """Run each task in a process of its own, `max_workers` at once, in the order of submission.

    A task is a function that its module's name finds again (not a lambda, nothing of `__main__`); it, its arguments and
    its result travel as pickles. Every process is forked from a fresh interpreter with one thread for its numerical
    libraries, which has loaded what the task says by `warmed_by` and nothing else; it is out of reach of the terminal's
    Ctrl-C, and dies with this one, even when this one is killed. What a task prints is kept only to explain its death.

    Leaving a `with` block by Ctrl-C (or `SystemExit`) calls `stop`; otherwise it waits, as every executor does.

    Parameters
    ----------
    max_workers
        Processes at once; None: as many as cores.
    """

    def __init__(self, max_workers: int | None = None) -> None:
        if max_workers is not None and max_workers < 1:
            raise InputError(f"max_workers is {max_workers}; it must be at least 1")
        self.max_workers = max_workers or available_cores()
        self._lock = threading.Lock()
        self._waiting: deque[_Task] = deque()
        self._threads: set[threading.Thread] = set()
        self._running: set[Child] = set()
        self._server: ForkServer | None = None
        self._closed = self._stopped = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Start or queue `fn(*args, **kwargs)`.

        Raises
        ------
        InputError
            If the task cannot be carried into another process.
        RuntimeError
            After `shutdown` or `stop`.
        """
        task = _Task(Future(), pickled_task(fn, args, kwargs), warm_up_of(fn))
        with self._lock:
            if self._closed:
                raise RuntimeError("cannot submit to an executor that was shut down")
            self._waiting.append(task)
            if len(self._threads) < self.max_workers:
                thread = threading.Thread(target=self._work, name="deckgen-executor")
                self._threads.add(thread)
                thread.start()
        return task.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more tasks; wait for those there are, or cancel those that have not started."""
        with self._lock:
            self._closed = True
            dropped = list(self._waiting) if cancel_futures else []
            if cancel_futures:
                self._waiting.clear()
            self._close_if_idle()
        for task in dropped:
            task.future.cancel()
            task.future.set_running_or_notify_cancel()
        if wait:
            self._join(None)

    def stop(self, grace_s: float = 10.0) -> None:
        """Cancel what waits, ask what runs to end (SIGTERM), and kill what has not ended after `grace_s` seconds.

        Returns when no process is left. A task that answers after SIGTERM still delivers its result; one that does not
        handle the signal dies of it (`WorkerError`). May be called again, with less patience.
        """
        self._stopped = True
        self.shutdown(wait=False, cancel_futures=True)
        try:
            self._signal(signal.SIGTERM)
            self._join(grace_s)
        finally:
            self._signal(signal.SIGKILL)
            self._join(_TIME_TO_DIE_S)
            with self._lock:
                if self._threads and self._server is not None:  # it hangs, in loading a library
                    self._server.kill()
            self._join(None)

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None or issubclass(kind, Exception):
            self.shutdown(wait=True)
        else:
            self.stop()

    def _signal(self, number: signal.Signals) -> None:
        with self._lock:
            for child in self._running:
                child.send_signal(number)

    def _join(self, timeout_s: float | None) -> None:
        end = None if timeout_s is None else time.monotonic() + timeout_s
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(None if end is None else max(0.0, end - time.monotonic()))

    def _work(self) -> None:
        """Run waiting tasks one after the other: the body of each thread."""
        while True:
            with self._lock:
                if not self._waiting:
                    self._threads.discard(threading.current_thread())
                    self._close_if_idle()
                    return
                task = self._waiting.popleft()
            if not task.future.set_running_or_notify_cancel():
                continue
            try:
                answer = self._in_process(task)
            except BaseException as error:
                task.future.set_exception(error)
            else:
                task.future.set_result(answer)

    def _close_if_idle(self) -> None:
        """End the server when no task will come any more; under the lock."""
        if self._closed and not self._threads and self._server is not None:
            self._server.close()
            self._server = None

    def _in_process(self, task: _Task) -> Any:
        # Plain files carry everything: no pipe can fill up, and the parent only has to wait for one thing.
        with (
            tempfile.TemporaryFile() as request,
            tempfile.TemporaryFile() as reply,
            tempfile.TemporaryFile() as printed,
        ):
            server, child = self._start(task, request, reply, printed)
            exit_code = child.wait()
            with self._lock:
                self._running.discard(child)
            if exit_code is None:
                exit_code, words = server.close()
                printed.write(words)
            if exit_code != 0 or reply.seek(0, os.SEEK_END) == 0:
                raise WorkerError(exit_code, _tail(printed))
            reply.seek(0)
            answer = pickle.load(reply)  # noqa: S301 (our own child wrote it)
        if isinstance(answer, Failure):
            answer.error.__cause__ = _TracebackError(answer.trace)
            raise answer.error
        return answer

    def _start(self, task: _Task, request: IO[bytes], reply: IO[bytes], printed: IO[bytes]) -> tuple[ForkServer, Child]:
        folder = os.open(".", os.O_PATH)
        try:
            with self._lock:
                if self._stopped:
                    raise WorkerError(-signal.SIGTERM, "")
                server = self._living_server()
                request.write(pickle.dumps(Settings(sys.path, server.changed_environment())) + task.payload)
                request.seek(0)
                child = server.fork(task.warm_up, [request.fileno(), reply.fileno(), printed.fileno(), folder])
                self._running.add(child)
                return server, child
        finally:
            os.close(folder)

    def _living_server(self) -> ForkServer:
        """Return the server, a new one where it has died."""
        if self._server is not None and self._server.is_dead:
            self._server.close()
            self._server = None
        if self._server is None:
            self._server = ForkServer()
        return self._server


def pickled_task(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
    """Return the pickle of a task: the function, its arguments and keywords.

    Raises
    ------
    InputError
        If they cannot be carried into another process.
    """
    name = getattr(fn, "__qualname__", repr(fn))
    if getattr(fn, "__module__", None) == "__main__":
        raise InputError(f"{name} lives in __main__, where another process cannot find it", hint="put it in a module")
    try:
        return pickle.dumps((fn, args, kwargs))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise InputError(f"{name} cannot be carried into another process: {error}") from error


def _tail(printed: IO[bytes]) -> str:
    printed.seek(max(0, os.fstat(printed.fileno()).st_size - TAIL_BYTES))
    return printed.read().decode(errors="replace").strip()
