"""The spectral density at zero frequency."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from deckgen.analysis.uncertainty.spectrum import densities_at_zero

LAGS = 20


def covariances(series):
    """At lags 0 to 20, of series (L, n)."""
    n = series.shape[1]
    deviations = series - series.mean(axis=1, keepdims=True)
    return np.stack(
        [(deviations[:, : n - lag] * deviations[:, lag:]).sum(axis=1) / n for lag in range(LAGS + 1)], axis=1
    )


def test_the_density_of_a_second_order_process_is_the_theoretical_one(rng):
    """sigma^2/(1 - a - b)^2."""
    a, b, n = 1.2, -0.5, 200_000
    series = lfilter([1.0], [1.0, -a, -b], rng.normal(size=(4, n)))
    found = densities_at_zero(covariances(series), np.full(4, n))
    assert found == pytest.approx(1 / (1 - a - b) ** 2, rel=0.05)


def test_a_series_that_does_not_vary_has_no_density():
    assert densities_at_zero(np.zeros((1, LAGS + 1)), np.array([100]))[0] == 0
