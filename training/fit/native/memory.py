"""The memory that a streamed fit needs: that of its processes, whatever the number of configurations."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from deckgen.quip.rows.soap import n_components
from deckgen.training.fit.gap_fit import high_water
from deckgen.training.fit.instances import Instances
from deckgen.training.fit.memory import available_bytes, format_bytes
from deckgen.training.fit.native.factor import BLOCK_ROWS, PANEL
from deckgen.training.fit.native.terms import kinds_of
from deckgen.training.recipe.fit import Fit

__all__ = ["StreamedNeed", "streamed_need"]

NUMBER = 8
PROCESS_BYTES = 95_000_000
"""A process with its libraries."""
DRAWN = 6
"""SOAP vectors held per sparse point while these are chosen."""
SLAB = 512 * 3
"""Columns of temporary arrays: of the covariance, of products with derivatives."""


@dataclass(frozen=True)
class StreamedNeed:
    """The memory that a streamed fit needs.

    Attributes
    ----------
    n_targets
        Number of energies and force components.
    n_sparse
        Number of sparse points of all terms.
    workers
        Processes at once.
    worker_bytes
        Of each of them.
    join_bytes
        Of the process that joins their factors.
    own_bytes
        Of this process.
    """

    n_targets: int
    n_sparse: int
    workers: int
    worker_bytes: int
    join_bytes: int
    own_bytes: int

    @property
    def peak_bytes(self) -> int:
        """The larger of the two peaks."""
        return self.own_bytes + max(self.workers * self.worker_bytes, self.join_bytes)

    def __str__(self) -> str:
        return (
            f"about {format_bytes(self.peak_bytes)} for {self.n_targets:,} targets and {self.n_sparse:,} sparse points "
            f"({self.workers} processes of {format_bytes(self.worker_bytes)})"
        )


def streamed_need(found: Instances, fit: Fit, largest: int, workers: int, elements: Sequence[int]) -> StreamedNeed:
    """Estimate the memory; with fewer workers where it would not be enough for all.

    Parameters
    ----------
    found
        The instances of each descriptor in the configurations.
    fit
        The fit.
    largest
        Number of atoms of the largest configuration.
    workers
        Most processes at once.
    elements
        Atomic numbers: each kind of pair, triplet and central atom has sparse points of its own.
    """
    most = {
        "two_body": min(fit.two_body.n_sparse, found.pairs),
        "three_body": min(fit.three_body.n_sparse, found.triplets),
        "soap": min(fit.soap.n_sparse, found.n_atoms),
    }
    of_kinds = [(kind.table, most[kind.table]) for kind in kinds_of(fit, elements)]
    n_sparse = sum(count for _, count in of_kinds)
    n, width = n_sparse + 1, n_components(fit.soap, len(elements))
    factor, soap_points = NUMBER * n * n, sum(count for table, count in of_kinds if table == "soap")
    block = NUMBER * n * (max(BLOCK_ROWS, 3 * largest + 1) + PANEL)
    soap = NUMBER * width * (soap_points + 4 * (3 * largest + 1)) if fit.soap.use else 0
    worker = PROCESS_BYTES + factor + max(block, NUMBER * n * SLAB) + soap
    workers = max(1, min(workers, available_bytes() // worker))
    join = PROCESS_BYTES + factor * min(workers, 2)
    own = high_water(os.getpid()) + NUMBER * width * DRAWN * soap_points
    return StreamedNeed(found.n_frames + 3 * found.n_atoms, n_sparse, workers, worker, join, own)
