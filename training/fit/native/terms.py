"""The terms of a GAP with their sparse points: kernels between sparse points, and a configuration's rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from deckgen.quip.rows import Order, SoapVectors, add_gaussian_rows
from deckgen.training.recipe.fit import Fit, Soap, ThreeBody, TwoBody

__all__ = ["GaussianTerm", "SoapTerm", "SparsePoints", "Term", "terms_of"]

Array = NDArray[np.float64]

COLUMNS_AT_ONCE = 512


@dataclass(frozen=True, eq=False)
class SparsePoints:
    """The sparse points of a term.

    Parameters
    ----------
    x : (n, D)
        Their descriptors: distances, triplets as in `deckgen.quip.rows`, or SOAP vectors.
    cutoffs : (n,)
        The value of the cutoff function that multiplies the kernel of each (sparseCutoff in the xml).
    """

    x: Array
    cutoffs: Array

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, eq=False)
class GaussianTerm:
    """Pairs or triplets: k = delta^2 exp(-sum_d (x_d - y_d)^2 / 2 theta^2)."""

    order: Order
    settings: TwoBody | ThreeBody
    points: SparsePoints

    @property
    def theta_A(self) -> Array:
        """Length scale in each dimension."""
        return np.full(self.points.x.shape[1], self.settings.theta_A)

    @property
    def written(self) -> Array:
        """The sparse points as the file of a potential holds them."""
        return self.points.x

    def add_rows(self, positions_A: Array, rows: Array) -> None:
        """Add the term to a configuration's rows (1 + 3 N, n), energies and forces."""
        weights = self.settings.delta_eV**2 * self.points.cutoffs
        add_gaussian_rows(self.order, positions_A, self.settings, self.theta_A, self.points.x, weights, rows)

    def covariance(self, first: int, end: int) -> Array:
        """Return the columns first .. end of the covariance of the sparse points, (n, end - first), in eV^2."""
        u = self.points.x / self.theta_A
        squares = np.square(u[:, None, :] - u[None, first:end, :]).sum(axis=2)
        weights = self.settings.delta_eV**2 * np.outer(self.points.cutoffs, self.points.cutoffs[first:end])
        return np.asarray(weights * np.exp(-0.5 * squares))


@dataclass(frozen=True, eq=False)
class SoapTerm:
    """Neighbourhoods of atoms: k = delta^2 (x . y)^zeta of normalised SOAP vectors."""

    settings: Soap
    points: SparsePoints

    @cached_property
    def vectors(self) -> SoapVectors:
        """What makes the vectors."""
        return SoapVectors(self.settings)

    @property
    def written(self) -> Array:
        """The sparse points as the file of a potential holds them: with gap_fit's last component, which is 0."""
        return np.pad(self.points.x, ((0, 0), (0, 1)))

    def add_rows(self, positions_A: Array, rows: Array) -> None:
        """Add the term to a configuration's rows (1 + 3 N, n), energies and forces."""
        weights = self.settings.delta_eV**2 * self.points.cutoffs
        self.vectors.add_rows(positions_A, self.points.x, weights, self.settings.zeta, rows)

    def covariance(self, first: int, end: int) -> Array:
        """Return the columns first .. end of the covariance of the sparse points, (n, end - first), in eV^2."""
        kernel = (self.points.x @ self.points.x[first:end].T) ** self.settings.zeta
        weights = self.settings.delta_eV**2 * self.points.cutoffs
        return np.asarray(weights[:, None] * kernel * self.points.cutoffs[first:end])


Term = GaussianTerm | SoapTerm


def terms_of(fit: Fit, points: Mapping[str, SparsePoints]) -> list[Term]:
    """Return the terms in use, in the order of their columns, with the sparse points of each table of [fit]."""
    terms: list[Term] = []
    if fit.two_body.use:
        terms.append(GaussianTerm(2, fit.two_body, points["two_body"]))
    if fit.three_body.use:
        terms.append(GaussianTerm(3, fit.three_body, points["three_body"]))
    if fit.soap.use:
        terms.append(SoapTerm(fit.soap, points["soap"]))
    return terms
