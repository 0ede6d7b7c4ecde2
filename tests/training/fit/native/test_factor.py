from __future__ import annotations

import numpy as np
import pytest

from deckgen.errors import RunError
from deckgen.training.fit.native.factor import fold, join, prior, solve
from deckgen.training.fit.native.terms import GaussianTerm, Kind, SparsePoints
from deckgen.training.recipe.fit import TwoBody


def ill_conditioned(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A matrix of condition number 1e9, and a right side in its range."""
    u, _ = np.linalg.qr(rng.normal(size=(300, 12)))
    v, _ = np.linalg.qr(rng.normal(size=(12, 12)))
    matrix = u * np.logspace(0, -9, 12) @ v.T
    return np.column_stack([matrix, matrix @ np.ones(12)]), np.ones(12)


def folded(rows: np.ndarray, sizes: list[int]) -> np.ndarray:
    factor = np.zeros((rows.shape[1], rows.shape[1]), order="F")
    for part in np.split(rows, np.cumsum(sizes)[:-1]):
        fold(factor, np.array(part, order="F"))
    return factor


def test_blocks_of_any_height_give_the_least_squares_solution_where_normal_equations_fail():
    rows, exact = ill_conditioned(np.random.default_rng(1))
    alpha, residual = solve(folded(rows, [1, 7, 150, 142]))
    assert abs(alpha - exact).max() < 1e-5
    assert residual < 1e-13
    matrix = rows[:, :-1]
    normal = np.linalg.solve(matrix.T @ matrix, matrix.T @ rows[:, -1])
    assert abs(normal - exact).max() > 1e-2


def test_the_residual_is_the_distance_to_the_right_side():
    rows = np.random.default_rng(2).normal(size=(40, 6))
    _, squared, *_ = np.linalg.lstsq(rows[:, :-1], rows[:, -1], rcond=None)
    assert solve(folded(rows, [40]))[1] == pytest.approx(squared[0] ** 0.5)


def test_two_factors_joined_are_the_factor_of_all_rows():
    rows = np.random.default_rng(3).normal(size=(60, 9))
    one, other, both = folded(rows[:25], [25]), folded(rows[25:], [35]), folded(rows, [60])
    join(one, other)
    np.testing.assert_allclose(one.T @ one, both.T @ both, atol=1e-12)


def test_sparse_points_that_coincide_need_a_jitter():
    points = SparsePoints(np.array([[3.0], [3.0], [4.0]]), np.ones(3))
    term = GaussianTerm(Kind("two_body", (11, 11)), TwoBody(), points)
    with pytest.raises(RunError, match="not positive definite") as caught:
        prior([term], 0.0)
    assert "sparse_jitter" in caught.value.hint
    assert np.isfinite(prior([term], 1e-8)).all()
