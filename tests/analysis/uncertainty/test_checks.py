"""Parts of the data that disagree are found out; parts that agree are left alone."""

from __future__ import annotations

import numpy as np
import pytest

from deckgen.analysis.figures.caloric import caloric_tables
from deckgen.analysis.headline import Headline
from deckgen.analysis.mbar.reweighting import reweight
from deckgen.analysis.melting import find_melting
from deckgen.analysis.pool import Pool
from deckgen.analysis.thermodynamics import thermodynamics
from deckgen.analysis.uncertainty.checks import check_halves, check_rungs, half_curves, rung_deviations
from deckgen.analysis.uncertainty.intervals import peak_errors
from deckgen.samples import Samples
from deckgen.units import KB_EV_K

RUNGS_K = np.array([141.0, 154.5, 168.0, 181.5, 195.0])
GRID_K = np.arange(141.0, 195.5)


def make_pool(parts, rungs=None):
    energies = np.concatenate(parts)
    ones, lowest = (1.0,) * len(parts), energies.min()
    rungs = tuple(range(len(parts))) if rungs is None else rungs
    return Pool(RUNGS_K, energies - lowest, lowest, None, tuple(map(len, parts)), ones, ones, rungs)


def rungs_agree(pool):
    return check_rungs(pool.temperatures_K, rung_deviations(reweight(pool)))


def test_rungs_that_agree_deviate_by_a_standard_error(jumping_basins):
    """Also where their energies are correlated: the probability is spread over zero to one."""
    found = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        pool = make_pool([jumping_basins.trajectory(T, 2000, relaxation=20, rng=rng) for T in RUNGS_K])
        found.append(rungs_agree(pool))
    assert np.mean([check.deviation**2 for check in found]) == pytest.approx(1.0, abs=0.5)
    assert min(check.p for check in found) > 1e-3


def test_a_rung_at_another_temperature_is_found_and_named(jumping_basins, rng):
    parts = [jumping_basins.sample(T, 1000, rng) for T in RUNGS_K]
    parts[1] = jumping_basins.sample(158.0, 1000, rng)
    check = rungs_agree(make_pool(parts))
    assert not check.passed
    assert check.temperature_K == 154.5


def test_the_deviations_of_the_rungs_are_those_that_are_judged(jumping_basins, rng):
    result = study([jumping_basins.trajectory(T, 2000, relaxation=20, rng=rng) for T in RUNGS_K])
    deviations = np.array([state.deviation for state in result.states])
    (check,) = (check for check in result.checks if check.name == "rungs")
    assert np.sqrt(np.mean(deviations**2)) == pytest.approx(check.deviation)
    assert result.states[np.argmax(np.abs(deviations))].temperature_K == check.temperature_K
    assert (np.sign(deviations) == [np.sign(state.mean_U_eV - state.reweighted_U_eV) for state in result.states]).all()
    drawn = caloric_tables(result)["caloric_curve_points"]["residual_over_error"]
    assert drawn == pytest.approx(deviations)


def study(energies, rungs_K=RUNGS_K):
    return thermodynamics(Samples.from_arrays(rungs_K, energies, n_atoms=55), bootstraps=40)


def said(result, code="inconsistent"):
    return [finding.message for finding in result.warnings if finding.code == code]


def halves(parts):
    """The check of the halves of these runs, and of their peak."""
    headline = Headline(reweight(make_pool(parts)), GRID_K, 55, weighted=False)
    curve = headline.curves(headline.sample_weights).heat_capacity_over_c0[0]
    peak = find_melting(GRID_K, curve, 55)
    errors = peak_errors(headline, curve, peak, n=10, generator=np.random.default_rng(1))
    return check_halves(headline, peak, errors.slow.values)


def test_halves_that_disagree_are_found_out(jumping_basins, rng):
    """A cluster whose transition moves by 6 K in the middle of all runs: ten standard errors of either half."""
    later = type(jumping_basins)(n_atoms=55, gap_eV=0.45, tm_K=176.0)
    parts = [np.concatenate([basins.sample(T, 1500, rng) for basins in (jumping_basins, later)]) for T in RUNGS_K]
    check = halves(parts)
    assert not check.passed
    assert check.deviation > 5


def test_halves_that_agree_deviate_by_a_standard_error(jumping_basins):
    found = []
    for seed in range(16):
        rng = np.random.default_rng(seed)
        found.append(halves([jumping_basins.trajectory(T, 2000, relaxation=20, rng=rng) for T in RUNGS_K]))
    assert np.mean([check.deviation**2 for check in found]) == pytest.approx(1.0, abs=0.8)  # of 16: known to 0.35
    assert all(check.passed for check in found)


def test_runs_that_change_in_the_middle_have_no_interval(jumping_basins, rng):
    later = type(jumping_basins)(n_atoms=55, gap_eV=0.45, tm_K=180.0)
    result = study([np.concatenate([one.sample(T, 1500, rng) for one in (jumping_basins, later)]) for T in RUNGS_K])
    assert result.melting_ci95.temperature_K is None
    assert said(result, "ci_unreliable")
    assert said(result, "not_equilibrated")


def test_replicas_that_disagree_withhold_the_interval(jumping_basins, rng):
    """Four replicas, one of them of a cluster that melts 12 K higher: no single run shows it."""
    other = type(jumping_basins)(n_atoms=55, gap_eV=0.45, tm_K=182.0)
    rungs = np.repeat(RUNGS_K, 4)
    energies = [(other if i % 4 == 3 else jumping_basins).sample(T, 800, rng) for i, T in enumerate(rungs)]
    result = study(energies, rungs)
    assert not next(check for check in result.checks if check.name == "replicas").passed
    assert any("runs of one temperature" in message for message in said(result))
    assert result.melting_ci95.temperature_K is None


def test_replicas_that_agree_pass(jumping_basins):
    rungs = np.repeat(RUNGS_K, 4)
    passed, p = 0, []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        result = study([jumping_basins.trajectory(T, 1000, relaxation=20, rng=rng) for T in rungs], rungs)
        passed += all(check.passed for check in result.checks)
        p += [check.p for check in result.checks if check.name == "replicas"]
    assert passed >= 5
    assert np.mean(p) > 0.2


def test_each_half_of_the_runs_has_the_heat_capacity_of_its_own_samples(rng):
    """The first half has the 33 vibrations of 13 atoms, the second the 21 of 9."""
    n, shapes = 4000, (16.5, 10.5)
    parts = [np.concatenate([rng.gamma(shape, KB_EV_K * T, n) for shape in shapes]) for T in RUNGS_K]
    pool = make_pool(parts)
    weighted = Pool(
        pool.temperatures_K,
        pool.energies_eV,
        pool.minimum_eV,
        np.concatenate(parts) ** -3.0,
        pool.lengths,
        pool.spacings_ps,
        pool.correlations_ps,
        pool.rungs,
    )
    kinetic, c0 = 18, 34.5
    plain = half_curves(Headline(reweight(pool), RUNGS_K, 13, weighted=False))
    np.testing.assert_allclose(plain, [[(kinetic + shape) / c0] * 5 for shape in shapes], atol=0.04)
    # U^(k-1) exp(-U/kT) with the weight U^-3 is the same with k - 3
    found = half_curves(Headline(reweight(weighted), RUNGS_K, 13, weighted=True))
    np.testing.assert_allclose(found, [[(kinetic + shape - 3) / c0] * 5 for shape in shapes], atol=0.04)
