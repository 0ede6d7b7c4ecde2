"""Blocks as long as three correlation times, drawn round the run."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from deckgen.analysis.bootstrap import block_lengths, resample
from deckgen.analysis.production import Pool


def make_pool(lengths, correlations_ps, spacing_ps=1.0):
    """A pool of one run per rung, its energies of no interest."""
    K = len(lengths)
    energies, spacings = np.arange(sum(lengths), dtype=float), (spacing_ps,) * K
    ladder = np.linspace(200, 300, K)
    return Pool(ladder, energies, 0.0, None, tuple(lengths), spacings, tuple(correlations_ps), tuple(range(K)))


def test_a_block_is_three_times_the_slowest_correlation_nearby():
    pool = make_pool([1000] * 5, [1.0, 2.0, 30.0, 4.0, 8.0], spacing_ps=0.5)
    # the slowest of each rung and its neighbours: 2, 30, 30, 30, 8 ps
    assert block_lengths(pool) == [20, 180, 180, 180, 48]  # the first: a fiftieth of the run, not 12


def test_a_block_is_two_samples_or_more_and_no_longer_than_its_run():
    assert block_lengths(make_pool([60, 60], [0.5, 0.5])) == [2, 2]
    assert block_lengths(make_pool([60, 60], [50.0, 50.0])) == [60, 60]
    assert block_lengths(make_pool([10_000, 200], [1.0, 1.0])) == [200, 4]


def test_every_run_keeps_its_number_and_every_sample_its_chance():
    pool, rng = make_pool([40, 25], [4.0, 2.0]), np.random.default_rng(1)
    counts = np.array([resample(pool, rng) for _ in range(4000)])
    assert (counts[:, :40].sum(axis=1) == 40).all()
    assert (counts[:, 40:].sum(axis=1) == 25).all()
    # each sample occurs once on average, the first and last of a run as well
    np.testing.assert_allclose(counts.mean(axis=0), 1.0, atol=6 * counts.std(axis=0).max() / np.sqrt(4000))


def test_the_scatter_of_a_mean_is_that_of_blocks_of_three_correlation_times():
    """x_t = phi x_(t-1) + noise: the variance of the mean of b successive samples is known, and so what blocks find."""
    phi, n, n_series = 0.9, 600, 300
    g = (1 + phi) / (1 - phi)
    rng = np.random.default_rng(5)
    noise = rng.normal(size=(n_series, n + 200)) * np.sqrt(1 - phi**2)
    series = lfilter([1.0], [1.0, -phi], noise, axis=1)[:, 200:]
    pool = make_pool([n, n], [g, g])
    drawn = np.array([resample(pool, rng)[:n] for _ in range(200)])
    found = np.var(series @ drawn.T / n, axis=1).mean()

    def variance_of_mean(b):
        t = np.arange(1, b)
        return (1 + 2 * np.sum((1 - t / b) * phi**t)) / b

    expected = {m: round(m * g) / n * (variance_of_mean(round(m * g)) - variance_of_mean(n)) for m in (1, 3)}
    assert expected[3] > 0.7 * variance_of_mean(n)
    assert expected[1] < 0.6 * variance_of_mean(n)
    assert found == pytest.approx(expected[3], rel=0.08)
