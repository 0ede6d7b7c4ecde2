"""The other side of `deckgen.processes.subprocesses`: what runs in the process of each task."""

from __future__ import annotations

import os
import pickle
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from deckgen.errors import RunError

__all__ = ["Failure", "Settings", "serve", "warm_up_of", "warmed_by"]

Task = TypeVar("Task", bound=Callable[..., Any])

_WARM_UP = "_deckgen_warm_up"


@dataclass(frozen=True)
class Failure:
    """A task's exception on its way back, with the traceback that cannot travel otherwise."""

    error: BaseException
    trace: str


@dataclass(frozen=True)
class Settings:
    """What a task's process takes over from the one that asks for it: where modules are, and its environment.

    Of the environment, what has changed since the fork server began; None: removed.
    """

    path: list[str]
    environment: dict[str, str | None]


def warmed_by(load: Callable[[], object]) -> Callable[[Task], Task]:
    """Have the task's module imported, and `load` called, before processes of it are forked: once, for all of them.

    That loads libraries, and starts nothing that a fork does not carry over: no threads, no MPI.
    """

    def mark(task: Task) -> Task:
        setattr(task, _WARM_UP, f"{load.__module__}:{load.__qualname__}:{task.__module__}")
        return task

    return mark


def warm_up_of(task: Callable[..., Any]) -> str:
    """Return what `warmed_by` has loaded for a task, as module:function:module; empty where there is nothing."""
    return str(getattr(task, _WARM_UP, ""))


def serve(reply: int) -> None:
    """Run the one task whose settings and pickle stdin holds, write its result's pickle to `reply`, and end."""
    try:
        settings: Settings = pickle.load(sys.stdin.buffer)  # noqa: S301 (our own parent wrote it)
        sys.path[:] = settings.path
        for key, value in settings.environment.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value
        function, args, kwargs = pickle.load(sys.stdin.buffer)  # noqa: S301
        answer = pickle.dumps(function(*args, **kwargs))
    except BaseException as error:
        answer = _dump_failure(error, traceback.format_exc())
    with open(reply, "wb") as file:
        file.write(answer)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # a library's clean-up at exit (MPI, Fortran) could still crash, after the task is done


def _dump_failure(error: BaseException, trace: str) -> bytes:
    """Pickle an exception, or its words where it cannot be pickled and read again."""
    try:
        answer = pickle.dumps(Failure(error, trace))
        pickle.loads(answer)  # noqa: S301 (just written)
    except Exception:
        return pickle.dumps(Failure(RunError(f"{type(error).__name__}: {error}"), trace))
    return answer
