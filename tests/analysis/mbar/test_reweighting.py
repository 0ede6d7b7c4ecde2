from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pymbar import MBAR
from scipy.special import logsumexp

from deckgen.analysis.mbar import _pymbar, mixture, reweighting
from deckgen.analysis.mbar.mixture import check_self_consistency, self_consistency
from deckgen.analysis.mbar.reweighting import reweight
from deckgen.analysis.mbar.solver import solve, solve_all
from deckgen.analysis.pool import Pool
from deckgen.errors import AnalysisError
from deckgen.units import KB_EV_K


@pytest.fixture
def pool(two_basins, ladder, rng):
    return make_pool(two_basins, ladder, rng.integers(150, 400, len(ladder)), rng)


def make_pool(system, ladder, lengths, rng):
    energies = np.concatenate([system.sample(T, n, rng) for T, n in zip(ladder, lengths, strict=True)])
    weights = np.exp(rng.normal(scale=0.2, size=len(energies)))
    lowest = energies.min()
    ones, rungs = (1.0,) * len(ladder), tuple(range(len(ladder)))
    return Pool(ladder, energies - lowest, lowest, weights, tuple(lengths.tolist()), ones, ones, rungs)


def timing_of(pool):
    return pool.spacings_ps, pool.correlations_ps, pool.rungs


def by_pymbar(pool, energies=None):
    energies = pool.energies_eV if energies is None else energies
    return MBAR(np.outer(pool.beta, energies), pool.N_k, solver_protocol="robust", rseed=0)


def exact_average(pool, f_k, T, weights):
    density = logsumexp(f_k[:, None] - np.outer(pool.beta, pool.energies_eV), b=pool.N_k[:, None], axis=0)
    exponent = np.log(weights) - pool.energies_eV / (KB_EV_K * T) - density
    weight = np.exp(exponent - logsumexp(exponent))
    mean = weight @ pool.energies_eV
    return mean, weight @ (pool.energies_eV - mean) ** 2, 1 / np.sum(weight**2)


def test_free_energies_are_pymbars(pool):
    np.testing.assert_allclose(reweight(pool).f_k, by_pymbar(pool).f_k, atol=1e-6)


def test_our_solver_alone_finds_the_same(pool, monkeypatch):
    monkeypatch.setattr(reweighting, "LARGEST_MATRIX", 0)
    np.testing.assert_allclose(reweight(pool).f_k, by_pymbar(pool).f_k, atol=1e-6)


def test_free_energies_are_the_exact_ones(harmonic, ladder, rng):
    pool = make_pool(harmonic, ladder, np.full(len(ladder), 8000), rng)
    # Z ~ T^n for n harmonic degrees of freedom (half of each counts in the gamma distribution's shape).
    exact = harmonic.shape * np.log(pool.beta / pool.beta[0])
    f_k = reweight(pool).f_k + (pool.beta - pool.beta[0]) * pool.minimum_eV
    np.testing.assert_allclose(f_k, exact, atol=0.04)


def test_a_resample_solved_anew_is_pymbars(pool, rng):
    solved = reweight(pool)
    for _ in range(5):
        counts = redrawn(pool, rng)
        N = pool.N_k.astype(float)
        shift = solve(solved.memberships, solved.energy_grid.sum(counts), N)
        f_k = by_pymbar(pool, np.repeat(pool.energies_eV, counts.astype(int))).f_k
        np.testing.assert_allclose(solved.f_k + shift, f_k, atol=1e-6)


def test_many_resamples_solved_at_once_are_each_solved_by_itself(pool, rng):
    """Also those far from the guess: a rung with the energies of the highest."""
    solved = reweight(pool)
    counts = [solved.energy_grid.sum(redrawn(pool, rng)) for _ in range(6)]
    strange = redrawn(pool, rng)
    strange[: pool.lengths[0]] = 0
    strange[-pool.lengths[0] :] += 1
    counts = np.array([*counts, solved.energy_grid.sum(strange)])
    found = solve_all(solved.memberships, counts, pool.N_k)
    for shift, own in zip(found, counts, strict=True):
        np.testing.assert_allclose(shift, solve(solved.memberships, own, pool.N_k), atol=1e-8)


