"""The rungs that a transition is measured with: those of the pilot that lie there, and what is missing between them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from deckgen.study.nvt import alternate
from deckgen.study.runs import Run

__all__ = ["REPLICAS", "lay_rungs", "with_replicas"]

REPLICAS = 4
"""Independent runs at each rung round the transition, half of them from the melt."""

GAPS = 5
"""Into which the range is divided at least: how many more there are hardly matters."""

OVERLAP = 2.0
"""Standard deviations between the energies of two rungs, at most."""


def lay_rungs(low_K: float, high_K: float, known_K: Sequence[float], n_atoms: int) -> list[float]:
    """Return rungs from `low_K` to `high_K`: those known that lie there, and others evenly in the gaps between them.

    Parameters
    ----------
    low_K, high_K
        The range.
    known_K
        Rungs that have runs already, ascending.
    n_atoms
        Atoms in the cluster: the larger it is, the narrower are its distributions of the energy.
    """
    widest = min((high_K - low_K) / GAPS, OVERLAP * low_K / np.sqrt(1.5 * n_atoms))
    rungs = [kelvin for kelvin in known_K if low_K <= kelvin <= high_K]
    if not rungs or rungs[0] - low_K > widest / 2:
        rungs.insert(0, round(low_K, 1))
    if high_K - rungs[-1] > widest / 2:
        rungs.append(round(high_K, 1))
    laid = [rungs[0]]
    for low, high in pairwise(rungs):
        n = int(np.ceil((high - low) / widest - 0.25))  # a gap a little too wide stays
        laid += [round(kelvin, 1) for kelvin in np.linspace(low, high, max(n, 1) + 1)[1:-1].tolist()] + [high]
    return laid


def with_replicas(rungs_K: Sequence[float], runs: Sequence[Run], n_steps: int) -> list[Run]:
    """Return the runs of some rungs: those that there are, and new ones up to `REPLICAS`, all of one length at least.

    New runs begin so that both starts come out even.
    """
    found = []
    for kelvin in rungs_K:
        here = [run for run in runs if run.temperature_K == kelvin]
        shift = sum(run.melted != alternate(0, run.replica) for run in here) % 2
        taken = {run.replica for run in here}
        free = [replica for replica in range(1, REPLICAS + 1) if replica not in taken]
        missing = free[: max(REPLICAS - len(here), 0)]  # where some were replaced, numbers are higher
        here += [Run(kelvin, replica, n_steps, alternate(shift, replica)) for replica in missing]
        found += [Run(run.temperature_K, run.replica, max(run.n_steps, n_steps), run.melted) for run in here]
    return sorted(found, key=lambda run: (run.temperature_K, run.replica))
