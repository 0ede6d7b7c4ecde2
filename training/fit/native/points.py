"""The choice of sparse points, in two passes over the configurations that keep none of their descriptors.

Pairs: equidistant over the distances that occur. Triplets: the farthest points of a random sample. SOAP: drawn at
random, without replacement, with the leverage score of a vector as its weight (CUR decomposition). A draw depends on
the seed and on the configuration's number alone, not on how the work is shared out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deckgen.quip.rows.gaussian import instances
from deckgen.quip.rows.soap import SoapVectors
from deckgen.training.fit.native.targets import Target
from deckgen.training.fit.native.terms import Kind, SparsePoints, kinds_of
from deckgen.training.recipe.fit import Fit
from deckgen.training.selection import farthest_points

__all__ = ["Draw", "Survey", "chosen_points", "draw", "joined_draws", "joined_surveys", "survey", "whitening"]

Array = NDArray[np.float64]

LARGEST_SAMPLE = 5000
"""Triplets from which sparse points are chosen."""
SPARE = 1.25
"""SOAP vectors drawn per sparse point: some are nearly equal, and one of them is enough."""
EQUAL_DIGITS = 6
NULL = 1e-10
"""Directions of the SOAP vectors with a smaller share of the largest second moment do not count."""


@dataclass(frozen=True, eq=False)
class Draw:
    """A weighted random sample: the vectors of the smallest keys, with any number of vectors left out.

    Parameters
    ----------
    keys : (n,)
        An exponentially distributed number per vector, divided by its weight.
    vectors : (n, D)
        The vectors.
    """

    keys: Array
    vectors: Array

    def smallest(self, count: int) -> Draw:
        """Return the sample of this size."""
        order = np.argsort(self.keys, kind="stable")[:count]
        return Draw(self.keys[order], self.vectors[order])


@dataclass(frozen=True, eq=False)
class Survey:
    """What a first pass learns of each kind of pair, triplet and central atom.

    Attributes
    ----------
    ranges_A
        The shortest and the longest distance of the pairs; infinity and 0 where there are none.
    triplets
        A random sample of them.
    moments : (D, D)
        sum x x^T of the SOAP vectors.
    """

    ranges_A: dict[Kind, tuple[float, float]]
    triplets: dict[Kind, Draw]
    moments: dict[Kind, Array]


def survey(fit: Fit, elements: Sequence[int], targets: Sequence[tuple[int, Target]]) -> Survey:
    """Make the first pass over numbered configurations."""
    kinds = kinds_of(fit, elements)
    ranges = {kind: (np.inf, 0.0) for kind in kinds if kind.table == "two_body"}
    triplets = {kind: Draw(np.empty(0), np.empty((0, 3))) for kind in kinds if kind.table == "three_body"}
    vectors = SoapVectors(fit.soap, elements) if fit.soap.use else None
    width = vectors.n_components if vectors else 0
    moments = {kind: np.zeros((width, width)) for kind in kinds if kind.table == "soap"}
    for number, target in targets:
        rng = np.random.default_rng((fit.seed, 3, number))
        for kind, (shortest_A, longest_A) in ranges.items():
            x = instances(kind.elements, target.cluster, fit.two_body)
            ranges[kind] = float(x.min(initial=shortest_A)), float(x.max(initial=longest_A))
        for kind, drawn in triplets.items():
            x = instances(kind.elements, target.cluster, fit.three_body)
            triplets[kind] = joined_draws([drawn, Draw(rng.exponential(size=len(x)), x)], LARGEST_SAMPLE)
        for kind, moment in moments.items():
            assert vectors is not None
            x = vectors.values(target.cluster, kind.elements[0])
            moment += x.T @ x
    return Survey(ranges, triplets, moments)


def joined_draws(draws: Sequence[Draw], count: int) -> Draw:
    """Return the sample of this size from the vectors of several samples."""
    joined = Draw(np.concatenate([one.keys for one in draws]), np.concatenate([one.vectors for one in draws]))
    return joined.smallest(count)


def joined_surveys(surveys: Sequence[Survey]) -> Survey:
    """Return what one pass over all the configurations would have learnt."""
    first = surveys[0]
    return Survey(
        {
            kind: (min(one.ranges_A[kind][0] for one in surveys), max(one.ranges_A[kind][1] for one in surveys))
            for kind in first.ranges_A
        },
        {kind: joined_draws([one.triplets[kind] for one in surveys], LARGEST_SAMPLE) for kind in first.triplets},
        {kind: np.sum([one.moments[kind] for one in surveys], axis=0) for kind in first.moments},
    )


def whitening(moment: Array) -> Array:
    """Return W (D, rank): |W^T x|^2 is the leverage score of the vector x."""
    values, directions = np.linalg.eigh(moment)
    kept = values > NULL * values[-1]
    return np.asarray(directions[:, kept] / np.sqrt(values[kept]))


def draw(
    fit: Fit, elements: Sequence[int], targets: Sequence[tuple[int, Target]], whiten: Mapping[Kind, Array]
) -> dict[Kind, Draw]:
    """Make the second pass, for SOAP: draw vectors of each kind of central atom by their leverage scores."""
    vectors = SoapVectors(fit.soap, elements)
    kept = {kind: Draw(np.empty(0), np.empty((0, vectors.n_components))) for kind in whiten}
    for number, target in targets:
        random = np.random.default_rng((fit.seed, 1, number)).exponential(size=len(target.cluster))
        for kind, before in kept.items():
            (element,) = kind.elements
            x = vectors.values(target.cluster, element)
            scores = np.square(x @ whiten[kind]).sum(axis=1)
            keys = random[target.cluster.numbers == element] / scores
            kept[kind] = joined_draws([before, Draw(keys, x)], candidates(fit))
    return kept


def candidates(fit: Fit) -> int:
    """Return the number of SOAP vectors to draw of each kind of central atom."""
    return int(SPARE * fit.soap.n_sparse)


def chosen_points(fit: Fit, found: Survey, drawn: Mapping[Kind, Draw]) -> dict[Kind, SparsePoints]:
    """Return the sparse points of each kind that occurs."""
    points = dict[Kind, Array]()
    for kind, (shortest_A, longest_A) in found.ranges_A.items():
        if shortest_A <= longest_A:
            points[kind] = np.linspace(shortest_A, longest_A, fit.two_body.n_sparse)[:, None]
    for kind, triplets in found.triplets.items():
        if len(sample := triplets.vectors):
            spread = np.ptp(sample, axis=0)
            scaled = sample / np.where(spread > 0.0, spread, 1.0)
            points[kind] = sample[farthest_points(scaled, min(len(sample), fit.three_body.n_sparse))]
    for kind, one in drawn.items():
        _, first = np.unique(one.vectors.round(EQUAL_DIGITS), axis=0, return_index=True)
        points[kind] = one.vectors[np.sort(first)[: fit.soap.n_sparse]]
    return {kind: SparsePoints(np.ascontiguousarray(x), np.ones(len(x))) for kind, x in points.items()}
