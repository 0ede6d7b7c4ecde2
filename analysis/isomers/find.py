"""From quenches to isomers: group, converge one of each group tightly, compare exactly, merge, describe."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.isomers.catalogue import Catalogue, catalogue
from deckgen.analysis.isomers.describe import describe, temperatures
from deckgen.analysis.isomers.enantiomers import split_enantiomers
from deckgen.analysis.isomers.grouping import group_by_energy_and_fingerprint
from deckgen.analysis.isomers.merging import in_doubt, merge
from deckgen.analysis.isomers.results import IsomerList, Tolerances
from deckgen.analysis.isomers.thinning import thin_by_energy
from deckgen.errors import AnalysisError
from deckgen.minima import Minimum

__all__ = ["find_isomers"]

Indices = NDArray[np.intp]
Stream = Callable[[], Iterator[Minimum]]
Tighten = Callable[[Sequence[Minimum]], Sequence[Minimum]]


def find_isomers(
    minima: Stream,
    tighten: Tighten,
    tolerances: Tolerances | None = None,
    *,
    lowest: int | None = None,
    converge_further: Tighten | None = None,
) -> IsomerList:
    """Return the distinct minima among quenches, whatever order these come in.

    Quenches are grouped by energy and fingerprint; the lowest of each group is converged tightly; tight minima are then
    compared exactly, each with the lowest of those it may equal, and merged; what is then still close to another is
    converged further and compared once more. The stream is read twice (three times where mirror images are
    distinguished); of each quench only its energy and a fingerprint of 252 bytes are kept.

    Parameters
    ----------
    minima
        Yields all quenches, the same ones in the same order at every call.
    tighten
        Converges some of them tightly: as many, in the same order; those that it cannot are returned as not converged,
        and the quenches of their groups count as failed.
    tolerances
        When they count as equal.
    lowest
        How many of the groups, the lowest, are converged tightly and become isomers; None: all. The quenches of the
        others count among those of their temperature, so that the isomers' fractions stay what they are.
    converge_further
        Converges those in doubt further, as `tighten` does; what it cannot, stays as it is. None: none is in doubt.

    Raises
    ------
    AnalysisError
        If no quench converged, they are not of the same atoms, or `tighten` or `converge_further` returns another
        number of minima.
    """
    tolerances = tolerances or Tolerances()
    quenches = catalogue(minima())
    representative = group_by_energy_and_fingerprint(
        quenches.energies_eV, quenches.fingerprints, tolerances.energy_eV, tolerances.fingerprint_A
    )
    representatives, group_of = np.unique(representative, return_inverse=True)
    chosen = representatives[:lowest]
    tight = _converged(_picked(minima, quenches, chosen), tighten)
    distinct, isomer_of_group = _merged(tight, converge_further, tolerances)
    higher = group_of >= len(chosen)
    isomer_of = np.pad(isomer_of_group, (0, len(representatives) - len(chosen)), constant_values=-1)[group_of]
    below = int(np.argmax(higher)) if higher.any() else len(quenches)  # quenches below the first that is left as it is
    thinned = thin_by_energy(quenches.energies_eV[:below], isomer_of[:below], tolerances.thinning_eV)
    if not tolerances.reflection:
        distinct, isomer_of = split_enantiomers(distinct, isomer_of, _indexed(minima, quenches), tolerances.match_A)
    if not distinct:
        raise AnalysisError(
            f"none of {len(quenches) + quenches.n_failed} quenches converged to a whole cluster",
            hint="allow more steps, or a larger max_force_eV_A",
        )
    ladder, whole = temperatures(quenches), higher | (isomer_of >= 0)
    return IsomerList(
        isomers=describe(distinct, isomer_of, quenches, tolerances.symmetry_A),
        temperatures_K=ladder,
        quenched=np.array([np.sum(quenches.temperatures_K[whole] == T) for T in ladder], dtype=np.int64),
        n_quenched=len(quenches) + quenches.n_failed,
        n_failed=quenches.n_failed + int(np.sum(~whole)),
        n_groups=len(representatives),
        n_tightened=len(chosen),
        n_higher=int(higher.sum()),
        n_after_energy=thinned.n_after_energy,
        n_representatives=thinned.n_representatives,
        tolerances=tolerances,
    )


def _indexed(minima: Stream, quenches: Catalogue) -> Iterator[tuple[int, Minimum]]:
    """Yield the quenches of the catalogue in the order of the stream, each with its index in the catalogue."""
    index = {int(position): k for k, position in enumerate(quenches.positions_in_stream)}
    for position, minimum in enumerate(minima()):
        if position in index:
            yield index[position], minimum


def _picked(minima: Stream, quenches: Catalogue, wanted: Indices) -> list[Minimum]:
    """Return some quenches of the catalogue, in its order."""
    chosen = set(wanted.tolist())
    found = {index: minimum for index, minimum in _indexed(minima, quenches) if index in chosen}
    return [found[index] for index in wanted.tolist()]


def _merged(
    tight: Sequence[Minimum], converge_further: Tighten | None, tolerances: Tolerances
) -> tuple[list[Minimum], Indices]:
    """Merge tight minima, converge further what may still equal another, and merge again; return as `merge` does."""
    distinct, isomer_of = merge(tight, tolerances)
    doubtful = in_doubt(distinct, tolerances) if converge_further else []
    if not converge_further or not doubtful:
        return distinct, isomer_of
    for k, minimum in zip(doubtful, _converged([distinct[k] for k in doubtful], converge_further), strict=True):
        distinct[k] = minimum if minimum.converged else distinct[k]
    finer, again = merge(distinct, tolerances)
    return finer, np.where(isomer_of < 0, -1, again[isomer_of])


def _converged(minima: list[Minimum], tighten: Tighten) -> Sequence[Minimum]:
    tight = tighten(minima) if minima else []
    if len(tight) != len(minima):
        raise AnalysisError(f"{len(minima)} minima were to be converged further, {len(tight)} came back")
    return tight
