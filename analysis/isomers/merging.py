"""Tightly converged minima that are the same, by exact comparison."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.isomers.alignment import Shape, matches
from deckgen.analysis.isomers.fingerprint import fingerprint
from deckgen.analysis.isomers.grouping import group
from deckgen.analysis.isomers.results import Tolerances
from deckgen.minima import Minimum

__all__ = ["in_doubt", "merge"]

Indices = NDArray[np.intp]


def merge(minima: Sequence[Minimum], tolerances: Tolerances) -> tuple[list[Minimum], Indices]:
    """Return the distinct ones of some tight minima, by energy, and which of them each is; -1: did not converge.

    Mirror images count as equal here. Each minimum is compared with the lowest of those it may equal, so that
    a chain of small differences joins nothing.

    Returns
    -------
    The lowest minimum of each isomer, ascending, and (n,) indices into them.
    """
    usable = [k for k, minimum in enumerate(minima) if minimum.converged]
    prints = {k: fingerprint(minima[k].symbols, minima[k].positions_A) for k in usable}
    usable.sort(key=lambda k: (minima[k].energy_eV, prints[k].tobytes()))
    shapes = [Shape.of(minima[k].symbols, minima[k].positions_A) for k in usable]
    sorted_prints = np.array([prints[k] for k in usable])

    def similar(k: int, candidates: Indices) -> NDArray[np.bool_]:
        # no entry of a fingerprint moves by more than twice as much as the atoms
        near = np.abs(sorted_prints[candidates] - sorted_prints[k]).max(axis=1, initial=0.0) <= 2 * tolerances.match_A
        return np.array(
            [
                bool(close) and matches(shapes[k], shapes[candidate], tolerance_A=tolerances.match_A)
                for candidate, close in zip(candidates.tolist(), near.tolist(), strict=True)
            ],
            dtype=bool,
        )

    representative = group(np.array([minima[k].energy_eV for k in usable]), tolerances.tight_energy_eV, similar)
    representatives, isomer = np.unique(representative, return_inverse=True)
    which = np.full(len(minima), -1, dtype=np.intp)
    which[usable] = isomer
    return [minima[usable[k]] for k in representatives], which


def in_doubt(minima: Sequence[Minimum], tolerances: Tolerances) -> list[int]:
    """Return which of some distinct minima, ascending by energy, are so close to another that they may be the same."""
    energies = np.array([minimum.energy_eV for minimum in minima])
    prints = np.array([fingerprint(minimum.symbols, minimum.positions_A) for minimum in minima])
    doubtful = set[int]()
    for k, end in enumerate(np.searchsorted(energies, energies + tolerances.energy_eV, side="right").tolist()):
        close = np.flatnonzero(np.abs(prints[k + 1 : end] - prints[k]).max(axis=1, initial=0.0) <= tolerances.doubt_A)
        if len(close):
            doubtful |= {k, *(k + 1 + close).tolist()}
    return sorted(doubtful)
