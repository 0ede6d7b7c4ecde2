"""Lengths, neighbours and moments, of structures where they are known."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.cluster import Icosahedron
from scipy.spatial.distance import cdist

from deckgen.analysis.isomers.cna import cna_signature
from deckgen.analysis.isomers.geometry import (
    bond_lengths,
    coordination_histogram,
    neighbours,
    principal_moments,
)


@pytest.mark.parametrize("shells", [2, 3, 4])
def test_an_icosahedron_has_the_bonds_of_an_icosahedron(shells: int) -> None:
    atoms = Icosahedron("Na", shells)
    bonded = neighbours(atoms.positions)
    coordination = coordination_histogram(bonded)
    # 12 vertices with 6 neighbours; 30 edges with 8 and 20 faces with 9 on shells of more atoms; 12 inside
    edges, faces = 30 * (shells - 2), 10 * (shells - 2) * (shells - 3)
    inside = len(atoms) - 12 - edges - faces
    assert coordination == {k: n for k, n in {6: 12, 8: edges, 9: faces, 12: inside}.items() if n}
    # the twelve axes of fivefold symmetry, each shells - 1 bonds long, are made of 555 bonds
    assert cna_signature(bonded)["555"] == 12 * (shells - 1)


@pytest.mark.parametrize(("crystal", "signatures"), [("fcc", {"421": 12}), ("hcp", {"421": 6, "422": 6})])
def test_the_bonds_of_close_packed_crystals(crystal: str, signatures: dict[str, int]) -> None:
    cell = bulk("Au", crystal, a=4.0) if crystal == "fcc" else bulk("Au", crystal, a=2.8, c=2.8 * np.sqrt(8 / 3))
    atoms = cell * (5, 5, 5)
    centre = np.argmin(np.linalg.norm(atoms.positions - atoms.positions.mean(axis=0), axis=1))
    ball = atoms.positions[np.linalg.norm(atoms.positions - atoms.positions[centre], axis=1) < 6.5]
    bonded = neighbours(ball)
    inner = int(np.argmin(np.linalg.norm(ball - atoms.positions[centre], axis=1)))
    assert bonded[inner].sum() == 12
    # the two ends of a bond and their common neighbours: that bond has the most of these
    found = Counter[str]()
    for other in np.flatnonzero(bonded[inner]):
        ends = [inner, other, *np.flatnonzero(bonded[inner] & bonded[other])]
        around = bonded[np.ix_(ends, ends)]
        found[max(cna_signature(around))] += 1
    assert found == signatures


def test_the_moments_of_a_triangle_and_of_a_rod() -> None:
    m = 22.98976928
    triangle = 2.0 * np.array([[1, 0, 0], [-0.5, np.sqrt(0.75), 0], [-0.5, -np.sqrt(0.75), 0]])
    moments, mass = principal_moments(["Na"] * 3, triangle + 5)
    np.testing.assert_allclose(moments, [6 * m, 6 * m, 12 * m], rtol=1e-6)
    assert mass == pytest.approx(3 * m)
    rod, _ = principal_moments(["H", "Cl"], [[0, 0, 0], [0, 0, 1.27]])
    reduced = 1.008 * 35.45 / (1.008 + 35.45)
    np.testing.assert_allclose(rod, [0, reduced * 1.27**2, reduced * 1.27**2], atol=1e-3)
    assert rod.min() >= 0


def test_moments_are_ases() -> None:
    atoms = Atoms("Na4K3", positions=np.random.default_rng(2).normal(size=(7, 3)))
    ase = np.sort(atoms.get_moments_of_inertia())
    np.testing.assert_allclose(principal_moments(atoms.get_chemical_symbols(), atoms.positions)[0], ase, rtol=1e-9)


def test_bond_lengths_by_hand() -> None:
    # a square of side 4 and an atom 3 above one corner: 3 | 4 4 4 4 | longer than 3.75
    positions = [[0, 0, 0], [4, 0, 0], [4, 4, 0], [0, 4, 0], [0, 0, 3]]
    lengths = bond_lengths(positions)
    assert lengths.shortest_A == 3
    assert lengths.mean_nearest_A == pytest.approx((3 + 4 + 4 + 4 + 3) / 5)
    assert lengths.mean_bond_A == 3
    bonded = neighbours(positions)  # below 1.25 x the median nearest distance of 4
    np.testing.assert_array_equal(bonded, (cdist(positions, positions) < 5) & ~np.eye(5, dtype=bool))
    assert coordination_histogram(bonded) == {1: 1, 2: 3, 3: 1}
