"""What runs tasks: the interface that deckgen asks of every executor, and the one place that chooses it."""

from __future__ import annotations

import contextlib
import os
import signal
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING

from deckgen.errors import KilledError, RunError

if TYPE_CHECKING:
    from deckgen.processes.cluster.machine import Machine

__all__ = [
    "ONE_THREAD",
    "NodeLostError",
    "TaskExecutor",
    "WorkerError",
    "available_cores",
    "open_executor",
    "says_nothing",
    "use_executor",
]

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)
"""Environment of a program that runs beside others: its numerical libraries take one thread each."""


class WorkerError(RunError):
    """A task's process ended without an answer.

    Attributes
    ----------
    exit_code : int
        As in `subprocess.Popen.returncode`: minus the signal's number where a signal ended it.
    tail : str
        The last of what the process printed.
    """

    def __init__(self, exit_code: int, tail: str) -> None:
        self.exit_code, self.tail = exit_code, tail
        cause = f"signal {signal.Signals(-exit_code).name}" if exit_code < 0 else f"exit code {exit_code}"
        printed = f"; it printed last:\n{tail}" if tail else "; it printed nothing"
        super().__init__(f"the process died ({cause}){printed}")

    @property
    def was_killed(self) -> bool:
        """Whether somebody ended it: a user, a queueing system, or the kernel for want of memory."""
        return self.exit_code in (-signal.SIGKILL, -signal.SIGTERM)

    def __reduce__(self) -> tuple[type[WorkerError], tuple[int, str]]:
        return WorkerError, (self.exit_code, self.tail)


class NodeLostError(RunError):
    """The node that a task ran on was lost, or taken away, again and again; this says nothing of the task."""


def says_nothing(error: BaseException) -> bool:
    """Return whether an exception says nothing of its task: its process was killed, or its node was lost."""
    killed = isinstance(error, WorkerError) and error.was_killed
    return killed or isinstance(error, KilledError | NodeLostError)


class TaskExecutor(Executor, ABC):
    """The interface of `concurrent.futures`, with a number of workers and a gentle stop.

    A task runs in the main thread of a process of its own. Where that process dies, its future raises `WorkerError`
    and no other task is disturbed.

    Attributes
    ----------
    max_workers : int
        Tasks at once.
    cores_per_task : int or None
        Cores that one task has to itself; None: the tasks share those of this machine.
    loses_tasks : bool
        Whether a task may be stopped or killed by others than the user, as a scheduler does at the end of a job: one
        that was shall begin again.
    option : str
        What a command needs to have the same executor again, behind a blank.
    """

    max_workers: int
    cores_per_task: int | None = None
    loses_tasks = False
    option = ""

    def has_lost(self, error: BaseException) -> bool:
        """Return whether an exception says that a task was taken away, so that it shall begin again."""
        return self.loses_tasks and says_nothing(error)

    def prepare_nodes(self, function: Callable[[], object]) -> None:
        """Have a function called on each node that tasks may be sent to, before its first task.

        It makes what all tasks there need, such as a library for the node's processor, and raises `DeckgenError` where
        it cannot: the job then ends with the message. Here nothing is called: on this machine the first task that needs
        it makes it, and the others wait.

        Parameters
        ----------
        function
            A function of a module, without arguments.
        """

    @abstractmethod
    def stop(self, grace_s: float = 10.0) -> None:
        """Cancel what waits, ask what runs to end (SIGTERM), and kill what has not ended after `grace_s` seconds.

        Returns when no task runs any more. May be called again, with less patience.
        """


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


def open_executor(
    workers: int | None = None, *, machine: Machine | None = None, log: Path | None = None, drain: bool = False
) -> TaskExecutor:
    """Return the executor of this machine, or of another: the one place that decides where tasks run.

    Used in a `with` block, it waits for its tasks at the end, and stops them at Ctrl-C.

    Parameters
    ----------
    workers
        Tasks at once; None: as many as cores. Another machine's profile says it itself.
    machine
        The machine; None: this one.
    log
        Of another machine: the folder of the engine's logs and submit scripts.
    drain
        Of another machine: begin no task shortly before the end of a job, because tasks cannot resume.

    Raises
    ------
    InputError
        If `workers` is less than 1.
    InstallationError
        If another machine is asked for, and deckgen-lammps[cluster] is not installed.
    """
    if machine is not None:
        from deckgen.processes.cluster.executor import ClusterExecutor  # here: Parsl is an extra

        return ClusterExecutor(machine, log or Path(".engine"), drain=drain)
    from deckgen.processes.subprocesses import SubprocessExecutor  # here: it implements what is above

    return SubprocessExecutor(workers)


@contextlib.contextmanager
def use_executor(executor: TaskExecutor | None, workers: int | None) -> Iterator[TaskExecutor]:
    """Yield the executor that a caller hands down, or one with `workers` workers that ends with the block."""
    if executor is not None:
        yield executor
    else:
        with open_executor(workers) as own:
            yield own
