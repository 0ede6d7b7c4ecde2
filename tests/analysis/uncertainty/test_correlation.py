"""The statistical inefficiency of series whose correlation is known exactly: slow modes behind fast ones included."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from deckgen.analysis.uncertainty.correlation import (
    correlation,
    correlations,
    standard_error,
    statistical_inefficiencies,
    statistical_inefficiency,
)

N = 15_000
"""Samples of a run: 600 ps, a row every 0.04 ps."""

PERIOD = DECAY = 10
"""Of a vibration, in samples: 0.4 ps."""


def autoregressive(tau, n, rng):
    """x_t = phi x_(t-1) + noise, of unit variance, phi = exp(-1/tau): g = (1 + phi)/(1 - phi)."""
    phi = np.exp(-1 / tau)
    noise = rng.normal(size=n + 2000) * np.sqrt(1 - phi**2)
    noise[0] /= np.sqrt(1 - phi**2)
    return lfilter([1.0], [1.0, -phi], noise)[2000:]


def vibration(n, rng):
    """x_t = 2 r cos(w) x_(t-1) - r^2 x_(t-2) + noise, of unit variance."""
    r, w = np.exp(-1 / DECAY), 2 * np.pi / PERIOD
    series = lfilter([1.0], [1.0, -2 * r * np.cos(w), r**2], rng.normal(size=n + 500))[500:]
    return series / np.sqrt((1 + r**2) / (1 - r**2) / ((1 + r**2) ** 2 - (2 * r * np.cos(w)) ** 2))


def inefficiency_of_a_vibration():
    """The spectral density at zero frequency over the variance."""
    r, w = np.exp(-1 / DECAY), 2 * np.pi / PERIOD
    variance = (1 + r**2) / (1 - r**2) / ((1 + r**2) ** 2 - (2 * r * np.cos(w)) ** 2)
    return 1 / (1 - 2 * r * np.cos(w) + r**2) ** 2 / variance


def jumps(tau, share, n, rng):
    """Zero or one, one with probability `share`; it forgets in tau samples: g = 2 tau."""
    series, at, state = np.empty(n), 0, rng.random() < share
    while at < n:
        stay = rng.geometric(-np.expm1(-1 / tau))
        series[at : at + stay] = state
        at, state = at + stay, rng.random() < share
    return series


def ratio(draw, g, rng, studies=24):
    return np.median([statistical_inefficiency(draw(rng)) for _ in range(studies)]) / g


@pytest.mark.parametrize("tau", [0.001, 1.0, 20.0, N / 100, N / 30])
def test_an_autoregressive_series_has_the_theoretical_one(tau, rng):
    phi = np.exp(-1 / tau)
    assert 1 / 1.3 < ratio(lambda rng: autoregressive(tau, N, rng), (1 + phi) / (1 - phi), rng) < 1.3


@pytest.mark.parametrize("part", [300, 100, 30])
@pytest.mark.parametrize("share", [0.05, 0.14, 0.5])
def test_a_slow_mode_behind_a_vibration_is_seen(share, part, rng):
    """A vibration crosses zero after 0.1 ps; what 5 % of the variance does over a hundred times as long decides g."""
    tau = N / part
    phi = np.exp(-1 / tau)
    g = (1 - share) * inefficiency_of_a_vibration() + share * (1 + phi) / (1 - phi)

    def draw(rng):
        return np.sqrt(1 - share) * vibration(N, rng) + np.sqrt(share) * autoregressive(tau, N, rng)

    assert 1 / 1.3 < ratio(draw, g, rng, studies=32) < 1.3


@pytest.mark.parametrize(("share", "part"), [(0.5, 50), (0.1, 200), (0.1, 100)])
def test_rare_jumps_are_seen(share, part, rng):
    tau, noise = N / part, 0.3
    variance = share * (1 - share)
    g = (2 * tau * variance + noise**2) / (variance + noise**2)
    assert 1 / 1.3 < ratio(lambda rng: jumps(tau, share, N, rng) + noise * rng.normal(size=N), g, rng, 32) < 1.3


@pytest.mark.parametrize("part", [10, 5, 3])
@pytest.mark.parametrize("share", [0.14, 0.5])
def test_a_mode_too_slow_for_the_run_is_never_a_small_known_number(share, part, rng):
    tau = N / part
    phi = np.exp(-1 / tau)
    g = (1 - share) * inefficiency_of_a_vibration() + share * (1 + phi) / (1 - phi)
    wrong = 0
    for _ in range(40):
        series = np.sqrt(1 - share) * vibration(N, rng) + np.sqrt(share) * autoregressive(tau, N, rng)
        found = correlation([series - series.mean()], [1.0], own_means=True)
        wrong += found.known and found.time < g / 2
    assert wrong <= 2 + 2  # 5 % of 40, and a standard deviation and a half of chance


def test_several_runs_know_together_what_one_does_not(rng):
    tau = N / 10
    studies = [[autoregressive(tau, N, rng) for _ in range(8)] for _ in range(8)]
    found = [correlation(runs, [1.0] * 8) for runs in studies]
    assert all(one.known for one in found)
    assert np.median([one.time for one in found]) == pytest.approx(2 * tau, rel=0.4)
    assert not correlation(studies[0][:1], [1.0]).known


@pytest.mark.parametrize(
    ("tau", "own_means"), [(125.0, False), (50.0, False), (10.0, False), (50.0, True), (10.0, True)]
)
def test_many_short_runs_know_the_correlation_of_a_long_one(tau, own_means, rng):
    """24 runs of two to 25 correlation times: most of what is correlated lies beyond the ends of each."""
    phi = np.exp(-1 / tau)
    times = []
    for _ in range(30):
        runs = [autoregressive(tau, 250, rng) for _ in range(24)]
        deviations = [run - run.mean() for run in runs] if own_means else runs
        times.append(correlation(deviations, [1.0] * len(runs), own_means=own_means).time)
    assert np.median(times) == pytest.approx((1 + phi) / (1 - phi), rel=0.2)


def test_runs_with_different_intervals_share_their_correlation_in_time(rng):
    """The same process, a row every 0.1 and every 0.4 ps; it decorrelates in 2 ps."""
    runs = [autoregressive(20.0, 20_000, rng) for _ in range(8)]
    fine = correlation(runs, [0.1] * 8)
    mixed = correlation([run[:: 1 + 3 * (i % 2)] for i, run in enumerate(runs)], [0.1, 0.4] * 4)
    assert mixed.time == pytest.approx(fine.time, rel=0.1)
    assert mixed.n_fluctuations == pytest.approx(fine.n_fluctuations, rel=0.1)


def test_a_run_in_two_groups_counts_in_each_as_it_does_alone(rng):
    runs = [autoregressive(tau, 3000 + 500 * i, rng) for i, tau in enumerate((5.0, 20.0, 40.0))]
    together = correlations(runs, [0.5] * 3, [[0, 1], [1, 2], [2]])
    assert together == [
        correlation(runs[:2], [0.5] * 2),
        correlation(runs[1:], [0.5] * 2),
        correlation(runs[2:], [0.5]),
    ]
    assert statistical_inefficiencies(runs) == [statistical_inefficiency(run) for run in runs]


def test_a_constant_series_is_one_sample():
    assert statistical_inefficiency(np.full(500, -47.2)) == 500
    assert correlation([np.zeros(100), np.zeros(50)], [0.5, 0.5]).time == 75


def test_a_shift_of_the_energies_leaves_g(rng):
    series = autoregressive(5.0, 2000, rng)
    assert statistical_inefficiency(series - 1e4) == pytest.approx(statistical_inefficiency(series), rel=1e-6)


def test_the_standard_error_is_the_scatter_of_means(rng):
    phi, n = 0.9, 20_000
    errors = [standard_error([autoregressive(-1 / np.log(phi), n, rng)]) for _ in range(30)]
    assert np.mean(errors) == pytest.approx(np.sqrt((1 + phi) / (1 - phi) / n), rel=0.1)


def test_an_unknown_correlation_gives_no_error(rng):
    assert standard_error([rng.normal(size=7)]) is None
    assert standard_error([np.cumsum(rng.normal(size=1000))]) is None
