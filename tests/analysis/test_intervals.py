"""Intervals of a melting peak hold the exact one as often as they say, also where jumps between basins are rare."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deckgen.analysis.intervals import blocks_near, expanded_percentiles, half_curves, peak_intervals, rungs_under
from deckgen.analysis.mbar.reweighting import reweight
from deckgen.analysis.melting import Peak, find_melting
from deckgen.analysis.production import Pool
from deckgen.analysis.thermodynamics import thermodynamics
from deckgen.samples import Samples
from deckgen.units import KB_EV_K

RUNGS_K = np.array([127.5, 141, 154.5, 168, 181.5, 195, 208.5, 222])
N_STUDIES = 16


@pytest.mark.parametrize(("n_blocks", "tail"), [(10**6, 2.5), (12, 1.07), (5, 0.096)])
def test_fewer_blocks_push_the_percentiles_out(n_blocks, tail):
    """Hesterberg's formula, worked out by hand: Phi(-sqrt(n/(n-1)) t_(n-1))."""
    assert expanded_percentiles(n_blocks) == pytest.approx((tail, 100 - tail), rel=0.02)


def test_blocks_are_those_of_the_two_rungs_next_to_a_temperature():
    ladder, ones = np.array([200.0, 220.0, 240.0, 260.0]), (1.0,) * 4
    lengths = (100, 200, 400, 800)
    pool = Pool(ladder, np.arange(1500.0), 0.0, None, lengths, ones, (2.0,) * 4, (0, 1, 2, 3))
    # blocks of 6 samples, or a fiftieth of the run: 6, 6, 8, 16
    assert blocks_near(pool, 225.0) == 33 + 50
    assert blocks_near(pool, 259.0) == 50 + 50
    assert blocks_near(pool, 200.0) == blocks_near(pool, 150.0) == 16 + 33
    # where few independent samples carry the weight, three of them make a block
    assert blocks_near(pool, 225.0, carried=30.0) == 10


def test_the_rungs_that_make_a_peak_are_the_two_next_to_it_and_those_within_its_width():
    ladder = np.array([200.0, 220.0, 240.0, 260.0, 280.0])
    assert rungs_under(ladder, Peak(245.0, 3.0, 4.0, None, at_edge=False)) == [240.0, 260.0]
    assert rungs_under(ladder, Peak(245.0, 3.0, 60.0, None, at_edge=False)) == [220.0, 240.0, 260.0]
    assert rungs_under(ladder, Peak(245.0, 3.0, None, None, at_edge=False)) == [240.0, 260.0]


@pytest.mark.parametrize(("with_peak", "given"), [(95, True), (85, False)])
def test_a_peak_that_many_resamples_lack_has_no_interval(with_peak, given):
    grid = np.linspace(100.0, 300.0, 101)
    bells = [1 + np.exp(-((grid - 200 - k / 10) ** 2) / 200) for k in range(with_peak)]
    curves = np.array([*bells, *[np.ones(len(grid))] * (100 - with_peak)])
    found = peak_intervals(curves, grid, 55, n_blocks=10**6).temperature_K
    assert (found is not None) == given
    if found is not None:  # 2.5 % of 95 resamples lie beyond either end
        assert found == pytest.approx((200.235, 209.165), abs=0.02)


def test_each_half_of_the_runs_has_the_heat_capacity_of_its_own_samples(harmonic, rng):
    """The first half has the 33 vibrations of 13 atoms, the second the 21 of 9."""
    ladder, n = np.array([200.0, 220.0, 240.0]), 4000
    shapes = harmonic.shape, replace(harmonic, n_atoms=9).shape
    energies = np.concatenate([rng.gamma(shape, KB_EV_K * T, n) for T in ladder for shape in shapes])
    ones = (1.0,) * 3
    pool = Pool(ladder, energies, 0.0, None, (2 * n,) * 3, ones, ones, (0, 1, 2))
    solved = reweight(pool)
    kinetic, c0 = 18, 34.5
    plain = half_curves(solved, ladder, 13, np.ones(len(energies)))
    np.testing.assert_allclose(plain, [[(kinetic + shape) / c0] * 3 for shape in shapes], atol=0.04)
    # U^(k-1) exp(-U/kT) with the weight U^-3 is the same with k - 3
    weighted = half_curves(solved, ladder, 13, energies**-3.0)
    np.testing.assert_allclose(weighted, [[(kinetic + shape - 3) / c0] * 3 for shape in shapes], atol=0.04)


def test_intervals_hold_the_exact_peak(jumping_basins):
    grid = np.arange(RUNGS_K[0], RUNGS_K[-1] + 0.5)
    exact = find_melting(grid, jumping_basins.heat_capacity_over_c0(grid), jumping_basins.n_atoms).temperature_K
    intervals = []
    for study in range(N_STUDIES):
        rng = np.random.default_rng(study)
        energies = [jumping_basins.trajectory(T, 2000, relaxation=20, rng=rng) for T in RUNGS_K]
        samples = Samples.from_arrays(RUNGS_K, energies, n_atoms=jumping_basins.n_atoms)
        intervals.append(thermodynamics(samples, bootstraps=60).melting_ci95.temperature_K)
    given = [interval for interval in intervals if interval is not None]
    assert len(given) >= 0.8 * N_STUDIES
    # of 95 %, were they exact: fewer than 12 of 16 then occur once in 6000 times
    assert sum(low <= exact <= high for low, high in given) >= 0.75 * len(given)
