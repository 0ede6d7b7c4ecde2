"""What is kept of every quench: its energy, its fingerprint and where it came from; never its positions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.fragments import count_fragments, neighbour_cutoff
from deckgen.analysis.isomers.fingerprint import LENGTH, fingerprint
from deckgen.errors import AnalysisError
from deckgen.minima import Minimum

__all__ = ["Catalogue", "catalogue"]

Array = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The converged quenches, in an order of their own: by energy, whatever order they came in.

    Parameters
    ----------
    energies_eV : (n,)
        Ascending.
    fingerprints : (n, 63)
        As `fingerprint.fingerprint` returns them.
    temperatures_K : (n,)
        NaN where not known.
    frames : (n,)
        Step or index in the source.
    positions_in_stream : (n,)
        Where each came in the stream, counted from 0.
    n_failed
        Quenches that did not converge or fell apart.
    """

    energies_eV: Array
    fingerprints: NDArray[np.float32]
    temperatures_K: Array
    frames: NDArray[np.int64]
    positions_in_stream: Indices
    n_failed: int

    def __len__(self) -> int:
        return len(self.energies_eV)


def catalogue(minima: Iterable[Minimum]) -> Catalogue:
    """Read a stream of quenches once.

    Raises
    ------
    AnalysisError
        If the quenches are not all of the same atoms.
    """
    rows = list[tuple[float, bytes, float, str, int, int]]()
    n_failed, atoms = 0, None
    for position, minimum in enumerate(minima):
        atoms = atoms or sorted(minimum.symbols)
        if sorted(minimum.symbols) != atoms:
            raise AnalysisError(
                f"{minimum.source}, frame {minimum.frame}: {len(minimum.symbols)} atoms that are not the cluster's",
                hint="isomers are found among the frames of one cluster",
            )
        if not _usable(minimum):
            n_failed += 1
            continue
        print_ = fingerprint(minimum.symbols, minimum.positions_A).tobytes()
        temperature = np.nan if minimum.temperature_K is None else minimum.temperature_K
        rows.append((minimum.energy_eV, print_, temperature, minimum.source, minimum.frame, position))
    return _sorted(rows, n_failed)


def _usable(minimum: Minimum) -> bool:
    """Return whether a quench converged to one whole cluster."""
    if not minimum.converged or not np.isfinite(minimum.energy_eV):
        return False
    return count_fragments(minimum.positions_A, neighbour_cutoff(minimum.positions_A)) == 1


def _sorted(rows: list[tuple[float, bytes, float, str, int, int]], n_failed: int) -> Catalogue:
    # the fingerprint, then the origin, break ties, so that the order does not depend on the stream's
    rows.sort(key=lambda row: (row[0], row[1], np.nan_to_num(row[2], nan=-1.0), row[3], row[4]))
    energies, prints, temperatures, _, frames, positions = zip(*rows, strict=True) if rows else ((),) * 6
    return Catalogue(
        energies_eV=np.array(energies, dtype=float),
        fingerprints=np.frombuffer(b"".join(prints), dtype=np.float32).reshape(-1, LENGTH),
        temperatures_K=np.array(temperatures, dtype=float),
        frames=np.array(frames, dtype=np.int64),
        positions_in_stream=np.array(positions, dtype=np.intp),
        n_failed=n_failed,
    )
