"""The memory that a fit needs, estimated before it starts: a fit that is too large may take the machine down.

At its first peak gap_fit holds every descriptor with its derivatives with respect to the coordinates of the atoms that
it depends on, and the covariance of sparse points and targets; at its second, the least-squares matrix of (targets and
sparse points) by sparse points, more than once (while it is assembled, and while LAPACK factorises it).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deckgen.errors import RunError
from deckgen.training.fit.instances import Instances
from deckgen.training.recipe.fit import Fit

__all__ = ["MemoryNeed", "Need", "available_bytes", "format_bytes", "memory_need", "require_memory"]

NUMBER = 8
PER_ROW = 3
"""Numbers stored with each descriptor and each derivative: its cutoff, its own covariance, its indices."""
COPIES = 2.0
"""Of the least-squares matrix at the second peak."""
BASE_BYTES = 25_000_000
"""The program and its libraries."""
MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class MemoryNeed:
    """The memory that a fit needs.

    Attributes
    ----------
    n_targets
        Number of energies and force components.
    n_sparse
        Number of sparse points of all descriptors.
    descriptors_bytes
        The descriptors and their derivatives.
    covariance_bytes
        The covariance of sparse points and targets.
    solver_bytes
        The least-squares matrix, its copies included.
    """

    n_targets: int
    n_sparse: int
    descriptors_bytes: int
    covariance_bytes: int
    solver_bytes: int

    @property
    def peak_bytes(self) -> int:
        """The larger of the two peaks."""
        return BASE_BYTES + max(self.descriptors_bytes + self.covariance_bytes, self.solver_bytes)

    def __str__(self) -> str:
        return (
            f"about {format_bytes(self.peak_bytes)} for {self.n_targets:,} targets and {self.n_sparse:,} sparse points "
            f"(descriptors {format_bytes(self.descriptors_bytes)}, solver {format_bytes(self.solver_bytes)})"
        )


def memory_need(found: Instances, fit: Fit) -> MemoryNeed:
    """Estimate the memory that gap_fit needs for configurations with an energy and all forces each.

    For fits of one to three elements that take more than 0.2 GB, the estimate was within 20 % of the measured memory.
    gap_fit repeats each term for the elements that it is about, each with sparse points of its own, and the SOAP
    vectors of several elements are longer.

    Parameters
    ----------
    found
        The instances of each descriptor in the configurations.
    fit
        The fit.
    """
    n_targets = found.n_frames + 3 * found.n_atoms
    elements = found.n_elements
    radial, couples = elements * fit.soap.n_max, elements * (elements + 1) // 2
    width = radial * (radial + 1) // 2 * (fit.soap.l_max + 1) + 1
    terms = [  # repetitions, instances, derivatives by x, y and z of each atom involved, numbers each
        (fit.two_body, couples, found.pairs, 3 * 2 * found.pairs, 1),
        (fit.three_body, elements * couples, found.triplets, 3 * 3 * found.triplets, 3),
        (fit.soap, elements, found.n_atoms, 3 * (found.neighbours + found.n_atoms), width),
    ]
    rows = sum((values + slopes) * (numbers + PER_ROW) for term, _, values, slopes, numbers in terms if term.use)
    n_sparse = sum(min(times * term.n_sparse, values) for term, times, values, _, _ in terms if term.use)
    return MemoryNeed(
        n_targets=n_targets,
        n_sparse=n_sparse,
        descriptors_bytes=NUMBER * rows,
        covariance_bytes=NUMBER * n_sparse * n_targets,
        solver_bytes=int(COPIES * NUMBER * n_sparse * (n_targets + n_sparse)),
    )


def available_bytes() -> int:
    """Return the memory still available to this process: on the machine, or within the limit of its control group."""
    fields = dict(line.split(":") for line in MEMINFO.read_text().splitlines())
    free = int(fields["MemAvailable"].split()[0]) * 1024
    try:
        limit = (CGROUP / "memory.max").read_text().strip()
        used = int((CGROUP / "memory.current").read_text())
    except (OSError, ValueError):
        return free
    return free if limit == "max" else min(free, int(limit) - used)


class Need(Protocol):
    """What a fit needs, in words too."""

    @property
    def peak_bytes(self) -> int:
        """Its largest memory."""


def require_memory(need: Need) -> None:
    """Refuse a fit for which there is not enough memory.

    Raises
    ------
    RunError
        Naming the memory needed and available, and what would reduce it.
    """
    there = available_bytes()
    if need.peak_bytes > there:
        raise RunError(
            f"the fit needs {need}, and {format_bytes(there)} are available on {os.uname().nodename}",
            hint="fewer sparse points ([fit.soap] n_sparse), a shorter cutoff or smaller n_max and l_max, fewer frames "
            "([curate] select), or a larger machine",
        )


def format_bytes(n_bytes: float) -> str:
    """Return a number of bytes in MB or GB."""
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.0f} MB"
