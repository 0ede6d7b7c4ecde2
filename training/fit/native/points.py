"""The choice of sparse points, in two passes over the configurations that keep none of their descriptors.

Pairs: equidistant over the distances that occur. Triplets: the farthest points of a random sample. SOAP: drawn at
random, without replacement, with the leverage score of a vector as its weight (CUR decomposition). A draw depends on
the seed and on the configuration's number alone, not on how the work is shared out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deckgen.quip.rows import SoapVectors, instances
from deckgen.training.fit.native.targets import Target
from deckgen.training.fit.native.terms import SparsePoints
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
    """What a first pass learns.

    Attributes
    ----------
    shortest_A, longest_A
        The range of the pairs' distances.
    triplets
        A random sample of them.
    moment : (D, D)
        sum x x^T of the SOAP vectors.
    n_atoms
        Their number.
    """

    shortest_A: float
    longest_A: float
    triplets: Draw
    moment: Array
    n_atoms: int


def survey(fit: Fit, targets: Sequence[tuple[int, Target]]) -> Survey:
    """Make the first pass over numbered configurations."""
    vectors = SoapVectors(fit.soap) if fit.soap.use else None
    width = vectors.n_components if vectors else 0
    shortest_A, longest_A, n_atoms = np.inf, 0.0, 0
    triplets, moment = Draw(np.empty(0), np.empty((0, 3))), np.zeros((width, width))
    for number, target in targets:
        if fit.two_body.use:
            distances = instances(2, target.positions_A, fit.two_body)
            shortest_A = min(shortest_A, float(distances.min(initial=np.inf)))
            longest_A = max(longest_A, float(distances.max(initial=0.0)))
        if fit.three_body.use:
            found = instances(3, target.positions_A, fit.three_body)
            keys = np.random.default_rng((fit.seed, 3, number)).exponential(size=len(found))
            triplets = joined_draws([triplets, Draw(keys, found)], LARGEST_SAMPLE)
        if vectors:
            x = vectors.values(target.positions_A)
            moment += x.T @ x
        n_atoms += len(target.positions_A)
    return Survey(shortest_A, longest_A, triplets, moment, n_atoms)


def joined_draws(draws: Sequence[Draw], count: int) -> Draw:
    """Return the sample of this size from the vectors of several samples."""
    joined = Draw(np.concatenate([one.keys for one in draws]), np.concatenate([one.vectors for one in draws]))
    return joined.smallest(count)


def joined_surveys(surveys: Sequence[Survey]) -> Survey:
    """Return what one pass over all the configurations would have learnt."""
    return Survey(
        min(one.shortest_A for one in surveys),
        max(one.longest_A for one in surveys),
        joined_draws([one.triplets for one in surveys], LARGEST_SAMPLE),
        np.sum([one.moment for one in surveys], axis=0),
        sum(one.n_atoms for one in surveys),
    )


def whitening(moment: Array) -> Array:
    """Return W (D, rank): |W^T x|^2 is the leverage score of the vector x."""
    values, directions = np.linalg.eigh(moment)
    kept = values > NULL * values[-1]
    return np.asarray(directions[:, kept] / np.sqrt(values[kept]))


def draw(fit: Fit, targets: Sequence[tuple[int, Target]], whiten: Array) -> Draw:
    """Make the second pass, for SOAP: draw vectors by their leverage scores."""
    vectors = SoapVectors(fit.soap)
    kept = Draw(np.empty(0), np.empty((0, vectors.n_components)))
    for number, target in targets:
        x = vectors.values(target.positions_A)
        scores = np.square(x @ whiten).sum(axis=1)
        keys = np.random.default_rng((fit.seed, 1, number)).exponential(size=len(x)) / scores
        kept = joined_draws([kept, Draw(keys, x)], candidates(fit))
    return kept


def candidates(fit: Fit) -> int:
    """Return the number of SOAP vectors to draw."""
    return int(SPARE * fit.soap.n_sparse)


def chosen_points(fit: Fit, found: Survey, drawn: Draw | None) -> dict[str, SparsePoints]:
    """Return the sparse points of each table of [fit] that is in use."""
    points = dict[str, Array]()
    if fit.two_body.use:
        points["two_body"] = np.linspace(found.shortest_A, found.longest_A, fit.two_body.n_sparse)[:, None]
    if fit.three_body.use:
        sample = found.triplets.vectors
        spread = np.ptp(sample, axis=0)
        picked = farthest_points(
            sample / np.where(spread > 0.0, spread, 1.0), min(len(sample), fit.three_body.n_sparse)
        )
        points["three_body"] = sample[picked]
    if drawn is not None:
        _, first = np.unique(drawn.vectors.round(EQUAL_DIGITS), axis=0, return_index=True)
        points["soap"] = drawn.vectors[np.sort(first)[: fit.soap.n_sparse]]
    return {name: SparsePoints(np.ascontiguousarray(x), np.ones(len(x))) for name, x in points.items()}
