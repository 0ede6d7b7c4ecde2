"""What of the runs enters the pool: how far apart, from where on, and with what weights."""

from __future__ import annotations

import numpy as np
import pytest

from deckgen.analysis import pool as pool_module
from deckgen.analysis.pool import make_pool
from deckgen.analysis.production import Production, make_productions, slowest_nearby
from deckgen.samples import TimeSeries

MOMENTS_UA2 = np.full((1000, 3), 50.0)


def series(temperature_K, energies, **more):
    times = 0.5 * np.arange(1, len(energies) + 1)
    return TimeSeries(temperature_K=temperature_K, time_ps=times, potential_energy_eV=np.asarray(energies), **more)


def production(temperature_K, rng, *, g=1.0, start=0, n=1000, **more):
    return Production(series(temperature_K, rng.normal(size=n) + temperature_K / 100, **more), start, g, settled=True)


def test_a_rung_is_as_slow_as_the_slowest_next_to_it():
    # two replicas at the third of five rungs
    times, rungs = [1.0, 2.0, 9.0, 3.0, 1.0, 1.5], [0, 1, 2, 2, 3, 4]
    assert slowest_nearby(times, rungs) == [2.0, 9.0, 9.0, 9.0, 9.0, 1.5]


def test_a_rung_beside_a_slow_one_keeps_its_rare_visits(rng):
    """The slow rung spends half of its time in either basin, the one beside it visits the other basin once."""
    visits = np.abs(np.arange(5000) - 700) < 150
    slow = np.sin(np.arange(5000) / 150) > 0
    runs = [series(T, rng.normal(size=5000) + 4.0 * part) for T, part in ((200.0, slow), (210.0, visits))]
    assert make_productions(runs)[1].start < 500
    assert make_productions([runs[1], series(190.0, rng.normal(size=5000))])[0].start > 800


def test_samples_of_all_runs_lie_as_close_as_the_most_frequent_rows(rng):
    runs = [production(200.0, rng, g=4.0), production(210.0, rng, g=40.0), production(220.0, rng, g=10.0)]
    pool = make_pool(runs)
    assert pool.lengths == (1000, 1000, 1000)
    assert pool.spacings_ps == (0.5, 0.5, 0.5)
    assert pool.correlations_ps == (2.0, 20.0, 5.0)
    np.testing.assert_array_equal(pool.redundancy[[0, 1000, 2000]], [4.0, 40.0, 10.0])


def test_samples_of_all_runs_lie_so_far_apart_that_memory_is_enough(rng, monkeypatch):
    """However correlated they are: a run with rare visits must not count for more than one with many."""
    monkeypatch.setattr(pool_module, "LARGEST_MATRIX", 3 * 3000 // 4)
    runs = [production(200.0, rng, g=4.0), production(210.0, rng, g=40.0), production(220.0, rng, g=10.0)]
    pool = make_pool(runs)
    assert pool.lengths == (250, 250, 250)
    assert pool.spacings_ps == (2.0, 2.0, 2.0)


def test_the_pool_is_counted_from_its_lowest_energy_and_leaves_out_the_equilibration(rng):
    first = production(200.0, rng, start=300)
    first.series.potential_energy_eV[0] = -50.0  # before the start: not a sample
    pool = make_pool([first, production(210.0, rng), production(210.0, rng)])
    assert pool.lengths == (700, 1000, 1000)
    assert pool.N_k.tolist() == [700, 2000]
    assert pool.energies_eV.min() == 0
    assert pool.minimum_eV > -50
    np.testing.assert_allclose(pool.by_rung()[0] + pool.minimum_eV, first.energies_eV)


@pytest.mark.parametrize("lacking", [{"thermostat": "csvr"}, {"principal_moments_uA2": MOMENTS_UA2}])
def test_rotational_weights_need_every_run_to_have_them(rng, lacking):
    whole = {"thermostat": "csvr", "principal_moments_uA2": MOMENTS_UA2}
    weighted = make_pool([production(T, rng, **whole) for T in (200.0, 210.0)])
    assert weighted.rotation_weights.mean() == pytest.approx(1.0)
    assert make_pool([production(200.0, rng, **whole), production(210.0, rng, **lacking)]).rotation_weights is None


def test_what_runs_remember_of_their_common_start_is_left_out(rng):
    """All start in the lower basin and forget it in 20 samples, which none shows alone; half the variance is noise."""
    phi, n = np.exp(-1 / 20), 2000
    runs = []
    for T in (200.0, 210.0, 220.0):
        upper, basins = False, np.empty(n)
        for i, jump in enumerate(rng.random(n)):
            upper = not upper if jump > (1 + phi) / 2 else upper
            basins[i] = upper
        runs.append(series(T, rng.normal(size=n) + 2.0 * basins))
    assert all(run.start >= 20 / 2 for run in make_productions(runs))


def test_independent_samples_remember_nothing(rng):
    assert [run.start for run in make_productions([series(T, rng.normal(size=2000)) for T in (200.0, 210.0)])] == [0, 0]


def test_a_run_that_forgets_slowly_loses_a_quarter_at_most(rng):
    wave = np.sin(2 * np.pi * np.arange(2000) / 1000)
    runs = [series(T, wave + 0.1 * rng.normal(size=2000)) for T in (200.0, 210.0)]
    assert [run.start for run in make_productions(runs)] == [500, 500]
