"""Errors by resampling: the jumps between solid and liquid, and what they leave of a quantity."""

from __future__ import annotations

import numpy as np
import pytest

from deckgen.analysis.caloric import heat_capacity_influence
from deckgen.analysis.mbar.reweighting import reweight
from deckgen.analysis.pool import make_pool
from deckgen.analysis.production import make_productions
from deckgen.analysis.uncertainty.modes import find_mode, jump_part, run_deviations
from deckgen.analysis.uncertainty.resampling import remainder
from deckgen.samples import Samples

RUNGS_K = np.array([154.5, 168.0, 181.5])
RELAXATION, BLOCK, N_BLOCKS = 50, 500, 60


@pytest.fixture
def solved(jumping_basins, rng):
    energies = [jumping_basins.trajectory(T, BLOCK * N_BLOCKS, relaxation=RELAXATION, rng=rng) for T in RUNGS_K]
    runs = make_productions(Samples.from_arrays(RUNGS_K, energies, n_atoms=jumping_basins.n_atoms).series)
    return reweight(make_pool(runs), pymbar=False)


@pytest.fixture
def divide_eV(solved):
    return float(solved.averages(np.array([170.0]), solved.counts[:, None]).mean_eV[0, 0])


def test_the_part_that_jumps_is_the_difference_of_the_means_on_either_side(solved, divide_eV):
    energies = solved.energy_grid.energies_eV
    high = energies > divide_eV
    part = jump_part(solved, np.tile(energies, (3, 1)), divide_eV)
    for distribution, values in zip(solved.distributions, part, strict=True):
        above, below = (np.average(energies[side], weights=distribution[side]) for side in (high, ~high))
        np.testing.assert_allclose(values[high][0] - values[~high][0], above - below, rtol=1e-8)
        assert distribution @ values == pytest.approx(0, abs=1e-12)


def test_a_rung_on_one_side_alone_does_not_jump(solved):
    assert not jump_part(solved, np.tile(solved.energy_grid.energies_eV, (3, 1)), np.inf).any()


def test_the_jumps_and_what_they_leave_make_the_error_of_the_height(jumping_basins, solved, divide_eV):
    """Beside the scatter of blocks, each of ten relaxation times, which is known to 7 %."""
    grid_K, ones = np.array([168.0, 170.0, 172.0]), np.ones(len(solved.counts))
    below, height, above = heat_capacity_influence(solved, grid_K, ones, jumping_basins.n_atoms)
    jumps = find_mode(solved, jump_part(solved, np.tile(above - below, (3, 1)), divide_eV), divide_eV=divide_eV)
    rest = remainder(solved, height, jumps, divide_eV)
    along = (solved.distributions * height * jumps.values).sum(axis=1) / jumps.variance
    N_k = solved.pool.N_k
    error = np.sqrt(along**2 @ jumps.contributions(N_k) + rest.error(N_k) ** 2)
    centred = height - (solved.distributions @ height)[:, None]
    runs = [run[: len(run) // BLOCK * BLOCK].reshape(-1, BLOCK) for run in run_deviations(solved, centred)]
    scatter = np.sqrt(sum(len(run) * np.var(run.sum(axis=1)) for run in runs))
    assert error == pytest.approx(scatter, rel=0.25)
