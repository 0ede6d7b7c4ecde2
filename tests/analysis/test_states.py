"""What is said of a rung whose replicas are not alike."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from deckgen.analysis.findings import about_states
from deckgen.analysis.production import Production
from deckgen.analysis.states import RungState, rung_moments, rung_state
from deckgen.samples import TimeSeries
from deckgen.units import KB_EV_K

T = 200.0


def run(energies, *, start=0, g=1.0, settled=True, kinetic_K=None):
    times = 0.5 * np.arange(1, len(energies) + 1)
    return Production(TimeSeries(T, times, np.asarray(energies), kinetic_K), start, g, settled)


def test_a_rung_is_described_by_the_worst_of_its_replicas(rng):
    energies = rng.normal(size=(2, 1000))
    state = rung_state([run(energies[0], start=100), run(energies[1], start=400, g=6.0, settled=False)], -1.0)
    assert not state.settled
    assert state.equilibration_ps == 200.0
    assert state.n_samples == 900 + 600
    assert state.n_effective == pytest.approx(900 + 100)
    assert state.statistical_inefficiency == pytest.approx(1.5)


def test_a_replica_counts_by_its_independent_samples():
    """One replica at 0 and 2 eV, nine times as slow as one at 10 and 12 eV: <U> = (1 x 1 + 9 x 11)/10."""
    slow, fast = np.tile([0.0, 2.0], 450), np.tile([10.0, 12.0], 450)
    moments = rung_moments([[run(slow, g=9.0), run(fast, g=1.0)]], 13, weighted=False)
    assert moments.mean_eV[0] == pytest.approx(10.0)
    variance = 0.1 * (10.0**2 + 8.0**2) / 2 + 0.9 * (0.0**2 + 2.0**2) / 2
    expected = ((3 * 13 - 3) / 2 + variance / (KB_EV_K * T) ** 2) / (3 * 13 - 4.5)
    assert moments.heat_capacity_over_c0[0] == pytest.approx(expected)


def test_the_error_of_a_kinetic_temperature_knows_its_correlation(rng):
    """x_t = phi x_(t-1) + noise: the error of the mean is that of n (1 - phi)/(1 + phi) independent samples."""
    phi, n, n_runs, sigma = 0.9, 600, 20, 30.0
    noise = rng.normal(size=(n_runs, n + 500)) * np.sqrt(1 - phi**2)
    kinetic = T + sigma * lfilter([1.0], [1.0, -phi], noise, axis=1)[:, 500:]
    state = rung_state([run(rng.normal(size=n), kinetic_K=values) for values in kinetic], 0.0)
    expected = sigma * np.sqrt((1 + phi) / (1 - phi) / (n_runs * n))
    assert state.kinetic_temperature_error_K == pytest.approx(expected, rel=0.2)  # short runs: a little less
    assert abs(state.kinetic_temperature_K - T) < 4 * expected


def test_a_rung_with_one_run_of_unknown_kinetic_temperature_has_none(rng):
    energies = rng.normal(size=1000)
    state = rung_state([run(energies, kinetic_K=np.full(1000, T)), run(energies)], 0.0)
    assert (state.kinetic_temperature_K, state.kinetic_temperature_error_K) == (None, None)


def test_fewer_samples_than_the_limit_are_never_rounded_up_to_it():
    state = RungState(240.0, 1, 2970, 0.6, True, 59.4, 49.97, -8.4, 0.1, -8.4, 0.02, 240.0, 3.0)
    [finding] = about_states([state])
    assert "49 independent samples, fewer than 50" in finding.message
