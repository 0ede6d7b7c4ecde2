"""The terms of a GAP with their sparse points: kernels between sparse points, and a configuration's rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement

import numpy as np
from ase.data import chemical_symbols
from numpy.typing import NDArray

from deckgen.quip.rows.cluster import Cluster
from deckgen.quip.rows.gaussian import add_gaussian_rows
from deckgen.quip.rows.soap import SoapVectors
from deckgen.training.recipe.fit import Fit, Soap, ThreeBody, TwoBody

__all__ = ["GaussianTerm", "Kind", "SoapTerm", "SparsePoints", "Term", "kinds_of", "terms_of"]

Array = NDArray[np.float64]

COLUMNS_AT_ONCE = 512


@dataclass(frozen=True)
class Kind:
    """What a term describes: each pair, triplet or kind of central atom has sparse points of its own.

    Parameters
    ----------
    table
        Of [fit]: "two_body", "three_body" or "soap".
    elements
        Atomic numbers: of a pair; of a centre and two neighbours; of a central atom.
    """

    table: str
    elements: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.table} {'-'.join(chemical_symbols[number] for number in self.elements)}"


def kinds_of(fit: Fit, elements: Sequence[int]) -> list[Kind]:
    """Return the kinds of the terms in use for some elements: pairs in one order, neighbours in one order."""
    pairs = list(combinations_with_replacement(sorted(elements), 2))
    found: list[Kind] = []
    if fit.two_body.use:
        found += [Kind("two_body", pair) for pair in pairs]
    if fit.three_body.use:
        found += [Kind("three_body", (centre, *pair)) for centre in sorted(elements) for pair in pairs]
    if fit.soap.use:
        found += [Kind("soap", (centre,)) for centre in sorted(elements)]
    return found


@dataclass(frozen=True, eq=False)
class SparsePoints:
    """The sparse points of a term.

    Parameters
    ----------
    x : (n, D)
        Their descriptors: distances, triplets as in `deckgen.quip.rows.gaussian`, or SOAP vectors.
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

    kind: Kind
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

    def add_rows(self, cluster: Cluster, rows: Array) -> None:
        """Add the term to a configuration's rows (1 + 3 N, n), energies and forces."""
        weights = self.settings.delta_eV**2 * self.points.cutoffs
        add_gaussian_rows(self.kind.elements, cluster, self.settings, self.theta_A, self.points.x, weights, rows)

    def covariance(self, first: int, end: int) -> Array:
        """Return the columns first .. end of the covariance of the sparse points, (n, end - first), in eV^2."""
        u = self.points.x / self.theta_A
        squares = np.square(u[:, None, :] - u[None, first:end, :]).sum(axis=2)
        weights = self.settings.delta_eV**2 * np.outer(self.points.cutoffs, self.points.cutoffs[first:end])
        return np.asarray(weights * np.exp(-0.5 * squares))


@dataclass(frozen=True, eq=False)
class SoapTerm:
    """Neighbourhoods of atoms: k = delta^2 (x . y)^zeta of normalised SOAP vectors."""

    kind: Kind
    settings: Soap
    points: SparsePoints
    elements: tuple[int, ...]
    """All elements of the potential: each has a density."""

    @cached_property
    def vectors(self) -> SoapVectors:
        """What makes the vectors."""
        return SoapVectors(self.settings, self.elements)

    @property
    def written(self) -> Array:
        """The sparse points as the file of a potential holds them: with gap_fit's last component, which is 0."""
        return np.pad(self.points.x, ((0, 0), (0, 1)))

    def add_rows(self, cluster: Cluster, rows: Array) -> None:
        """Add the term to a configuration's rows (1 + 3 N, n), energies and forces."""
        (element,) = self.kind.elements
        weights = self.settings.delta_eV**2 * self.points.cutoffs
        self.vectors.add_rows(cluster, element, self.points.x, weights, self.settings.zeta, rows)

    def covariance(self, first: int, end: int) -> Array:
        """Return the columns first .. end of the covariance of the sparse points, (n, end - first), in eV^2."""
        kernel = (self.points.x @ self.points.x[first:end].T) ** self.settings.zeta
        weights = self.settings.delta_eV**2 * self.points.cutoffs
        return np.asarray(weights[:, None] * kernel * self.points.cutoffs[first:end])


Term = GaussianTerm | SoapTerm


def terms_of(fit: Fit, points: Mapping[Kind, SparsePoints], elements: Sequence[int]) -> list[Term]:
    """Return the terms that have sparse points, in the order of their columns.

    Parameters
    ----------
    fit
        The settings.
    points
        Of each kind; one that does not occur in the data has none.
    elements
        Atomic numbers of the potential.
    """
    settings: dict[str, TwoBody | ThreeBody] = {"two_body": fit.two_body, "three_body": fit.three_body}
    terms: list[Term] = []
    for kind in kinds_of(fit, elements):
        if kind not in points:
            continue
        if kind.table == "soap":
            terms.append(SoapTerm(kind, fit.soap, points[kind], tuple(sorted(elements))))
        else:
            terms.append(GaussianTerm(kind, settings[kind.table], points[kind]))
    return terms
