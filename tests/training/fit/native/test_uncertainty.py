"""Predictive variance from the factor of a fit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import solve_triangular

from deckgen.errors import InputError
from deckgen.processes.executor import open_executor
from deckgen.training.fit.native.factor import prior
from deckgen.training.fit.native.gap_xml import write_gap
from deckgen.training.fit.native.parts import Part, run_part, save_points, solve_parts
from deckgen.training.fit.native.targets import Target, fill_rows
from deckgen.training.fit.native.terms import terms_of
from deckgen.training.fit.native.uncertainty import FACTOR, uncertainties


@pytest.fixture(scope="module")
def folder(judged, tmp_path_factory):
    """A fit to a third of the frames."""
    folder = tmp_path_factory.mktemp("fit")
    save_points(folder, judged.points)
    part = Part(folder, 0, judged.fit, judged.elements, tuple(judged.targets[:3]))
    assert run_part(part).complete
    alpha = solve_parts([part], 0.0, folder / FACTOR).alpha
    write_gap(folder / "gap.xml", judged.fit, judged.e0, terms_of(judged.fit, judged.points, judged.elements), alpha)
    return folder


def rows_of(judged, target: Target) -> np.ndarray:
    rows = np.empty((1 + 3 * len(target.cluster), judged.n_sparse + 1), order="F")
    fill_rows(target, terms_of(judged.fit, judged.points, judged.elements), rows)
    return rows[: len(target)] * target.sigmas[:, None]


def test_the_variance_is_that_of_the_dense_gaussian_process(judged, folder):
    """Of y ~ N(0, K K_MM^-1 K^T + Sigma): K** - K*N (K_NN + Sigma)^-1 K_N*, by the formula that has no factor."""
    fitted = judged.targets[:3]
    chol = prior(terms_of(judged.fit, judged.points, judged.elements), judged.fit.sparse_jitter)[:-1, :-1]
    known = np.concatenate([rows_of(judged, target) for target in fitted])
    new = rows_of(judged, judged.targets[4])
    half, half_new = (solve_triangular(chol, rows[:, :-1].T, trans="T") for rows in (known, new))
    covariance = half.T @ half + np.diag(np.concatenate([target.sigmas for target in fitted]) ** 2)
    across = half.T @ half_new
    variance = np.diag(half_new.T @ half_new - across.T @ np.linalg.solve(covariance, across))
    scale2 = known[:, -1] @ np.linalg.solve(covariance, known[:, -1]) / len(known)
    with open_executor(1) as executor:
        (found,) = uncertainties(folder / "gap.xml", judged.fit, [judged.frames[3]], executor=executor)
    deviations = np.concatenate([[found.energy_eV], found.forces_eV_A.ravel()])
    np.testing.assert_allclose(deviations, np.sqrt(scale2 * variance), rtol=1e-4)


def test_fitted_frames_are_more_certain_than_new_ones_and_the_order_is_kept(judged, folder, unseen):
    frames = [*judged.frames[:2], unseen[0], unseen[1]]
    with open_executor(2) as executor:
        found = [one.largest_eV_A for one in uncertainties(folder / "gap.xml", judged.fit, frames, executor=executor)]
    assert max(found[:2]) < min(found[2:])


def test_a_potential_without_its_factor_is_refused(judged, unseen):
    with open_executor(1) as executor, pytest.raises(InputError, match="no such factor") as caught:
        uncertainties(judged.xml, judged.fit, unseen[:1], executor=executor)
    assert "native" in caught.value.hint
