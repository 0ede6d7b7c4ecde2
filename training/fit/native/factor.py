"""Streamed least squares: the triangular factor of a tall matrix, a block of rows at a time (TSQR).

min |A alpha - y| is solved from R of [A | y] = Q R alone, and R of two stacked matrices from theirs. LAPACK's tpqrt
folds a block into R in place: n^2 numbers and the block are held, whatever the number of rows. Normal equations would
need the same memory, but lose half of the digits: with condition numbers of 1e9, all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.linalg.lapack import dpotrf, dtpqrt

from deckgen.errors import RunError
from deckgen.training.fit.native.terms import COLUMNS_AT_ONCE, Term

__all__ = ["BLOCK_ROWS", "fold", "join", "prior", "solve"]

Array = NDArray[np.float64]

BLOCK_ROWS = 2048
"""Rows that are folded in at once: with fewer, R is read too often."""
PANEL = 64
"""Columns that tpqrt takes together."""


def prior(terms: Sequence[Term], jitter_eV2: float) -> Array:
    """Return the factor of the prior alone: R^T R = covariance of the sparse points + jitter, and no targets.

    Returns
    -------
    (n_sparse + 1, n_sparse + 1), Fortran-ordered
        The last column, of the targets, is 0.

    Raises
    ------
    RunError
        If the covariance is not positive definite.
    """
    n = sum(len(term.points) for term in terms)
    factor = np.zeros((n + 1, n + 1), order="F")
    begin = 0
    for term in terms:
        end = begin + len(term.points)
        for first in range(0, end - begin, COLUMNS_AT_ONCE):
            last = min(first + COLUMNS_AT_ONCE, end - begin)
            factor[begin:end, begin + first : begin + last] = term.covariance(first, last)
        begin = end
    factor[np.arange(n), np.arange(n)] += jitter_eV2
    factor[n, n] = 1.0
    result, info = dpotrf(factor, lower=0, clean=1, overwrite_a=1)
    if info != 0:
        raise RunError(
            f"the covariance of the sparse points is not positive definite ({info} of {n}): some are nearly equal",
            hint="a larger [fit] sparse_jitter, or fewer sparse points",
        )
    result[n, n] = 0.0
    return np.asarray(result)


def fold(factor: Array, block: Array) -> None:
    """Fold rows into a factor, in place; the block is destroyed.

    Parameters
    ----------
    factor : (n, n), Fortran-ordered
        Upper triangular.
    block : (m, n), Fortran-ordered
        Rows of [A | y].
    """
    _in_place(0, factor, block)


def join(factor: Array, other: Array) -> None:
    """Fold one factor (upper triangular) into another, in place; the other is destroyed."""
    _in_place(len(other), factor, other)


def _in_place(n_triangular: int, factor: Array, block: Array) -> None:
    result, _, _, info = dtpqrt(n_triangular, min(PANEL, len(factor)), factor, block, overwrite_a=1, overwrite_b=1)
    assert info == 0
    assert np.shares_memory(result, factor), "LAPACK worked on a copy: the arrays must be Fortran-ordered"


def solve(factor: Array) -> tuple[Array, float]:
    """Return the solution (n_sparse,) and the norm of the residual, from the factor of [A | y].

    Raises
    ------
    RunError
        If the factor is singular.
    """
    n = len(factor) - 1
    alpha = factor[:n, n].copy()
    if not np.diagonal(factor)[:n].all():
        raise RunError("the least-squares problem is singular", hint="a larger [fit] sparse_jitter")
    for end in range(n, 0, -COLUMNS_AT_ONCE):  # from the last columns on: no copy of the factor is made
        begin = max(0, end - COLUMNS_AT_ONCE)
        alpha[begin:end] = solve_triangular(factor[begin:end, begin:end], alpha[begin:end])
        alpha[:begin] -= factor[:begin, begin:end] @ alpha[begin:end]
    return alpha, float(abs(factor[n, n]))
