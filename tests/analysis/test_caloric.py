from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from deckgen.analysis.caloric import heat_capacity_between, heat_capacity_over_c0, temperature_grid
from deckgen.errors import InputError
from deckgen.units import KB_EV_K


def test_harmonic_fluctuations_give_c0():
    """3N - 6 classical vibrations have Var(U) = (3N - 6)/2 (kT)^2, and C_v is then C0 = 3N - 9/2."""
    T = np.array([60.0, 330.0])
    variance = (3 * 55 - 6) / 2 * (KB_EV_K * T) ** 2
    np.testing.assert_allclose(heat_capacity_over_c0(variance, T, 55), 1.0, rtol=1e-14)


def test_steps_are_the_mean_heat_capacity_between_rungs(two_basins):
    rungs, grid = np.array([150.0, 240.0, 260.0, 350.0]), np.arange(150.0, 351.0)
    found = heat_capacity_between(rungs, two_basins.energy(rungs), grid, two_basins.n_atoms)
    assert len(np.unique(found.round(9))) == 3
    for low, high in pairwise(rungs):
        inside = np.linspace(low, high, 2001)
        exact = np.trapezoid(two_basins.heat_capacity_over_c0(inside), inside) / (high - low)
        np.testing.assert_allclose(found[(grid >= low) & (grid < high)], exact, rtol=1e-6)
    assert found[-1] == found[-2]


@pytest.mark.parametrize("step", [0.25, 1.0, 7.0])
def test_the_grid_covers_the_ladder_and_nothing_beyond(step):
    grid = temperature_grid(np.array([60.0, 111.3, 330.0]), step)
    assert grid[0] == 60.0
    assert grid[-1] == 330.0
    assert (np.diff(grid) > 0).all()
    assert np.diff(grid)[:-1] == pytest.approx(step)
    assert np.diff(grid)[-1] <= step + 1e-9


@pytest.mark.parametrize("step", [0.0, -1.0, 200.0])
def test_a_grid_that_does_not_fit_is_refused(step):
    with pytest.raises(InputError, match="grid_K"):
        temperature_grid(np.array([60.0, 330.0]), step)
