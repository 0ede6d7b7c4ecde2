"""A GAP's energies and forces of free clusters by the native evaluator, without LAMMPS."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deckgen.errors import InputError
from deckgen.quip.library import last_error, library

__all__ = ["evaluate_natively"]

Array = NDArray[np.float64]


def evaluate_natively(xml: Path, clusters: Sequence[tuple[NDArray[np.int_], Array]]) -> list[tuple[float, Array]]:
    """Return energy (eV) and forces (N, 3) (eV/A) of clusters.

    Parameters
    ----------
    xml
        The GAP, which `deckgen.quip.gapfile.read_gap` has passed.
    clusters
        Atomic numbers (N,) and positions (N, 3), in angstrom, of each; without a cell.

    Raises
    ------
    InputError
        If the native evaluator does not cover the potential.
    """
    gap = library().deckgen_gap_new(str(xml).encode())
    if not gap:
        raise InputError(f"{xml}: the native evaluator does not cover it: {last_error()}", hint="evaluate it by QUIP")
    try:
        return [_evaluate(gap, numbers, positions_A) for numbers, positions_A in clusters]
    finally:
        library().deckgen_gap_delete(gap)


def _evaluate(gap: int, atomic_numbers: NDArray[np.int_], positions_A: Array) -> tuple[float, Array]:
    numbers, places = np.ascontiguousarray(atomic_numbers, dtype=np.int32), np.ascontiguousarray(positions_A)
    forces = np.empty_like(places)
    energy_eV = library().deckgen_gap_evaluate(
        gap, places.ctypes.data, numbers.ctypes.data, len(places), forces.ctypes.data
    )
    return float(energy_eV), forces
