"""Swaps of unlike atoms: whether the chemical order of a cluster of several elements was sampled."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby

from deckgen.findings import Finding
from deckgen.samples import Samples

__all__ = ["FEWEST_MOVES", "RungSwaps", "about_swaps", "elements_of", "rung_swaps"]

FEWEST_MOVES = 10
"""Accepted swaps for each atom that is not of the commonest element, in each run.

By then such an atom has been on ten places: as many as the independent samples without which a peak has no interval.
"""


@dataclass(frozen=True)
class RungSwaps:
    """Swaps of unlike atoms at a rung: attempts and accepted ones, of all its runs, and how many runs these are."""

    temperature_K: float
    tried: int
    accepted: int
    n_runs: int


def elements_of(formula: str) -> dict[str, int]:
    """Return the number of atoms of each element of a formula such as Ag35Au20."""
    counts = dict[str, int]()
    for symbol, count in re.findall(r"([A-Z][a-z]?)(\d*)", formula):
        counts[symbol] = counts.get(symbol, 0) + int(count or 1)
    return counts


def rung_swaps(samples: Samples) -> tuple[RungSwaps, ...]:
    """Return the swaps at each rung; none where no run swaps atoms."""
    found = []
    for temperature, runs in groupby(samples.series, key=lambda run: run.temperature_K):
        swaps = [run.swaps for run in runs if run.swaps is not None]
        if swaps:
            tried, accepted = (sum(numbers) for numbers in zip(*swaps, strict=True))
            found.append(RungSwaps(temperature, tried, accepted, len(swaps)))
    return tuple(found)


def about_swaps(samples: Samples) -> list[Finding]:
    """Say if a cluster of several elements kept its chemical order, or hardly changed it by swaps."""
    counts, rungs = elements_of(samples.formula), rung_swaps(samples)
    if len(counts) < 2:
        return []
    if not rungs:
        message = (
            f"no unlike atoms were swapped: the chemical order of {samples.formula} changed by diffusion alone. Below "
            "melting each run keeps that of its start, and the heat capacity lacks the mixing of the elements. Set "
            "[nvt] swap_every"
        )
        return [Finding("frozen_order", message)]
    movers = sum(counts.values()) - max(counts.values())
    slow = [rung.temperature_K for rung in rungs if rung.accepted < FEWEST_MOVES * movers * rung.n_runs]
    if not slow:
        return []
    where = f"{slow[0]:g} K" if len(slow) == 1 else f"{len(slow)} temperatures, {slow[0]:g} to {slow[-1]:g} K,"
    message = (
        f"at {where} a run accepted fewer than {FEWEST_MOVES} swaps for each of the {movers} atoms that are not of the "
        "commonest element: the chemical order there is hardly sampled, unless it is the lowest one. Lower [nvt] "
        "swap_every or make the runs longer; a study of another ordering_seed tells (deckgen analyse --compare)"
    )
    return [Finding("few_swaps", message, slow[0])]
