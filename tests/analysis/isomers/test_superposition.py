"""Harmonic wells, where everything is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from deckgen.analysis.isomers.superposition import Well, superposition_heat_capacity, superposition_occupation
from deckgen.analysis.isomers.vibrations import EV_A2_U, frequencies_rad_ps, log_frequency_product
from deckgen.errors import AnalysisError, InputError
from deckgen.units import KB_EV_K

Array = NDArray[np.float64]
TEMPERATURES_K = np.linspace(20, 400, 77)
MASS_U = 22.98976928


def springs(positions: Array, k_eV_A2: float) -> Array:
    """The Hessian (3N, 3N) of a spring at rest between every two atoms."""
    n = len(positions)
    hessian = np.zeros((n, 3, n, 3))
    for i in range(n):
        for j in range(i):
            axis = positions[i] - positions[j]
            block = k_eV_A2 * np.outer(axis, axis) / (axis @ axis)
            hessian[i, :, i] += block
            hessian[j, :, j] += block
            hessian[i, :, j] -= block
            hessian[j, :, i] -= block
    return hessian.reshape(3 * n, 3 * n)


TRIANGLE = 2.0 * np.array([[1, 0, 0], [-0.5, np.sqrt(0.75), 0], [-0.5, -np.sqrt(0.75), 0]])
TETRAHEDRON = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) * 1.3


@pytest.mark.parametrize(
    ("positions", "squares"),
    # in units of k/m (Herzberg, Infrared and Raman Spectra): X3 3/2 3/2 3; X4 1 1 2 2 2 4
    [(TRIANGLE, [1.5, 1.5, 3]), (TETRAHEDRON, [1, 1, 2, 2, 2, 4])],
)
def test_the_frequencies_of_molecules_of_springs(positions: Array, squares: list[float]) -> None:
    k = 0.7
    hessian = springs(positions, k)
    found = frequencies_rad_ps(hessian, ["Na"] * len(positions), positions + 3)
    np.testing.assert_allclose(found**2, np.array(squares) * k / MASS_U * EV_A2_U, rtol=1e-7)
    product = log_frequency_product(hessian, ["Na"] * len(positions), positions)
    assert product == pytest.approx(np.log(found).sum())


def test_the_unit_of_frequencies_is_that_of_si() -> None:
    # 1 eV/A^2 and 1 u in SI: e / 1e-20 m^2 / (1.66053906660e-27 kg), in (rad/ps)^2
    assert pytest.approx(1.602176634e-19 / 1e-20 / 1.66053906660e-27 * 1e-24) == EV_A2_U


def test_a_saddle_and_a_rod_are_refused() -> None:
    hessian = springs(TRIANGLE, 1.0)
    with pytest.raises(AnalysisError, match="not a minimum"):
        frequencies_rad_ps(-hessian, ["Na"] * 3, TRIANGLE)
    rod = np.array([[0.0, 0, 0], [0, 0, 3], [0, 0, 6]])
    with pytest.raises(AnalysisError, match="in line"):
        frequencies_rad_ps(springs(rod, 1.0), ["Na"] * 3, rod)


def test_one_well_has_the_classical_heat_capacity() -> None:
    well = Well(-3.0, 10.0, 5.0, 2 / 120)
    np.testing.assert_allclose(superposition_heat_capacity(TEMPERATURES_K, [well], 13), 1, atol=1e-12)
    np.testing.assert_array_equal(superposition_occupation(TEMPERATURES_K, [well]), 1)


def test_two_wells_have_schottkys_heat_capacity() -> None:
    gap, n_atoms = 0.05, 13
    low = Well(-7.0, 120.0, 12.0, 2 / 120)
    high = Well(-7.0 + gap, 118.5, 12.6, 2.0)
    # g = n_s sqrt(det I) / prod omega of the upper over that of the lower
    g = 120 * np.exp(0.3 + 1.5)
    x = gap / (KB_EV_K * TEMPERATURES_K)
    schottky = x**2 * g * np.exp(x) / (np.exp(x) + g) ** 2
    found = superposition_heat_capacity(TEMPERATURES_K, [low, high], n_atoms)
    np.testing.assert_allclose(found, 1 + schottky / (3 * n_atoms - 4.5), rtol=1e-10)
    occupation = superposition_occupation(TEMPERATURES_K, [low, high])
    np.testing.assert_allclose(occupation[:, 1] / occupation[:, 0], g * np.exp(-x), rtol=1e-10)


def test_two_mirror_images_weigh_as_much_as_their_pair() -> None:
    low = Well(-7.0, 120.0, 12.0, 2 / 6)
    pair, hand = Well(-6.97, 119.0, 12.1, 2 / 2), Well(-6.97, 119.0, 12.1, 1 / 2)
    together = superposition_heat_capacity(TEMPERATURES_K, [low, pair], 7)
    np.testing.assert_allclose(superposition_heat_capacity(TEMPERATURES_K, [low, hand, hand], 7), together, rtol=1e-12)


def test_the_heat_capacity_is_the_slope_of_the_energy() -> None:
    rng, n_atoms = np.random.default_rng(3), 7
    wells = [Well(-7 + 0.02 * k, 40 + rng.normal(), 15 + rng.normal(), 2 / 2) for k in range(9)]
    grid = np.linspace(30, 300, 2701)
    energies = np.array([well.energy_eV for well in wells])
    potential = superposition_occupation(grid, wells) @ energies
    slope = np.gradient(potential, grid) / KB_EV_K / (3 * n_atoms - 4.5)
    heat = superposition_heat_capacity(grid, wells, n_atoms)
    np.testing.assert_allclose(heat[1:-1] - 1, slope[1:-1], atol=1e-5)


def test_superpositions_of_nothing_are_refused() -> None:
    with pytest.raises(InputError, match="0 given"):
        superposition_heat_capacity([100.0], [], 7)
    with pytest.raises(InputError, match="positive temperatures"):
        superposition_occupation([0.0], [Well(0, 0, 0, 1)])
