"""How many independent samples the runs are worth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from deckgen.analysis.mbar.reweighting import reweight
from deckgen.analysis.pool import Pool
from deckgen.analysis.uncertainty.modes import find_mode, run_deviations
from deckgen.units import KB_EV_K

LADDER = np.array([200.0, 210.0, 220.0])
N = 1500


def correlated(T, n, phi, rng, shape=16.5):
    """Energies whose square-root distances from the mean are an autoregressive series: g = (1 + phi)/(1 - phi)."""
    noise = rng.normal(size=n + 200) * np.sqrt(1 - phi**2)
    return (shape + np.sqrt(shape) * lfilter([1.0], [1.0, -phi], noise)[200:]) * KB_EV_K * T


def mode(runs, rungs, *, with_solution=False, divide_eV=None, **options):
    energies = np.concatenate(runs)
    ones, lowest = (1.0,) * len(runs), energies.min()
    pool = Pool(LADDER, energies - lowest, lowest, None, tuple(map(len, runs)), ones, ones, tuple(rungs))
    solved = reweight(pool)
    divide_eV = None if divide_eV is None else divide_eV - lowest
    energies = np.tile(solved.energy_grid.energies_eV, (len(LADDER), 1))
    found = find_mode(solved, energies, divide_eV=divide_eV, **options)
    return (found, solved) if with_solution else found


def test_independent_samples_are_the_samples_over_g(rng):
    phi = 0.9
    found = mode([correlated(T, 4 * N, phi, rng) for T in LADDER], range(3))
    np.testing.assert_allclose(found.independent, 4 * N * (1 - phi) / (1 + phi), rtol=0.4)
    np.testing.assert_allclose(np.sqrt(found.variance), np.sqrt(16.5) * KB_EV_K * LADDER, rtol=0.1)  # MBAR mixes them


def inefficiencies(coefficients, found, **options):
    """Medians over five studies, for autoregressive series with these coefficients."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        runs = [correlated(T, 4 * N, phi, rng) for T, phi in zip(LADDER, coefficients, strict=True)]
        found.append(mode(runs, range(3), **options))
    return np.median([4 * N / study.independent for study in found], axis=0)


def test_a_rung_shares_the_correlation_of_its_neighbours():
    """The middle rung is slower, g = 39 beside 12: what it shows, those beside it may have missed."""
    assert inefficiencies((0.85, 0.95, 0.85), [], divide_eV=np.inf).min() > 17


def test_a_rung_that_is_clearly_faster_than_its_neighbours_counts_alone():
    """The middle rung is slow, g = 39, those beside it are not correlated: thousands of samples show that."""
    found = []
    below, slow, above = inefficiencies((0.0, 0.95, 0.0), found, divide_eV=np.inf)
    assert slow > 14
    assert max(below, above) < 5
    np.testing.assert_allclose(found[1].nearby / found[1].independent, [1, 3, 1])


def test_what_lies_between_solid_and_liquid_lasts_as_long_as_beside_it():
    """The energy that divides them is the mean at 200 K: two thirds of that rung's variance are between the halves."""
    below, _, above = inefficiencies((0.0, 0.95, 0.0), [], divide_eV=16.5 * KB_EV_K * 200)
    assert below > 8
    assert above < below


def test_the_error_is_never_smaller_than_the_scatter_of_replicas(rng):
    """Five replicas of each rung, each shifted by a twelfth of a deviation: no run shows it, and few blocks do."""
    rungs = np.repeat(range(3), 5)
    for _ in range(6):
        shifts = rng.normal(size=len(rungs)) * np.sqrt(16.5) * KB_EV_K * 210 / 12
        runs = [correlated(LADDER[k], N, 0.0, rng) + shift for k, shift in zip(rungs, shifts, strict=True)]
        found, solved = mode(runs, rungs, with_solution=True)
        sums = [values.sum() for values in run_deviations(solved, found.values)]
        assert found.error(solved.pool.N_k) >= np.sqrt(np.sum(np.square(sums))) * (1 - 1e-9)


def test_three_replicas_are_too_few_to_compare(rng):
    rungs = np.repeat(range(3), 3)
    runs = [correlated(LADDER[k], N, 0.0, rng) for k in rungs]
    assert mode(runs, rungs).independent.min() > 2500


def test_what_differs_between_parts_does_not_count_as_correlation(rng):
    parts = [np.concatenate([correlated(T, N, 0.0, rng), correlated(T, N, 0.0, rng) + 0.05]) for T in LADDER]
    assert mode(parts, range(3)).independent.max() < 300
    assert mode(parts, range(3), parts=2).independent.min() > 1500


@pytest.mark.parametrize("n_rungs", [2, 3])
def test_the_error_counts_each_rung_with_its_neighbours(n_rungs, rng):
    parts = [correlated(T, N, 0.5, rng) for T in LADDER[:n_rungs]]
    energies = np.concatenate(parts)
    ones, lowest = (1.0,) * n_rungs, energies.min()
    pool = Pool(LADDER[:n_rungs], energies - lowest, lowest, None, (N,) * n_rungs, ones, ones, tuple(range(n_rungs)))
    solved = reweight(pool)
    found = find_mode(solved, np.tile(solved.energy_grid.energies_eV, (n_rungs, 1)))
    near = found.independent_near(pool.N_k)
    assert found.independent.min() < near <= found.independent.sum() * n_rungs
    expected = np.sqrt(np.sum(pool.N_k**2 * found.variance / found.independent))
    assert found.error(pool.N_k) == pytest.approx(expected)
