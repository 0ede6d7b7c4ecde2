from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from deckgen.analysis.uncertainty.equilibration import common_start, detect_equilibration, thin


def autoregressive(phi, n, rng):
    """x_t = phi x_(t-1) + noise, of unit variance: its correlation is phi^t, so g = (1 + phi)/(1 - phi)."""
    noise = rng.normal(size=n + 1000) * np.sqrt(1 - phi**2)
    return lfilter([1.0], [1.0, -phi], noise)[1000:]


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
    assert (5000 - found.start) / found.g < 4


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


def test_an_approach_that_each_run_hides_shows_in_all_of_them(rng):
    """A fall by 0.3 of a deviation over a quarter: 0.7 standard errors in a run, seven in a hundred runs."""
    n, g = 2000, 19.0
    approach = 0.6 * np.maximum(1 - np.arange(n) / (n / 4), 0)
    runs = [approach + autoregressive(0.9, n, rng) for _ in range(30)]
    assert 0.1 <= common_start(runs, [g] * 30) <= 0.3
    # from both sides of equilibrium, the sums cancel
    both = [(-1) ** i * 2 * approach + autoregressive(0.9, n, rng) for i in range(30)]
    assert 0.1 <= common_start(both, [g] * 30) <= 0.3


def test_runs_in_equilibrium_lose_nothing_together(rng):
    lost = [common_start([autoregressive(0.9, 2000, rng) for _ in range(8)], [19.0] * 8) for _ in range(60)]
    assert np.count_nonzero(lost) <= 2
    assert common_start([], []) == 0
    assert common_start([np.ones(100)] * 3, [1.0] * 3) == 0


def test_runs_that_drift_to_the_end_have_no_common_start(rng):
    runs = [np.linspace(3, 0, 1000) + rng.normal(size=1000) for _ in range(8)]
    assert common_start(runs, [1.0] * 8) == 0.5
