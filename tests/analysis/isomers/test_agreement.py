"""Errors of isomers against a reference: values computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
from ase.cluster import Icosahedron

from deckgen.analysis.isomers.agreement import energy_error, order_errors, structure_change

SQUARE_A = np.array([(0, 0, 0), (3, 0, 0), (3, 3, 0), (0, 3, 0)], dtype=float)


def test_energy_errors_by_hand() -> None:
    # four atoms of -1 eV each: the reference binds them by 8 eV, the potential is 0.1 eV too high
    error = energy_error(-11.9, -12.0, -4.0, 4)
    assert error.error_eV == pytest.approx(0.1)
    assert error.per_atom_eV == pytest.approx(0.025)
    assert error.percent == pytest.approx(1.25)
    low = energy_error(-12.1, -12.0, -4.0, 4)
    assert (low.error_eV, low.percent) == (pytest.approx(-0.1), pytest.approx(1.25))


def test_there_is_no_percentage_without_a_binding_energy() -> None:
    assert energy_error(-1.0, -2.0, None, 2).percent is None
    assert energy_error(-1.0, -2.0, -2.0, 2).percent is None


def test_relative_energies_by_hand() -> None:
    # above the first: 0.1, 0.3, 0.2 by the one; 0.2, 0.3, 0.5 by the other: off by 0.1, 0, 0.3
    errors = order_errors([-5.0, -4.9, -4.7, -4.8], [10.0, 10.2, 10.3, 10.5])
    assert errors.n_isomers == 4
    assert errors.mean_absolute_error_eV == pytest.approx(0.4 / 3)
    assert errors.spearman == pytest.approx(0.8)  # ranks 1 2 4 3 and 1 2 3 4: 1 - 6 * 2 / (4 * 15)
    assert errors.kendall == pytest.approx(2 / 3)  # one of six pairs is the other way round


def test_few_isomers_have_no_rank_correlation() -> None:
    one, two = order_errors([-1.0], [3.0]), order_errors([0.0, 0.1], [0.0, 0.3])
    assert (one.mean_absolute_error_eV, one.spearman, one.kendall) == (None, None, None)
    assert two.mean_absolute_error_eV == pytest.approx(0.2)
    assert two.spearman is None
    assert order_errors([0.0, 0.1, 0.2], [1.0, 1.0, 1.0]).kendall is None


def test_a_square_that_grows_and_is_turned_stays_a_square() -> None:
    turned = 1.1 * SQUARE_A[[2, 0, 3, 1]] @ np.array([(0, 1, 0), (0, 0, 1), (1, 0, 0)]) + 5
    change = structure_change(["Na"] * 4, SQUARE_A, ["Na"] * 4, turned)
    assert change.same
    assert change.deviation_A == pytest.approx(0, abs=1e-9)
    lengths = [change.before.shortest_A, change.before.mean_nearest_A, change.before.mean_bond_A]
    assert lengths == pytest.approx([3, 3, 3])  # the diagonal is 1.41 sides
    assert change.after.mean_bond_A == pytest.approx(3.3)


def test_bond_lengths_are_told_apart_by_hand() -> None:
    # a rectangle of 3 by 3.6: the shortest is 3, every atom has a neighbour there, and bonds are 3, 3, 3.6, 3.6
    rectangle = SQUARE_A * (1, 1.2, 1)
    after = structure_change(["Na"] * 4, SQUARE_A, ["Na"] * 4, rectangle).after
    assert (after.shortest_A, after.mean_nearest_A, after.mean_bond_A) == pytest.approx((3.0, 3.0, 3.3))


def test_another_structure_is_not_the_same_isomer() -> None:
    icosahedron = Icosahedron("Na", 2, latticeconstant=5.2)
    moved = icosahedron.copy()
    moved.positions[-1] *= -1.6  # an atom of the surface goes over to the other side
    symbols = list(icosahedron.symbols)
    change = structure_change(symbols, icosahedron.positions, symbols, moved.positions)
    assert (change.same, change.deviation_A, change.rmsd_A) == (False, None, None)
    nearly = icosahedron.positions + np.random.default_rng(1).normal(0, 0.05, icosahedron.positions.shape)
    assert structure_change(symbols, icosahedron.positions, symbols, nearly).same
