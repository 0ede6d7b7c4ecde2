from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import solve_triangular
from scipy.stats import multivariate_normal

from deckgen.training.fit.native import parts
from deckgen.training.fit.native.factor import prior
from deckgen.training.fit.native.parts import Part, run_part, save_points, solve_parts
from deckgen.training.fit.native.targets import Target, fill_rows
from deckgen.training.fit.native.terms import terms_of


class AskedToStop(Target):
    """A configuration during which a queueing system asks the process to end."""

    def __len__(self) -> int:
        signal.raise_signal(signal.SIGTERM)
        return super().__len__()


def part(judged, folder: Path, index: int, targets) -> Part:
    folder.mkdir(exist_ok=True)
    save_points(folder, judged.points)
    return Part(folder, index, judged.fit, judged.elements, tuple(targets))


def solution(shares: list[Part]) -> np.ndarray:
    assert all(run_part(one).complete for one in shares)
    return solve_parts(shares, 0.0, shares[0].folder / "factor.npz").alpha


@pytest.fixture(scope="module")
def in_one_go(judged, tmp_path_factory) -> np.ndarray:
    return solution([part(judged, tmp_path_factory.mktemp("whole"), 0, judged.targets)])


def close(alpha: np.ndarray, other: np.ndarray) -> bool:
    return bool(abs(alpha - other).max() < 1e-6 * abs(other).max())


def test_any_number_of_parts_gives_the_same_solution_and_counts_the_prior_once(judged, tmp_path, in_one_go):
    three = [part(judged, tmp_path / "three", k, judged.targets[k::3]) for k in range(3)]
    assert close(solution(three), in_one_go)


def test_what_a_fold_leaves_in_the_block_counts_for_nothing(judged, tmp_path, in_one_go, monkeypatch):
    monkeypatch.setattr(parts, "BLOCK_ROWS", 70)  # a frame or two: most folds leave rows below them
    assert close(solution([part(judged, tmp_path / "low", 0, judged.targets)]), in_one_go)


def test_a_part_continues_from_its_last_factor_and_does_not_read_again_what_is_in_it(judged, tmp_path, in_one_go):
    folder = tmp_path / "half"
    assert run_part(part(judged, folder, 0, judged.targets[:6])).complete
    spoilt = [replace(target, values=target.values + 1.0) for target in judged.targets[:6]]
    assert close(solution([part(judged, folder, 0, [*spoilt, *judged.targets[6:]])]), in_one_go)
    assert len(list(folder.glob("part-0-*.npy"))) == 1


def test_a_part_that_is_asked_to_stop_keeps_what_it_has_and_ends_later_with_the_same_solution(
    judged, tmp_path, in_one_go
):
    folder, fields = tmp_path / "stopped", ("cluster", "values", "sigmas")
    stopping = AskedToStop(*(getattr(judged.targets[4], name) for name in fields))
    report = run_part(part(judged, folder, 0, [*judged.targets[:4], stopping, *judged.targets[5:]]))
    assert not report.complete
    assert list(part(judged, folder, 0, judged.targets).saved()) == [5]
    assert close(solution([part(judged, folder, 0, judged.targets)]), in_one_go)


def test_the_marginal_likelihood_is_that_of_the_dense_gaussian_process(judged, tmp_path):
    targets, fit = judged.targets[:4], judged.fit.model_copy(update={"sparse_jitter": 1e-4})
    terms = terms_of(fit, judged.points, judged.elements)
    rows = []
    for target in targets:
        block = np.empty((1 + 3 * len(target.cluster), 54), order="F")
        fill_rows(target, terms, block)
        rows.append(block[: len(target)] * target.sigmas[:, None])
    stacked, sigmas = np.concatenate(rows), np.concatenate([target.sigmas for target in targets])
    chol = prior(terms, fit.sparse_jitter)[:-1, :-1]
    half = solve_triangular(chol.T, stacked[:, :-1].T, lower=True)
    dense = multivariate_normal(cov=half.T @ half + np.diag(sigmas**2)).logpdf(stacked[:, -1])
    shares = [replace(part(judged, tmp_path / "two", k, targets[k::2]), fit=fit) for k in range(2)]
    assert all(run_part(one).complete for one in shares)
    found = solve_parts(shares, float(np.log(sigmas).sum()), tmp_path / "factor.npz").log_likelihood
    assert found == pytest.approx(dense, rel=1e-7)
