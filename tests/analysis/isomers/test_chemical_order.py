"""Bonds of each pair of elements, shells and common geometries, where symmetry gives the numbers."""

from __future__ import annotations

import numpy as np
import pytest
from ase.cluster import Decahedron, Icosahedron, Octahedron

from deckgen.analysis.isomers.chemical_order import bond_network, chemical_order, geometries
from deckgen.analysis.isomers.geometry import neighbours


def mackay(core: int) -> tuple[list[str], np.ndarray]:
    """Return an icosahedron of 55 atoms with so many atoms, the innermost ones, of silver in gold."""
    atoms = Icosahedron("Au", 3)
    radii = np.linalg.norm(atoms.positions - atoms.positions.mean(axis=0), axis=1)
    symbols = np.full(55, "Au")
    symbols[np.argsort(radii, kind="stable")[:core]] = "Ag"
    return symbols.tolist(), atoms.positions


def test_a_core_shell_icosahedron_has_the_bonds_that_counting_gives():
    """234 bonds: 12 from the centre, 30 in the inner shell, 72 outward (12 to vertices, 60 to edges), 120 outside."""
    order = chemical_order(*mackay(13))
    assert {name: pair.bonds for name, pair in order.pairs.items()} == {"Ag-Ag": 42, "Ag-Au": 72, "Au-Au": 120}
    assert order.unlike_bonds == 72
    assert order.shells == ({"Ag": 1}, {"Ag": 12}, {"Au": 42})
    # along the twelve fivefold axes: twelve bonds from the centre, twelve on to the vertices
    assert [order.pairs[name].cna.get("555", 0) for name in ("Ag-Ag", "Ag-Au", "Au-Au")] == [12, 12, 0]


def test_atoms_with_nine_neighbours_are_the_surface_and_those_with_twelve_are_not():
    """The shells of Mackay's icosahedron; in the middle of a face an atom has nine neighbours."""
    atoms = Icosahedron("Au", 4)
    symbols = ["Ag", *["Au"] * 146]
    assert [sum(shell.values()) for shell in chemical_order(symbols, atoms.positions).shells] == [1, 12, 42, 92]


def test_bond_lengths_are_those_of_each_pair():
    """A square of side 3 and 3.3: the diagonal is no bond."""
    order = chemical_order(["Na", "K", "Na", "K"], [[0, 0, 0], [3, 0, 0], [3, 3.3, 0], [0, 3.3, 0]])
    assert order.unlike_bonds == 4
    assert order.pairs["K-Na"].mean_bond_length_A == pytest.approx(3.15)
    assert order.pairs["K-Na"].min_bond_length_A == pytest.approx(3.0)
    assert order.pairs["K-K"].mean_bond_length_A is None
    assert order.shells == ({"K": 2, "Na": 2},)


def test_one_element_has_no_chemical_order():
    assert chemical_order(["Na"] * 55, mackay(0)[1]) is None


def test_homotops_share_a_geometry_whatever_their_relaxation_and_the_order_of_the_atoms(rng):
    first, second = (Icosahedron("Au", 3).positions for _ in range(2))
    second = 1.05 * second[rng.permutation(55)] + rng.normal(scale=0.05, size=(55, 3))
    decahedron = Decahedron("Au", 3, 3, 0).positions[:55]
    mirrored = decahedron * [1, 1, -1]
    assert geometries([first, decahedron, second, mirrored]) == [1, 2, 1, 2]


@pytest.mark.parametrize("moved", [0, 11, 37])
def test_an_atom_on_another_site_is_another_geometry(moved):
    octahedron = Octahedron("Au", 4, 1).positions  # 38 atoms
    atom = octahedron[moved] - octahedron.mean(axis=0)
    outside = octahedron.copy()
    outside[moved] = octahedron.mean(axis=0) + 1.6 * np.array([0.3, 0.5, 1.0]) * np.abs(atom).max()
    assert bond_network(neighbours(octahedron)) != bond_network(neighbours(outside))
