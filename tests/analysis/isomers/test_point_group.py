"""Point groups of structures that are known to have them."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from ase.cluster import Decahedron, Icosahedron, Octahedron
from scipy.spatial.transform import Rotation

from deckgen.analysis.isomers.alignment import Shape
from deckgen.analysis.isomers.point_group import point_group


def ring(n: int, height: float = 0.0, twist: float = 0.0, radius: float = 3.0) -> np.ndarray:
    angles = 2 * np.pi * np.arange(n) / n + twist
    return np.array([radius * np.cos(angles), radius * np.sin(angles), np.full(n, height)]).T


def atoms(*parts: np.ndarray) -> Atoms:
    positions = np.vstack(parts)
    return Atoms(["Na"] * len(positions), positions=positions)


def cube() -> np.ndarray:
    return np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=float)


def orbit(group: Rotation, point: tuple[float, float, float]) -> Atoms:
    return atoms(group.apply(point))


PYRITOHEDRON = 3.0 * np.array(
    [p for s in (-1, 1) for t in (-1, 1) for p in [(0, s, 2 * t), (s, 2 * t, 0), (2 * t, 0, s)]]
)
POLE = np.array([[0.0, 0.0, 2.2]])
HELIX = np.array([[3 * np.cos(t), 3 * np.sin(t), 2 * t] for t in np.linspace(-2, 2, 7)])

KNOWN = {
    "Ih": (120, Icosahedron("Na", 2)),
    "Ih of 55": (120, Icosahedron("Na", 3)),
    "Ih of 147": (120, Icosahedron("Na", 4)),
    "Ih of C60": (120, molecule("C60")),
    "Oh": (48, Octahedron("Au", 4, 1)),
    "Td": (24, molecule("CH4")),
    "Th": (24, atoms(PYRITOHEDRON)),
    "I": (60, orbit(Rotation.create_group("I"), (4.0, 1.1, 2.3))),
    "O": (24, orbit(Rotation.create_group("O"), (4.0, 1.1, 2.3))),
    "T": (12, orbit(Rotation.create_group("T"), (4.0, 1.1, 2.3))),
    "D5h": (20, atoms(ring(5), POLE, -POLE)),
    "D5h of 55": (20, Decahedron("Au", 3, 3, 0)),
    "D5d": (20, atoms(ring(5, 1.5), ring(5, -1.5, np.pi / 5))),
    "D3h": (12, atoms(ring(3, 2.0), ring(3, -2.0))),
    "D3d": (12, molecule("C2H6")),
    "D3": (6, atoms(ring(3, 1.5), ring(3, -1.5, 0.4))),
    "D6h": (24, molecule("C6H6")),
    "D4h": (16, atoms(ring(4))),
    "D2d": (8, molecule("cyclobutane")),
    "D2h": (8, molecule("C2H4")),
    "D2": (4, atoms(ring(2, 1.5), ring(2, -1.5, 0.5))),
    "C3v": (6, molecule("NH3")),
    "C2v": (4, molecule("H2O")),
    "C5v": (10, atoms(ring(5), POLE)),
    "C2h": (4, molecule("trans-butane")),
    "C3h": (6, atoms(ring(3), ring(3, 0.0, 0.5, 6.0))),
    "S4": (
        4,
        atoms(ring(2, 2.0), ring(2, -2.0, np.pi / 2), ring(2, 1.0, 0.7, 5.0), ring(2, -1.0, 0.7 + np.pi / 2, 5.0)),
    ),
    "S6": (
        6,
        atoms(ring(3, 2.0), ring(3, -2.0, np.pi / 3), ring(3, 1.0, 0.6, 5.0), ring(3, -1.0, 0.6 + np.pi / 3, 5.0)),
    ),
    "C3": (3, atoms(ring(3, 2.0), ring(3, -1.0, 0.5, 5.0), POLE * 3)),
    "C2": (2, molecule("H2O2")),
    "C2 of a helix": (2, atoms(HELIX)),
    "Ci": (2, atoms(*(sign * np.array([[1.0, 2, 3], [4, -1, 2], [-2, 5, 1]]) for sign in (1, -1)))),
    "Cs": (2, molecule("CH3OH")),
    "C1": (1, atoms(np.array([[0, 0, 0], [3.0, 0, 0], [0, 4, 0], [1, 1, 5], [-3, 2, -2]]))),
    "Dinfh": (4, molecule("CO2")),
    "Dinfh of a dimer": (4, molecule("H2")),
    "Cinfv": (2, molecule("HCN")),
}
PROPER = {"I", "O", "T", "D3", "D2", "C3", "C2", "C1"}


@pytest.mark.parametrize("name", KNOWN)
def test_point_groups_of_known_structures(name: str) -> None:
    order, structure = KNOWN[name]
    rng = np.random.default_rng(7)
    positions = Rotation.random(random_state=rng).apply(structure.positions) + 11
    found = point_group(Shape.of(structure.get_chemical_symbols(), positions), 0.05)
    assert (found.name, found.order) == (name.split()[0], order)
    assert found.proper == (found.name in PROPER)
    assert found.deviation_A < 0.01
    shaken = positions + rng.normal(0, 0.004, positions.shape)
    noisy = point_group(Shape.of(structure.get_chemical_symbols(), shaken), 0.06)
    assert (noisy.name, noisy.order) == (found.name, order)
    assert noisy.deviation_A > found.deviation_A or order == 1 or "inf" in found.name


@pytest.mark.parametrize(("stretch_A", "name"), [(0.02, "Oh"), (0.5, "D4h")])
def test_a_distortion_beyond_the_tolerance_lowers_the_symmetry(stretch_A: float, name: str) -> None:
    positions = 2 * cube() * [1, 1, 1 + stretch_A / 2]
    found = point_group(Shape.of(["Na"] * 8, positions), 0.1)
    assert found.name == name


@pytest.mark.parametrize("stretch_A", np.linspace(0.02, 0.4, 20))
def test_operations_that_only_just_pass_never_give_half_a_group(stretch_A: float) -> None:
    positions = 2 * cube() * [1, 1 + stretch_A / 2, 1 + stretch_A]
    found = point_group(Shape.of(["Na"] * 8, positions), 0.1)
    assert (found.name, found.order) in {("Oh", 48), ("D4h", 16), ("D2h", 8)}
    assert found.deviation_A <= 0.1
