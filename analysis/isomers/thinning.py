"""The thinning of the melting study that deckgen follows: one quench per energy window, then comparison.

It is reported beside the count of isomers and never used for it: two structures of nearly the same energy fall into one
window.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.isomers.grouping import group

__all__ = ["Thinned", "thin_by_energy"]


class Thinned(NamedTuple):
    """How many quenches the thinning leaves: the lowest of each window, and the distinct isomers among these."""

    n_after_energy: int
    n_representatives: int


def thin_by_energy(energies_eV: NDArray[np.float64], isomers: NDArray[np.intp], window_eV: float) -> Thinned:
    """Keep the lowest quench of each energy window, then one of each isomer.

    Parameters
    ----------
    energies_eV : (n,)
        Of the quenches, ascending.
    isomers : (n,)
        Which isomer each became by tight minimisation; negative for none.
    window_eV
        Width of a window, from its lowest member.
    """
    representatives = np.unique(group(energies_eV, window_eV, lambda _, others: np.ones(len(others), dtype=bool)))
    left = isomers[representatives]
    return Thinned(len(representatives), len(np.unique(left[left >= 0])))
