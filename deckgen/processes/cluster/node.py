"""One task on a node: in a process of its own below Parsl's worker, which outlives whatever happens to it."""

from __future__ import annotations

import os
import pickle
import signal
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from deckgen.processes.executor import NodeLostError, TaskExecutor, open_executor
from deckgen.processes.signals import sigterm_as_ctrl_c

__all__ = ["TIME_TO_END_S", "NodeAnswer", "run_on_node"]

TIME_TO_END_S = 25.0
"""What a task has for its last words: schedulers kill 30 s after SIGTERM, as a rule."""


_ENDING = list[str]()
"""The pool of this worker, once it was told to end: the tasks that still come are given back."""


@dataclass(frozen=True)
class NodeAnswer:
    """What became of a task: its result or its exception, and the pool that was told to end meanwhile ("": none)."""

    result: Any = None
    error: BaseException | None = None
    ending_pool: str = ""


def run_on_node(payload: bytes) -> NodeAnswer:
    """Run the task whose pickle (function, arguments, keywords) is given; SIGTERM is passed on to it.

    In the main thread of a worker of Parsl. A scheduler that ends a job may send SIGTERM to every process of it, or to
    some of them: the task hears it in any case.
    """
    function, args, kwargs = pickle.loads(payload)  # noqa: S301 (the head wrote it)
    told = NodeAnswer(error=NodeLostError("the node was told to end"), ending_pool="".join(_ENDING))
    if _ENDING:
        return told
    executor, future = _executor(), None
    with sigterm_as_ctrl_c():
        try:
            future = executor.submit(function, *args, **kwargs)
            error = future.exception()
        except KeyboardInterrupt:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # until the end of the block: once is enough
            _ENDING.append(os.environ["PARSL_WORKER_POOL_ID"])
            executor.stop(TIME_TO_END_S)
            if future is None:
                return replace(told, ending_pool=_ENDING[0])
            error = future.exception()
    return NodeAnswer(None if error else future.result(), error, "".join(_ENDING))


@cache
def _executor() -> TaskExecutor:
    """Return the executor of this worker: what its first task has loaded, the others find loaded."""
    return open_executor(1)
