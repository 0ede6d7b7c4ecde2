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


def load_badly() -> None:
    """End the process, as a library in Fortran may."""
    print("no such device", flush=True)
    os._exit(3)


@warmed_by(load_badly)
def never() -> None:
    """Do nothing: its warm-up does not come to its end."""


class TwoWordsError(Exception):
    """An exception that pickle writes and cannot read again."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}")


def raise_two_words() -> None:
    """Raise it."""
    raise TwoWordsError("two", "words")
