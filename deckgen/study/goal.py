"""The table [goal] of study.toml: how well the melting temperature is to be known, and what that may cost."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from deckgen.toml import Positive, Table

__all__ = ["Goal"]


class Goal(Table):
    """The precision to reach. `deckgen run` then decides by itself where, how often and how long to run.

    It begins with a short pilot on the ladder, every second run from the melt, lays rungs round the transition that the
    pilot shows, and extends the runs that narrow the interval most, until the goal or the budget is reached.
    """

    melting_K: Positive | None = None
    """Width of the 95 % interval of the melting temperature that is enough; by default there is no goal."""
    max_ns: Positive | None = None
    """Dynamics at most, of all runs together: the budget. It may be raised later."""
    pilot_ps: Positive = 40.0
    """Length of each run of the pilot."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.melting_K is None) != (self.max_ns is None):
            raise ValueError("a goal needs both melting_K and max_ns")
        return self
