"""Tight minima are one isomer when their energies agree and no atom is further from its counterpart than a match."""

from __future__ import annotations

import numpy as np
import pytest
from ase.cluster import Icosahedron
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from deckgen.analysis.isomers.fingerprint import fingerprint
from deckgen.analysis.isomers.merging import in_doubt, merge
from deckgen.analysis.isomers.results import Tolerances
from deckgen.minima import Minimum

ICOSAHEDRON_A = Icosahedron("Na", 2, latticeconstant=5.2).positions
TOLERANCES = Tolerances()
"""0.1 mV in energy, 0.1 A per atom."""


def minimum(positions_A: NDArray[np.float64], energy_eV: float = -1.0, *, converged: bool = True) -> Minimum:
    return Minimum(("Na",) * len(positions_A), positions_A, energy_eV, 1e-6, 10, converged, 300.0, "nvt/a", 0)


def displaced(distance_A: float, seed: int = 0) -> NDArray[np.float64]:
    """The icosahedron, every atom moved by one distance in some direction, and turned."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=ICOSAHEDRON_A.shape)
    steps *= distance_A / np.linalg.norm(steps, axis=1)[:, None]
    return Rotation.random(random_state=rng).apply(ICOSAHEDRON_A + steps)


@pytest.mark.parametrize("seed", range(5))
def test_minima_whose_atoms_differ_by_less_than_a_match_are_one_isomer(seed: int) -> None:
    other = displaced(0.07, seed)
    prints = [fingerprint(("Na",) * 13, positions) for positions in (ICOSAHEDRON_A, other)]
    assert np.abs(prints[0] - prints[1]).max() > 0.02  # far from equal, as minima along a soft mode are
    distinct, which = merge([minimum(ICOSAHEDRON_A), minimum(other)], TOLERANCES)
    assert len(distinct) == 1
    assert which.tolist() == [0, 0]


def test_minima_further_apart_in_atoms_or_in_energy_are_two() -> None:
    for other in (minimum(displaced(0.4)), minimum(ICOSAHEDRON_A, -1.0 + 2e-4)):
        distinct, which = merge([minimum(ICOSAHEDRON_A), other], TOLERANCES)
        assert len(distinct) == 2
        assert sorted(which.tolist()) == [0, 1]


def test_a_chain_of_small_differences_joins_nothing() -> None:
    # each is within the window of the one before, the third not within that of the first
    chain = [minimum(ICOSAHEDRON_A, -1.0 + step) for step in (0.0, 0.8e-4, 1.6e-4)]
    distinct, which = merge(chain[::-1], TOLERANCES)
    assert [one.energy_eV for one in distinct] == [-1.0, -1.0 + 1.6e-4]
    assert which.tolist() == [1, 0, 0]


def test_what_did_not_converge_is_no_isomer() -> None:
    distinct, which = merge([minimum(ICOSAHEDRON_A, converged=False), minimum(ICOSAHEDRON_A, -0.9)], TOLERANCES)
    assert [one.energy_eV for one in distinct] == [-0.9]
    assert which.tolist() == [-1, 0]


def test_only_what_is_close_in_energy_and_in_shape_is_in_doubt() -> None:
    nearly, other = displaced(0.03), displaced(0.4)
    assert in_doubt([minimum(ICOSAHEDRON_A), minimum(nearly, -1.0 + 5e-4)], TOLERANCES) == [0, 1]
    assert in_doubt([minimum(ICOSAHEDRON_A), minimum(nearly, -1.0 + 2e-3)], TOLERANCES) == []
    assert in_doubt([minimum(ICOSAHEDRON_A), minimum(other, -1.0 + 5e-4)], TOLERANCES) == []
