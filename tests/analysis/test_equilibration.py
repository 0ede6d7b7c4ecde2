from __future__ import annotations

import numpy as np
import pytest
from pymbar import timeseries
from scipy.signal import lfilter

from deckgen.analysis.equilibration import block_error, detect_equilibration, statistical_inefficiency, thin


def autoregressive(phi, n, rng):
    """x_t = phi x_(t-1) + noise, of unit variance: its correlation is phi^t, so g = (1 + phi)/(1 - phi)."""
    noise = rng.normal(size=n + 1000) * np.sqrt(1 - phi**2)
    return lfilter([1.0], [1.0, -phi], noise)[1000:]


@pytest.mark.parametrize(("phi", "tolerance"), [(0.0, 0.05), (0.5, 0.1), (0.9, 0.15), (0.98, 0.2)])
def test_inefficiency_of_an_autoregressive_series_is_the_theoretical_one(phi, tolerance, rng):
    found = np.mean([statistical_inefficiency(autoregressive(phi, 50_000, rng)) for _ in range(10)])
    assert found == pytest.approx((1 + phi) / (1 - phi), rel=tolerance)


def test_inefficiency_is_pymbars(rng):
    series = autoregressive(0.9, 3000, rng)
    assert statistical_inefficiency(series) == pytest.approx(timeseries.statistical_inefficiency(series), rel=1e-10)


def test_a_constant_series_is_one_sample():
    assert statistical_inefficiency(np.full(500, -47.2)) == 500


def test_a_shift_of_the_energies_leaves_g(rng):
    series = autoregressive(0.8, 2000, rng)
    assert statistical_inefficiency(series - 1e4) == pytest.approx(statistical_inefficiency(series), rel=1e-8)


def test_a_drift_at_the_start_is_left_out(rng):
    drift = 10 * np.exp(-np.arange(20_000) / 600)
    found = detect_equilibration(drift + autoregressive(0.9, 20_000, rng))
    assert 1000 < found.start < 6000
    assert found.settled
    assert found.g == pytest.approx(19, rel=0.35)


def test_a_stationary_series_is_kept(rng):
    found = detect_equilibration(rng.normal(size=20_000))
    assert found.start < 2000
    assert found.g < 1.2


def test_a_series_that_only_drifts_has_hardly_any_samples():
    found = detect_equilibration(np.linspace(1, 0, 5000))
    assert (5000 - found.start) / found.g < 10
    assert not found.settled


def test_a_late_jump_is_kept_as_a_slow_fluctuation(rng):
    """A run that changes basin near its end has not shown which of the two it belongs in."""
    found = detect_equilibration(np.where(np.arange(5000) < 4000, 0.0, 3.0) + autoregressive(0.5, 5000, rng))
    assert not found.settled
    assert found.start <= 2500
    assert (5000 - found.start) / found.g < 10


def test_a_start_far_from_equilibrium_is_left_out_however_slowly_the_neighbours_relax(rng):
    """With a least g above its own, dropping samples gains nothing: the first passage of the level still drops them."""
    n, fall = 5000, 400
    ramp = np.where(np.arange(n) < fall, 20 * (1 - np.arange(n) / fall), 0.0)
    for sign in (1, -1):
        found = detect_equilibration(sign * ramp + autoregressive(0.5, n, rng), least_g=500.0)
        assert 0.8 * fall < found.start < 1.1 * fall
        assert found.g < 30
        assert found.settled


def test_a_part_without_rare_visits_does_not_count_as_faster(rng):
    """A visit to another basin early on makes g large; the slow rungs nearby say that it belongs to the run."""
    series = rng.normal(size=5000) + np.where(np.abs(np.arange(5000) - 700) < 150, 4.0, 0.0)
    assert detect_equilibration(series).start > 800
    assert detect_equilibration(series, least_g=300.0).start < 100


def test_thinned_samples_lie_g_apart():
    kept = thin(1000, 7.5)
    assert kept[0] == 0
    assert set(np.diff(kept)) == {7, 8}
    assert len(kept) == 134
    assert len(thin(1000, 1.0)) == 1000


def test_block_error_is_that_of_the_correlated_mean(rng):
    phi, n = 0.9, 20_000
    errors = []
    for _ in range(30):
        series = autoregressive(phi, n, rng)
        errors.append(block_error(series, statistical_inefficiency(series)))
    assert np.mean(errors) == pytest.approx(np.sqrt((1 + phi) / (1 - phi) / n), rel=0.1)


def test_too_few_blocks_give_no_error(rng):
    assert block_error(rng.normal(size=100), 30.0) is None
