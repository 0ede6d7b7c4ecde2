"""How often a task that others stop may begin again."""

from __future__ import annotations

from typing import Generic, TypeVar

__all__ = ["MOST_ATTEMPTS", "Attempts"]

Key = TypeVar("Key")

MOST_ATTEMPTS = 3
"""A task that gets no further in so many attempts is given up."""


class Attempts(Generic[Key]):
    """Counts the attempts of tasks that a scheduler may stop at any time: one that gets further may go on for ever."""

    def __init__(self) -> None:
        self._reached = dict[Key, tuple[int, int]]()

    def allow(self, key: Key, reached: int) -> bool:
        """Return whether a task that was stopped may begin again; `reached` is how far it is, and never falls."""
        before, count = self._reached.get(key, (0, 0))
        count = 0 if reached > before else count + 1
        self._reached[key] = max(before, reached), count
        return count < MOST_ATTEMPTS
