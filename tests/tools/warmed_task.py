"""A task with a warm-up, in a module that every process finds."""

from __future__ import annotations

import os

from deckgen.processes.worker import warmed_by

loaded_in = list[int]()


def load() -> None:
    """Note the process that this is called in."""
    loaded_in.append(os.getpid())


@warmed_by(load)
def where() -> tuple[list[int], int, int]:
    """Return the processes in which `load` was called, this process's parent, and this process."""
    return loaded_in, os.getppid(), os.getpid()
