"""Basin hopping from minima of a study, and how often it found the lowest one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, count
from pathlib import Path

import numpy as np

from deckgen.minima import Minimum
from deckgen.runs.quench.hopping import HopSource, Moves
from deckgen.study import Study

__all__ = ["Hopping", "hop_sources", "judge_hops"]


@dataclass(frozen=True)
class Hopping:
    """How often basin hopping found the lowest isomer.

    Parameters
    ----------
    hops
        Of each walker.
    temperature_K, step
        How they moved.
    first_hops
        The hop, counted from 1, at which each walker found it; None where it did not.
    """

    hops: int
    temperature_K: float
    step: float
    first_hops: tuple[int | None, ...]

    @property
    def sentence(self) -> str:
        """What is said of it."""
        found = [hop for hop in self.first_hops if hop is not None]
        words = f"{len(found)} of {len(self.first_hops)} walkers of {self.hops:,} hops found the lowest isomer"
        return words + (f", the first after {min(found):,}" if found else "")


def hop_sources(study: Study, minima: Callable[[], Iterator[Minimum]], folder: Path) -> list[HopSource]:
    """Return the walkers of a study, which start at converged minima that are spread evenly over all of them.

    Parameters
    ----------
    study
        The study.
    minima
        Yields the quenches of its frames, the same ones at every call.
    folder
        The quench deck's.
    """
    chosen = study.isomers
    n = sum(minimum.converged for minimum in minima())
    if not chosen.hops or not n:
        return []
    wanted = set(np.linspace(0, n - 1, min(chosen.hop_walkers, n)).round().astype(int).tolist())
    converged = (minimum for minimum in minima() if minimum.converged)
    starts = compress(converged, (k in wanted for k in count()))
    moves = Moves(chosen.hop_temperature_K, chosen.hop_step, study.nvt.seed)
    return [HopSource(walker, start, chosen.hops, moves, folder) for walker, start in enumerate(starts)]


def judge_hops(
    walkers: Sequence[HopSource], minima: Iterable[Minimum], lowest_eV: float, tolerance_eV: float
) -> Hopping | None:
    """Return how often walkers came to within a tolerance of the lowest energy; None without walkers.

    Parameters
    ----------
    walkers
        The walkers.
    minima
        What they came to.
    lowest_eV, tolerance_eV
        The energy of the lowest isomer, and how far above it a loosely converged quench of it may be.
    """
    if not walkers:
        return None
    first = dict[str, int | None]()
    for minimum in minima:
        found = minimum.converged and minimum.energy_eV <= lowest_eV + tolerance_eV
        if first.setdefault(minimum.source, None) is None and found:
            first[minimum.source] = minimum.frame + 1
    moves = walkers[0].moves
    return Hopping(walkers[0].count, moves.temperature_K, moves.step, tuple(first.values()))
