"""Each convention of docs/gap-fit.md against the linear system that gap_fit itself wrote."""

from __future__ import annotations

import numpy as np
import pytest

from deckgen.quip.native import evaluate_natively
from deckgen.training.fit.native.factor import fold, prior, solve
from deckgen.training.fit.native.gap_xml import write_gap
from deckgen.training.fit.native.targets import Target, fill_rows
from deckgen.training.fit.native.terms import Term, terms_of
from deckgen.training.predict import predict

TABLES = ("two_body", "three_body", "soap")


@pytest.fixture(scope="module", params=["judged", "judged_alloy"], ids=["one element", "two elements"])
def judged(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def held_out(judged, unseen, unseen_alloy):
    return unseen_alloy if len(judged.elements) > 1 else unseen


@pytest.fixture(scope="module")
def terms(judged) -> list[Term]:
    """In the order of gap_fit's columns, which is that of its xml."""
    terms = {term.kind: term for term in terms_of(judged.fit, judged.points, judged.elements)}
    return [terms[kind] for kind in judged.points]


def rows_of(target: Target, terms: list[Term]) -> np.ndarray:
    n_sparse = sum(len(term.points) for term in terms)
    rows = np.empty((1 + 3 * len(target.cluster), n_sparse + 1), order="F")
    fill_rows(target, terms, rows)
    return rows


@pytest.fixture(scope="module")
def system(judged, terms) -> tuple[np.ndarray, np.ndarray]:
    """[K | y] without the division by sigma, and sigma: all energies, then all derivatives, as gap_fit orders them."""
    parts = [rows_of(t, terms)[: len(t)] * t.sigmas[:, None] for t in judged.targets]
    sigmas = [t.sigmas for t in judged.targets]
    energies, forces = [part[:1] for part in parts], [-part[1:] for part in parts]
    return np.concatenate(energies + forces), np.concatenate([s[:1] for s in sigmas] + [s[1:] for s in sigmas])


@pytest.mark.parametrize("table", TABLES)
def test_the_covariances_of_targets_and_sparse_points_are_those_of_gap_fit(judged, terms, system, table):
    columns = np.concatenate([np.full(len(term.points), term.kind.table == table) for term in terms])
    theirs = judged.dump("Kmn.0", -1, judged.n_sparse)[:, columns]
    np.testing.assert_allclose(system[0][:, :-1][:, columns], theirs, rtol=0, atol=1e-12 * abs(theirs).max())


def test_the_targets_and_their_variances_are_those_of_gap_fit(judged, system):
    np.testing.assert_allclose(system[0][:, -1], judged.dump("globalY.0", -1), rtol=0, atol=1e-12)
    np.testing.assert_allclose(system[1] ** 2, judged.dump("lambda.0", -1), rtol=1e-12)


def test_the_prior_is_that_of_gap_fit_with_a_jitter_in_eV2_whatever_delta_is(judged, terms):
    factor = prior(terms, judged.fit.sparse_jitter)
    np.testing.assert_allclose(
        (factor.T @ factor)[:-1, :-1], judged.dump("Kmm", judged.n_sparse, judged.n_sparse), rtol=0, atol=1e-13
    )
    assert not factor[:, -1].any()


def test_with_its_sparse_points_energies_and_forces_are_those_of_gap_fit(judged, terms, held_out, tmp_path):
    factor = prior(terms, judged.fit.sparse_jitter)
    for target in judged.targets:
        fold(factor, rows_of(target, terms))
    alpha, _ = solve(factor)
    write_gap(tmp_path / "gap.xml", judged.fit, judged.e0, terms, alpha)
    clusters = [(atoms.numbers, atoms.positions) for atoms in [*judged.frames, *held_out]]
    for ours, theirs in zip(
        *(evaluate_natively(xml, clusters) for xml in (tmp_path / "gap.xml", judged.xml)), strict=True
    ):
        assert ours[0] == pytest.approx(theirs[0], abs=1e-8 * len(theirs[1]))
        np.testing.assert_allclose(ours[1], theirs[1], rtol=0, atol=1e-7)
    by_quip = predict(tmp_path / "gap.xml", held_out, workers=1)
    for one, ours in zip(by_quip, evaluate_natively(tmp_path / "gap.xml", clusters[-len(held_out) :]), strict=True):
        assert one.energy_eV == pytest.approx(ours[0], abs=1e-9)
        np.testing.assert_allclose(one.forces_eV_A, ours[1], rtol=0, atol=1e-8)
