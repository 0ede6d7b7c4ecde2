"""Items shared out among the workers of an executor, and tasks that simply begin again where they were taken away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial
from typing import Any, TypeVar

from deckgen.processes.attempts import Attempts
from deckgen.processes.executor import TaskExecutor

__all__ = ["ended", "share_out"]

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def share_out(
    executor: TaskExecutor, items: Sequence[Item], function: Callable[..., Sequence[Answer]], *settings: Any
) -> list[Answer]:
    """Deal items out to the workers like cards, and return the answers in the order of the items.

    Parameters
    ----------
    executor
        Runs `function(*settings, part)`, once for each worker; a part that was taken away begins again.
    items
        What is shared out.
    function
        Returns an answer to each item of a part.

    Raises
    ------
    Exception
        What a task raised.
    """
    n_parts = min(executor.max_workers, len(items))
    tasks = [partial(executor.submit, function, *settings, list(items[k::n_parts])) for k in range(n_parts)]
    parts = [future.result() for future in ended(executor, tasks)]
    return [parts[k % n_parts][k // n_parts] for k in range(len(items))]


def ended(
    executor: TaskExecutor,
    tasks: Sequence[Callable[[], Future[Answer]]],
    reached: Callable[[int], int] = lambda _: 0,
) -> list[Future[Answer]]:
    """Submit tasks, and return their futures once all have ended; one that was taken away begins again.

    Parameters
    ----------
    executor
        Says what was taken away.
    tasks
        Each submits a task.
    reached
        How far the task of a number has come, where it can resume: one that gets further may be taken away for ever.
    """
    attempts = Attempts[int]()
    open_ = {submit(): number for number, submit in enumerate(tasks)}
    last = dict[int, Future[Answer]]()
    while open_:
        for future in wait(open_, return_when=FIRST_COMPLETED).done:
            number = open_.pop(future)
            error = future.exception()
            if error is not None and executor.has_lost(error) and attempts.allow(number, reached(number)):
                open_[tasks[number]()] = number
            else:
                last[number] = future
    return [last[number] for number in range(len(tasks))]
