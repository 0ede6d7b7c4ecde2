"""Which runs to extend: those whose next picosecond narrows the interval most.

The squared error of the melting temperature is a sum over the rungs, and the part c of a rung whose runs last t in all
falls as 1/t: its next picosecond is worth c/t. The best division has that alike everywhere (Neyman's allocation:
t proportional to sqrt(c t)). Rungs that are better known than that already are left as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deckgen.study.runs import Run

__all__ = ["divide", "lengthened"]

Array = NDArray[np.float64]

LEAST_SHARE = 0.2
"""Added to the shares, divided among all rungs: an error is itself known roughly, and may be too small by chance."""


def divide(steps: Array, shares: Array, more: float) -> Array:
    """Return the steps (K,) that rungs should have once `more` were added.

    Parameters
    ----------
    steps : (K,)
        What each has so far, more than none.
    shares : (K,)
        Of each in the squared error.
    more
        Steps to give away, in all.
    """
    worth = np.sqrt((shares + LEAST_SHARE / len(shares)) * steps)
    growing = np.ones(len(steps), dtype=bool)
    while True:
        level = (steps[growing].sum() + more) / worth[growing].sum()
        enough = growing & (level * worth <= steps)
        if not enough.any():
            return np.where(growing, level * worth, steps)
        growing &= ~enough


def lengthened(runs: Sequence[Run], steps_of: dict[float, float], every: int) -> list[Run]:
    """Return runs so long that those of each rung have at least the steps given for it, all alike; none gets shorter.

    Parameters
    ----------
    runs
        In order of temperature, then replica.
    steps_of
        By the temperature of the rung; runs of other rungs stay as they are.
    every
        Lengths are multiples of this.
    """
    found = []
    for run in runs:
        if run.temperature_K in steps_of:
            n = sum(other.temperature_K == run.temperature_K for other in runs)
            each = int(np.ceil(steps_of[run.temperature_K] / n / every)) * every
            found.append(replace(run, n_steps=max(run.n_steps, each)))
        else:
            found.append(run)
    return found
