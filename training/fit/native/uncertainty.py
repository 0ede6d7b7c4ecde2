"""How uncertain a potential is of a frame: the predictive variance of its Gaussian process, from the factor of its fit.

With R^T R = K_MM + K_MN Sigma^-1 K_NM, the coefficients have the covariance (R^T R)^-1, and a prediction phi^T alpha
the variance |R^-T phi|^2 (subset of regressors). The scale of all variances is that at which the targets are most
likely: residual^2 / number of targets. Far from all sparse points every kernel vanishes and so does this variance: it
tells where data are missing within the space that the sparse points span, not beyond it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from deckgen.errors import InputError
from deckgen.processes.executor import TaskExecutor
from deckgen.processes.shares import share_out
from deckgen.quip.gapfile import read_gap
from deckgen.quip.rows.cluster import Cluster
from deckgen.training.fit.native.gap_xml import read_points
from deckgen.training.fit.native.targets import Target, fill_rows
from deckgen.training.fit.native.terms import terms_of
from deckgen.training.recipe.fit import Fit

__all__ = ["FACTOR", "Uncertainty", "save_factor", "uncertainties"]

Array = NDArray[np.float64]

FACTOR = "factor.npz"
"""Beside the xml: R of [K / sigma | y / sigma] and the prior, and the number of targets."""


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """Standard deviations of what a potential says of a frame.

    Attributes
    ----------
    energy_eV
        Of the energy.
    forces_eV_A : (N, 3)
        Of the force components.
    scale
        What all of them were multiplied by. A label lies about the potential by its sigma in the fit times this.
    """

    energy_eV: float
    forces_eV_A: Array
    scale: float

    @property
    def largest_eV_A(self) -> float:
        """Of the force on the least certain atom: the root of the sum over its components' variances."""
        return float(np.sqrt(np.square(self.forces_eV_A).sum(axis=1).max()))


def save_factor(path: Path, factor: Array, n_targets: int) -> None:
    """Keep the factor of a fit beside its potential."""
    np.savez(path, factor=factor, n_targets=n_targets)


def uncertainties(xml: Path, fit: Fit, frames: Sequence[Atoms], *, executor: TaskExecutor) -> list[Uncertainty]:
    """Return the uncertainty of a potential of each frame.

    Parameters
    ----------
    xml
        A potential of engine = "native", its factor beside it.
    fit
        The fit, all scales numbers.
    frames
        Free clusters of the potential's elements.
    executor
        Shares the frames out.

    Raises
    ------
    InputError
        If there is no factor, or it is not of this fit.
    """
    return share_out(executor, frames, _uncertainties, xml.resolve(), fit)


def _uncertainties(xml: Path, fit: Fit, frames: Sequence[Atoms]) -> list[Uncertainty]:
    file = xml.with_name(FACTOR)
    if not file.is_file():
        raise InputError(f"{file}: no such factor", hint='fit the potential with [fit] engine = "native"')
    with np.load(file) as arrays:
        factor, n_targets = arrays["factor"], int(arrays["n_targets"])
    elements = tuple(sorted(atomic_numbers[symbol] for symbol in read_gap(xml).elements))
    terms = terms_of(fit, read_points(xml, fit, elements), elements)
    n = sum(len(term.points) for term in terms)
    if factor.shape != (n + 1, n + 1):
        raise InputError(f"{file}: of {len(factor) - 1} sparse points, and {xml.name} has {n}", hint="fit again")
    triangle, scale = factor[:n, :n], abs(factor[n, n]) / np.sqrt(n_targets)
    found = []
    for atoms in frames:
        rows = np.empty((1 + 3 * len(atoms), n + 1), order="F")
        cluster = Cluster.of(atoms.numbers, atoms.positions)
        fill_rows(Target(cluster, np.zeros(len(rows)), np.ones(len(rows))), terms, rows)
        half = solve_triangular(triangle, rows[:, :n].T, trans="T")
        deviations = scale * np.linalg.norm(half, axis=0)
        found.append(Uncertainty(float(deviations[0]), deviations[1:].reshape(-1, 3), float(scale)))
    return found
