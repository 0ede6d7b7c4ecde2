"""Rungs that exchange configurations: what leaves one rung goes on at another, and is no new sample there."""

from __future__ import annotations

import numpy as np
import pytest

from deckgen.analysis.headline import Headline
from deckgen.analysis.mbar.reweighting import reweight
from deckgen.analysis.melting import find_melting
from deckgen.analysis.pool import make_pool
from deckgen.analysis.production import make_productions
from deckgen.analysis.thermodynamics import thermodynamics
from deckgen.analysis.uncertainty.checks import rung_deviations
from deckgen.analysis.uncertainty.intervals import peak_errors
from deckgen.samples import Samples, TimeSeries

RUNGS_K = np.array([141.0, 154.5, 168.0, 181.5, 195.0])
GRID_K = np.arange(141.0, 195.5)


def draw(basins, seed, *, n=1500, relaxation=40, ladders=1, known=True):
    """Ladders from the solid; `known`: the series say that they exchanged."""
    rng = np.random.default_rng(seed)
    times = np.arange(1, n + 1, dtype=float)
    series = [
        TimeSeries(float(T), times, energies, replica=ladder, ladder=ladder if known else None)
        for ladder in range(1, ladders + 1)
        for T, energies in zip(RUNGS_K, basins.exchange(RUNGS_K, n, relaxation, rng), strict=True)
    ]
    return Samples(n_atoms=basins.n_atoms, series=tuple(series))


def estimate(samples):
    """Melting temperature, and its standard error by influence."""
    headline = Headline(reweight(make_pool(make_productions(samples.series))), GRID_K, 55, weighted=False)
    curve = headline.curves(headline.sample_weights).heat_capacity_over_c0[0]
    peak = find_melting(GRID_K, curve, 55)
    errors = peak_errors(headline, curve, peak, n=5, generator=np.random.default_rng(1))
    return peak.temperature_K, errors.slow.error(headline.solved.pool.N_k)


def test_the_error_of_a_ladder_is_the_scatter_of_ladders(jumping_basins):
    """Rungs taken for independent runs would have half of it."""
    known = np.array([estimate(draw(jumping_basins, seed, ladders=2)) for seed in range(16)])
    assert np.median(known[:, 1]) == pytest.approx(1.2 * known[:, 0].std(), rel=0.45)  # of 16, known to 18 %
    alone = [estimate(draw(jumping_basins, seed, ladders=2, known=False))[1] for seed in range(4)]
    assert np.median(alone) < 0.75 * np.median(known[:4, 1])


def test_the_intervals_of_ladders_hold_the_exact_peak(jumping_basins):
    """Of 10 intervals that hold in 95 % of all cases, six or fewer hold once in a thousand times."""
    exact = find_melting(GRID_K, jumping_basins.heat_capacity_over_c0(GRID_K), 55)
    found = [thermodynamics(draw(jumping_basins, 100 + i, ladders=3), bootstraps=40) for i in range(10)]
    intervals = [one.melting_ci95.temperature_K for one in found if one.melting_ci95.temperature_K is not None]
    assert len(intervals) >= 8
    assert sum(low <= exact.temperature_K <= high for low, high in intervals) >= len(intervals) - 3
    assert {check.name for one in found for check in one.checks} == {"halves"}


def test_the_rungs_of_a_ladder_deviate_by_a_standard_error_from_what_all_lead_to(jumping_basins):
    pools = (make_pool(make_productions(draw(jumping_basins, seed, ladders=2).series)) for seed in range(12))
    found = np.array([rung_deviations(reweight(pool, pymbar=False)).standard_errors for pool in pools])
    assert np.sqrt(np.mean(found**2)) == pytest.approx(1.0, abs=0.3)


def test_the_rungs_of_a_ladder_begin_together(jumping_basins):
    samples = draw(jumping_basins, 1, ladders=2)
    late = samples.series[4]
    late.potential_energy_eV[: late.n // 5] += 5.0
    found = make_productions(samples.series)
    starts = {ladder: {run.start for run in found if run.series.ladder == ladder} for ladder in (1, 2)}
    assert all(len(one) == 1 for one in starts.values())
    assert min(starts[late.ladder]) >= late.n // 5
    assert 40 <= min(starts[3 - late.ladder]) < late.n // 5  # not before it has relaxed


def test_runs_that_exchanged_nothing_are_ladders_of_their_own(jumping_basins, rng):
    samples = draw(jumping_basins, 1)
    plain = TimeSeries(168.0, np.arange(1.0, 1501.0), jumping_basins.sample(168.0, 1500, rng), replica=2)
    pool = make_pool(make_productions(Samples(n_atoms=55, series=(*samples.series, plain)).series))
    assert len(set(pool.ladders)) == 2
    assert make_pool(make_productions(draw(jumping_basins, 1, known=False).series)).ladders is None