def redrawn(pool, rng):
    """Counts of an independent resample of each run."""
    return np.concatenate([np.bincount(rng.integers(n, size=n), minlength=n) for n in pool.lengths]).astype(float)


def test_other_numbers_of_samples_can_be_solved(pool):
    """Half of each run, by counts, is the same as a pool of these samples."""
    solved = reweight(pool)
    kept = np.concatenate([np.arange(n) < n // 2 for n in pool.lengths])
    N_k = np.array([n // 2 for n in pool.lengths])
    half = Pool(pool.temperatures_K, pool.energies_eV[kept], 0.0, None, tuple(N_k.tolist()), *timing_of(pool))
    grid = np.array([180.0, 251.0])
    weights = solved.weights(kept.astype(float), N_k, np.ones(len(kept)))
    found = solved.averages(grid, weights[:, None])
    exact = np.array([exact_average(half, reweight(half).f_k, T, np.ones(kept.sum())) for T in grid])
    np.testing.assert_allclose(found.variance_eV2[0], exact[:, 1], rtol=1e-6)


def test_averages_between_the_rungs_are_exact(pool):
    solved = reweight(pool)
    grid = np.linspace(150, 350, 41)
    ones = np.ones(len(pool.energies_eV))
    weights_of_nodes = np.stack([solved.energy_grid.sum(ones), solved.energy_grid.sum(pool.rotation_weights)], axis=1)
    found = solved.averages(grid, weights_of_nodes)
    for row, weights in enumerate((ones, pool.rotation_weights)):
        exact = np.array([exact_average(pool, solved.f_k, T, weights) for T in grid])
        np.testing.assert_allclose(found.mean_eV[row], exact[:, 0], rtol=1e-8)
        np.testing.assert_allclose(found.variance_eV2[row], exact[:, 1], rtol=1e-7)
        np.testing.assert_allclose(solved.effective_number(grid, weights), exact[:, 2], rtol=1e-6)


def test_samples_that_are_correlated_count_for_fewer(pool):
    """Seven samples that make one independent one are worth one, at every temperature."""
    grid, ones = np.linspace(150, 350, 9), np.ones(len(pool.energies_eV))
    correlated = replace(pool, correlations_ps=tuple(7 * spacing for spacing in pool.spacings_ps))
    independent = reweight(pool).effective_number(grid, ones)
    np.testing.assert_allclose(reweight(correlated).effective_number(grid, ones), independent / 7, rtol=1e-9)


def test_only_the_rungs_that_are_correlated_count_for_fewer(pool):
    slow_below = replace(pool, correlations_ps=(7.0, *pool.correlations_ps[1:]))
    ends, ones = np.array([150.0, 350.0]), np.ones(len(pool.energies_eV))
    cold, hot = reweight(slow_below).effective_number(ends, ones) / reweight(pool).effective_number(ends, ones)
    assert cold < 0.5
    assert hot > 0.99


def test_overlap_and_expectations_are_pymbars(pool):
    solved, mbar = reweight(pool), by_pymbar(pool)
    np.testing.assert_allclose(solved.overlap(), mbar.compute_overlap()["matrix"], atol=1e-7)
    u_kn = np.outer([1 / (KB_EV_K * 237.0)], pool.energies_eV)
    # pymbar takes the logarithm of the observable: away from zero.
    expected = mbar.compute_expectations(pool.energies_eV + 1, u_kn=u_kn, compute_uncertainty=False)["mu"] - 1
    weights = solved.energy_grid.sum(np.ones(len(pool.energies_eV)))
    np.testing.assert_allclose(solved.averages(np.array([237.0]), weights[:, None]).mean_eV[0], expected, rtol=1e-6)


@pytest.mark.parametrize("lengths", [(2000, 2000, 2000), (300, 6000, 2000)])
def test_rungs_that_are_alike_share_a_half_however_many_samples_each_has(harmonic, rng, lengths):
    pool = make_pool(harmonic, np.array([200.0, 201.0, 1000.0]), np.array(lengths), rng)
    alike, far = reweight(pool).shared()
    assert alike == pytest.approx(0.5, abs=0.01)
    assert far < 0.02


def test_the_grid_is_streamed_in_any_chunks(pool, monkeypatch):
    solved = reweight(pool)
    weights = solved.energy_grid.sum(np.ones(len(pool.energies_eV)))[:, None]
    grid = np.linspace(150, 350, 23)
    whole = solved.averages(grid, weights)
    for module in (reweighting, mixture):
        monkeypatch.setattr(module, "CHUNK", 1)
    np.testing.assert_allclose(solved.averages(grid, weights).variance_eV2, whole.variance_eV2, rtol=1e-12)
    np.testing.assert_allclose(self_consistency(pool, solved.f_k), 0, atol=1e-9)


def test_a_wrong_solution_is_refused(pool):
    f_k = reweight(pool).f_k
    check_self_consistency(pool, f_k)
    with pytest.raises(AnalysisError, match="did not converge"):
        check_self_consistency(pool, f_k + 1e-5 * np.arange(len(f_k)))
    with pytest.raises(AnalysisError, match="did not converge"):
        check_self_consistency(pool, np.full(len(f_k), np.nan))


def test_a_solution_that_pymbar_did_not_reach_is_refused(pool, monkeypatch):
    """pymbar returns what it has when its iterations run out; that must not pass."""
    monkeypatch.setattr(_pymbar, "ITERATIONS", 1)
    f_k = _pymbar.pymbar_free_energies(np.outer(pool.beta, pool.energies_eV), pool.N_k, np.zeros(len(pool.N_k)))
    with pytest.raises(AnalysisError, match="did not converge"):
        check_self_consistency(pool, f_k)


def test_equations_without_a_solution_raise():
    """Two states that claim no sample between them cannot be solved for."""
    memberships = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    with pytest.raises(AnalysisError, match="not solved"):
        solve(memberships, np.array([1.0, 1.0, 1.0]), np.array([1.0, 2.0]))


def test_the_solver_needs_no_good_guess(harmonic, rng):
    """From f_k = 0 for every state, hundreds of kT off."""
    pool = make_pool(harmonic, np.array([50.0, 100.0, 200.0, 400.0, 800.0]), np.array([200] * 5), rng)
    solved = reweight(pool)
    assert np.ptp(solved.f_k) > 20
    u = np.outer(pool.beta, pool.energies_eV)
    memberships = pool.N_k[:, None] * np.exp(u.min(axis=0) - u)
    np.testing.assert_allclose(solve(memberships, np.ones(1000), pool.N_k), solved.f_k, atol=1e-6)


def test_states_far_apart_are_solved(harmonic, rng):
    pool = make_pool(harmonic, np.array([20.0, 2000.0]), np.array([300, 300]), rng)
    solved = reweight(pool)
    np.testing.assert_allclose(self_consistency(pool, solved.f_k), 0, atol=1e-7)
    assert solved.overlap()[0, 1] < 1e-10


def test_a_guess_that_is_off_by_hundreds_of_kT_does_not_overflow():
    """Two of three states off by the same: the product of their factors is beyond the largest number."""
    U, scale = np.linspace(-3, 3, 400), 1e-170
    densities = np.exp(-((U - np.array([[-1.0], [0.0], [1.0]])) ** 2))
    counts = np.array([densities.sum(axis=0)] * 2) * 1500 / densities.sum()
    shift = solve_all(500 * densities * [[1.0], [scale], [scale]], counts, [500, 500, 500])
    np.testing.assert_allclose(shift[:, 2], -np.log(scale), rtol=1e-9)  # the outer two are mirror images
    np.testing.assert_allclose(shift[0], shift[1])


def test_numpys_global_generator_is_left_alone(pool):
    np.random.seed(5)  # noqa: NPY002
    reweight(pool)
    after = np.random.random()  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    assert after == np.random.random()  # noqa: NPY002
