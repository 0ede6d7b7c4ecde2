"""e0: the energy of each element's atom, which a fit subtracts before it looks at anything else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from deckgen.errors import InputError
from deckgen.training.dataset import Dataset

__all__ = ["e0_of"]


def e0_of(dataset: Dataset, choice: Literal["isolated", "average"] | Mapping[str, float]) -> dict[str, float]:
    """Return the energy of each element's atom that a fit subtracts.

    Parameters
    ----------
    dataset
        Labelled frames.
    choice
        "isolated": that of the isolated atom. "average": the least-squares solution of E = sum n_element e0_element per
        atom; of one element this is the mean energy per atom, as in gap_fit. Or the values themselves.

    Raises
    ------
    InputError
        If an element has no value.
    """
    if choice == "average":
        return _average(dataset)
    values = dataset.isolated_eV if choice == "isolated" else dict(choice)
    if missing := [symbol for symbol in dataset.elements if symbol not in values]:
        raise InputError(
            f"[data] e0: no energy of the isolated atom of {', '.join(missing)}",
            hint='add a frame of the single atom to the files, give values (e0 = {Na = -0.24}), or e0 = "average"',
        )
    return {symbol: float(values[symbol]) for symbol in dataset.elements}


def _average(dataset: Dataset) -> dict[str, float]:
    elements = dataset.elements
    counts = np.array([[list(frame.atoms.symbols).count(symbol) for symbol in elements] for frame in dataset.frames])
    if not len(counts):
        raise InputError('[data] e0 = "average" needs at least one frame')
    n_atoms = counts.sum(axis=1)
    energies_eV = np.array([frame.energy_eV for frame in dataset.frames])
    e0_eV, *_ = np.linalg.lstsq(counts / n_atoms[:, None], energies_eV / n_atoms, rcond=None)
    return dict(zip(elements, e0_eV.tolist(), strict=True))
