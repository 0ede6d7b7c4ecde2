"""Constants against CODATA, by scipy."""

from __future__ import annotations

import pytest
from scipy import constants

from deckgen.units import BOHR_A, KB_EV_K, initial_heat_capacity_over_kB, kinetic_heat_capacity_over_kB


def test_constants_are_those_of_codata() -> None:
    assert pytest.approx(constants.k / constants.e, rel=1e-9) == KB_EV_K
    assert pytest.approx(constants.physical_constants["Bohr radius"][0] * 1e10, rel=1e-8) == BOHR_A


def test_a_harmonic_cluster_has_c0_in_its_degrees_of_freedom() -> None:
    # each of 3N - 6 vibrations has k_B, half of it kinetic; three rotations have half a k_B each
    for n_atoms in (3, 13, 55):
        vibrations = 3 * n_atoms - 6
        assert kinetic_heat_capacity_over_kB(n_atoms) == vibrations / 2 + 3 / 2
        assert initial_heat_capacity_over_kB(n_atoms) == vibrations + 3 / 2


def test_two_atoms_have_one_vibration_and_two_rotations() -> None:
    assert initial_heat_capacity_over_kB(2) == kinetic_heat_capacity_over_kB(2) + 1 / 2 == 1 + 2 / 2
