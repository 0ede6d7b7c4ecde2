"""Clusters in periodic boxes: whole when they come out, alone when they go in."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.cluster import Icosahedron
from scipy.spatial.distance import pdist

from deckgen.cells import freed, in_large_cell

CLUSTER = Icosahedron("Na", 2, latticeconstant=5.2)
SKEWED_A = [[20.0, 0, 0], [6.0, 19.0, 0], [-5.0, 4.0, 18.0]]


@pytest.mark.parametrize("cell", [[20.0, 21.0, 22.0], SKEWED_A])
@pytest.mark.parametrize("seed", range(4))
def test_a_cluster_across_the_faces_of_its_box_comes_out_whole(cell: list, seed: int) -> None:
    rng = np.random.default_rng(seed)
    boxed = Atoms(CLUSTER.numbers, positions=CLUSTER.positions + rng.uniform(-30, 30, 3), cell=cell, pbc=True)
    boxed.wrap()
    free = freed(boxed)
    assert free is not None
    assert not free.pbc.any()
    np.testing.assert_allclose(pdist(free.positions), pdist(CLUSTER.positions), atol=1e-9)


def test_what_has_less_than_five_angstrom_of_vacuum_along_an_axis_is_no_free_cluster() -> None:
    extents_A = np.ptp(CLUSTER.positions, axis=0)
    for axis in range(3):
        for vacuum_A, alone in ((4.9, False), (5.1, True)):
            cell = extents_A + 8.0
            cell[axis] = extents_A[axis] + vacuum_A
            boxed = Atoms(CLUSTER.numbers, positions=CLUSTER.positions, cell=cell, pbc=True)
            assert (freed(boxed) is not None) == alone
    assert freed(bulk("Na", cubic=True) * (3, 3, 3)) is None
    assert freed(CLUSTER) is None  # it is in no box


@pytest.mark.parametrize("cutoff_A", [3.0, 12.0])
def test_no_atom_is_within_the_cutoff_of_an_image(cutoff_A: float) -> None:
    boxed = in_large_cell(CLUSTER, cutoff_A)
    images = [shift @ boxed.cell.array for shift in np.argwhere(np.ones((3, 3, 3))) - 1 if shift.any()]
    apart = [np.linalg.norm(boxed.positions[:, None] - boxed.positions - image, axis=2).min() for image in images]
    assert min(apart) > cutoff_A
    np.testing.assert_allclose(pdist(boxed.positions), pdist(CLUSTER.positions))
    assert boxed.pbc.all()


def test_what_is_periodic_stays_as_it_is() -> None:
    solid = bulk("Na", cubic=True)
    boxed = in_large_cell(solid, 12.0)
    np.testing.assert_array_equal(boxed.cell.array, solid.cell.array)
    np.testing.assert_array_equal(boxed.positions, solid.positions)
