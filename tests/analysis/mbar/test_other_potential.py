"""Samples of one potential reweighted to another: laws that hold exactly, and basins whose melting is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deckgen.analysis.mbar.other_potential import EvaluatedRun, reweight_to_potential
from deckgen.errors import InputError
from deckgen.units import KB_EV_K

N = 1000
RAISED_EV = 0.03


def basins(system, temperature_K: float, rng: np.random.Generator, n: int = N, repeats: int = 1) -> EvaluatedRun:
    """Samples of two basins, and their energies where the upper basin lies higher; each comes `repeats` times."""
    upper = rng.random(n) < system.upper(np.array(temperature_K))
    energies = rng.gamma(system.shape, KB_EV_K * temperature_K, n) + system.gap_eV * upper
    once = (energies, energies + RAISED_EV * upper, np.ones(n))
    return EvaluatedRun(temperature_K, *(np.repeat(values, repeats) for values in once))


@pytest.fixture
def runs(two_basins, ladder, rng) -> list[EvaluatedRun]:
    return [basins(two_basins, float(T), rng) for T in ladder]


def test_a_raised_basin_melts_where_its_thermodynamics_says(two_basins, runs):
    """Tm = gap / entropy, and the entropy stays: 250 K of a gap of 0.50 eV become 265 K of 0.53 eV."""
    found = reweight_to_potential(runs, two_basins.n_atoms, resamples=40)
    raised = replace(two_basins, gap_eV=0.53, tm_K=265.0)
    grid = found.temperatures_K
    np.testing.assert_allclose(found.other_over_c0, raised.heat_capacity_over_c0(grid), rtol=0.06)
    tops = [grid[np.argmax(system.heat_capacity_over_c0(grid))] for system in (two_basins, raised)]
    shift = found.other_K - found.own_K
    assert abs(shift - (tops[1] - tops[0])) < 3 * found.shift_error_K + 0.5  # the grid's half step
    assert 0 < found.shift_error_K < 1.5  # both share their samples: 15 K are known to a tenth
    assert N < found.n_effective.min() < len(runs) * N


def test_the_error_is_the_scatter_of_independent_runs_also_where_samples_are_correlated(two_basins, ladder):
    """Twelve sets of runs in which each sample comes ten times: scatter and error agree as far as twelve can tell."""
    shifts, errors = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        runs = [basins(two_basins, float(T), rng, 80, repeats=10) for T in ladder]
        found = reweight_to_potential(runs, 13, grid_K=4.0, resamples=30)
        shifts.append(found.other_K - found.own_K)
        errors.append(found.shift_error_K)
    assert 0.5 < np.std(shifts, ddof=1) / np.sqrt(np.mean(np.square(errors))) < 1.7


def test_a_potential_in_other_units_has_the_same_curve_at_scaled_temperatures(runs):
    """U' = c U at T is U at T / c: exact, whatever the samples."""
    scale = 1.25
    scaled = [replace(run, other_eV=scale * run.energies_eV) for run in runs]
    found = reweight_to_potential(scaled, 13, grid_K=2.0, resamples=1)
    inside = found.temperatures_K / scale >= found.temperatures_K[0]
    same = np.interp(found.temperatures_K[inside] / scale, found.temperatures_K, found.own_over_c0)
    np.testing.assert_allclose(found.other_over_c0[inside], same, rtol=2e-3)  # of the interpolation


def test_the_same_potential_is_left_as_it_is_but_for_a_constant(runs):
    same = [replace(run, other_eV=run.energies_eV - 7.0) for run in runs]
    found = reweight_to_potential(same, 13, resamples=5)
    np.testing.assert_allclose(found.other_over_c0, found.own_over_c0, rtol=1e-9)
    assert found.other_K == pytest.approx(found.own_K)
    assert found.shift_error_K == pytest.approx(0.0, abs=1e-6)


def test_further_weights_are_those_of_the_averages(runs):
    """Every other sample with the weight 0 is as good as left out, as far as the averages go."""
    half = [replace(run, weights=np.tile([2.0, 0.0], N // 2)) for run in runs]
    found, all_of_them = (reweight_to_potential(some, 13, resamples=1) for some in (half, runs))
    assert found.n_effective.max() < 0.55 * all_of_them.n_effective.max()
    np.testing.assert_allclose(found.own_over_c0, all_of_them.own_over_c0, rtol=0.08)


def test_samples_without_energies_of_the_other_potential_are_refused(runs):
    with pytest.raises(InputError, match=r"T = 150 K: 1000 samples with 999 energies of the other potential"):
        reweight_to_potential([replace(runs[0], other_eV=runs[0].other_eV[1:]), *runs[1:]], 13)
    few = replace(runs[0], energies_eV=runs[0].energies_eV[:9], other_eV=runs[0].other_eV[:9], weights=np.ones(9))
    with pytest.raises(InputError, match="needs 10 or more"):
        reweight_to_potential([few, *runs[1:]], 13)
