"""What an isomer looks like, and where and how often it was seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.isomers.alignment import Shape
from deckgen.analysis.isomers.catalogue import Catalogue
from deckgen.analysis.isomers.chemical_order import chemical_order, geometries
from deckgen.analysis.isomers.cna import cna_signature
from deckgen.analysis.isomers.geometry import bond_lengths, coordination_histogram, neighbours, principal_moments
from deckgen.analysis.isomers.point_group import point_group
from deckgen.analysis.isomers.results import Isomer
from deckgen.minima import Minimum

__all__ = ["describe", "temperatures"]

Array = NDArray[np.float64]
Indices = NDArray[np.intp]


def temperatures(quenches: Catalogue) -> Array:
    """Return the temperatures of some quenches, ascending, each once (T,)."""
    known = quenches.temperatures_K[np.isfinite(quenches.temperatures_K)]
    return np.unique(known)


def describe(
    minima: Sequence[Minimum], isomer_of: Indices, quenches: Catalogue, symmetry_A: float
) -> tuple[Isomer, ...]:
    """Return the isomers with all that is to be said of them.

    Parameters
    ----------
    minima
        The tight minimum of each isomer, by energy.
    isomer_of : (n,)
        Which isomer each quench led to; negative for none.
    quenches
        The n quenches.
    symmetry_A
        Tolerance of the point groups.
    """
    ladder = temperatures(quenches)
    isomers = list[Isomer]()
    alike = not minima or len(set(minima[0].symbols)) == 1
    geometry = [None] * len(minima) if alike else geometries([minimum.positions_A for minimum in minima])
    for k, minimum in enumerate(minima):
        members = isomer_of == k
        seen = quenches.temperatures_K[members]
        temperature, frame = _first_seen(seen, quenches.frames[members])
        bonded = neighbours(minimum.positions_A)
        isomers.append(
            Isomer(
                rank=k + 1,
                minimum=minimum,
                relative_eV=minimum.energy_eV - isomers[0].minimum.energy_eV if isomers else 0.0,
                counts=np.array([np.count_nonzero(seen == T) for T in ladder], dtype=np.int64),
                count=int(members.sum()),
                first_temperature_K=temperature,
                first_frame=frame,
                bonds=bond_lengths(minimum.positions_A),
                point_group=point_group(Shape.of(minimum.symbols, minimum.positions_A), symmetry_A),
                moments_uA2=principal_moments(minimum.symbols, minimum.positions_A)[0],
                coordination=coordination_histogram(bonded),
                cna=cna_signature(bonded),
                geometry=geometry[k],
                order=chemical_order(minimum.symbols, minimum.positions_A),
            )
        )
    return tuple(isomers)


def _first_seen(temperatures_K: Array, frames: NDArray[np.int64]) -> tuple[float | None, int]:
    """Return the lowest temperature and the first frame there; those of unknown temperature come last."""
    first = np.lexsort((frames, temperatures_K))[0]  # NaN sorts last
    temperature = float(temperatures_K[first])
    return (temperature if np.isfinite(temperature) else None), int(frames[first])
