"""The table [exchange] of study.toml: exchange of configurations between the rungs of a ladder."""

from __future__ import annotations

from typing import Literal

from deckgen.toml import Count, Table

__all__ = ["Exchange"]


class Exchange(Table):
    """Replica exchange: the rungs of a ladder swap configurations now and then. Each replica is a ladder of its own.

    A swap changes how fast the runs forget where they began, never the distribution of a rung.
    """

    every: Count | None = None
    """Steps from one exchange to the next; by default there is none, and all runs are independent. An exchange costs
    each rung about a millisecond."""
    pairs: Literal["all", "neighbours"] = "all"
    """Which rungs may swap: many random pairs at each exchange, or each rung with the next one, in turn with the one
    below."""
