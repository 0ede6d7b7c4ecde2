"""Intervals of a melting peak hold the exact one as often as they say, also where jumps between basins are rare."""

from __future__ import annotations

import numpy as np
import pytest

from deckgen.analysis.intervals import expanded_percentiles
from deckgen.analysis.melting import find_melting
from deckgen.analysis.thermodynamics import thermodynamics
from deckgen.samples import Samples

RUNGS_K = np.array([127.5, 141, 154.5, 168, 181.5, 195, 208.5, 222])
N_STUDIES = 16


@pytest.mark.parametrize(("n_blocks", "tail"), [(10**6, 2.5), (12, 1.07), (5, 0.096)])
def test_fewer_blocks_push_the_percentiles_out(n_blocks, tail):
    """Hesterberg's formula, worked out by hand: Phi(-sqrt(n/(n-1)) t_(n-1))."""
    assert expanded_percentiles(n_blocks) == pytest.approx((tail, 100 - tail), rel=0.02)


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
