"""Which stays in the solid are in the lowest one, by the minima that their frames were quenched to.

A liquid that freezes to a solid with a defect has not frozen to the lowest one: the two differ by an energy that moves
the melting temperature by as large a part of it as of the latent heat. Their dynamics is slow: they seldom go over into
one another without melting. So the defective solid is a third state, from which nothing is asked. The liquid's stay
before it ends without a jump, the one behind it begins without one, and the likelihood of the jumps between the lowest
solid and the liquid stays what it is (competing risks: Cox and Oakes, Analysis of Survival Data, ch. 9).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.jumps.stays import Stay
from deckgen.units import KB_EV_K

__all__ = ["Quenches", "RunQuenches", "without_defects"]

Array = NDArray[np.float64]

APART_KT = 3.0
"""Of kT at the peak: minima that are not higher than this above the lowest are those of one solid."""

FEWEST = 3
"""Quenches of a stay, from which the lowest of them is taken for that of its solid: atoms also leave their places."""


@dataclass(frozen=True, eq=False)
class RunQuenches:
    """What frames of a run were quenched to.

    Parameters
    ----------
    time_ps, energy_eV : (q,)
        Of each frame its time, and the energy of its minimum.
    """

    time_ps: Array
    energy_eV: Array

    def of(self, stay: Stay) -> Array:
        """Return the energies of the frames of a stay."""
        begin, end = stay.run.time_ps[[stay.first, stay.last - 1]]
        return np.asarray(self.energy_eV[(self.time_ps >= begin) & (self.time_ps <= end)])


Quenches = Mapping[tuple[float, int], RunQuenches]
"""Those of each run, by its temperature and replica."""


def without_defects(stays: Sequence[Stay], quenches: Quenches, temperature_K: float) -> list[Stay]:
    """Return the stays without those in solids other than the lowest; the one behind such a stay began without a jump.

    A stay with fewer than three quenches counts as one in the lowest solid.

    Parameters
    ----------
    stays
        In order of time for each run, all its stays.
    quenches
        Of the runs whose frames were quenched.
    temperature_K
        Of the peak.
    """
    energies = [quenches[key].of(stay) if (key := _key(stay)) in quenches else np.empty(0) for stay in stays]
    solid = [own.min() for stay, own in zip(stays, energies, strict=True) if not stay.liquid and len(own)]
    if not solid:
        return list(stays)
    highest = min(solid) + APART_KT * KB_EV_K * temperature_K
    found, before = list[Stay](), None
    for stay, own in zip(stays, energies, strict=True):
        if not stay.liquid and len(own) >= FEWEST and own.min() > highest:
            before = _key(stay)
        else:
            found.append(replace(stay, after_defect=before == _key(stay)))
            before = None
    return found


def _key(stay: Stay) -> tuple[float, int]:
    return stay.run.temperature_K, stay.run.replica
