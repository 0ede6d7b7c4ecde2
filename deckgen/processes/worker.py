"""The other side of `deckgen.processes.subprocesses`: what runs in each of its processes."""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import sys
import traceback
from dataclasses import dataclass

from deckgen.errors import RunError

__all__ = ["Failure", "serve"]

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Failure:
    """A task's exception on its way back, with the traceback that cannot travel otherwise."""

    error: BaseException
    trace: str


def serve(reply: int, parent: int) -> None:
    """Run the one task whose pickle stdin holds, write its result's pickle to the descriptor `reply`, and end.

    The process dies with `parent`, even when that one is killed.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)
    try:
        function, args, kwargs = pickle.load(sys.stdin.buffer)  # noqa: S301 (our own parent wrote it)
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
