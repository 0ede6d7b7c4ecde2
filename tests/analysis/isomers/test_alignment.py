"""What moves, turns, mirrors or renames the atoms of a structure leaves it the same; what else changes it does not."""

from __future__ import annotations

import numpy as np
import pytest
from ase.cluster import Icosahedron, Octahedron
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.distance import cdist, pdist
from scipy.spatial.transform import Rotation

from deckgen.analysis.isomers.alignment import Shape, align, matches
from deckgen.analysis.isomers.fingerprint import LENGTH, fingerprint

Array = NDArray[np.float64]
BOND_A = 3.7
TOLERANCE_A = 0.1

seeds = st.integers(0, 2**32 - 1)


def glass(n_atoms: int, rng: np.random.Generator) -> Array:
    """Atoms at random, no two nearer than a bond: no symmetry at all."""
    positions = np.zeros((1, 3))
    radius = 0.75 * BOND_A * n_atoms ** (1 / 3)
    while len(positions) < n_atoms:
        new = rng.uniform(-radius, radius, (1, 3))
        if cdist(positions, new).min() > 0.8 * BOND_A:
            positions = np.vstack([positions, new])
        radius *= 1.001
    return positions


def moved(positions: Array, rng: np.random.Generator, *, mirror: bool, noise_A: float = 0.0) -> tuple[Array, Array]:
    """Turn, shift, permute, perhaps mirror, and shake a structure; return it and its new order."""
    order = rng.permutation(len(positions))
    turned = Rotation.random(random_state=rng).apply(positions) * (-1 if mirror else 1) + rng.uniform(-50, 50, 3)
    shake = rng.normal(size=positions.shape)
    shake *= noise_A / np.linalg.norm(shake, axis=1).max()
    return (turned + shake)[order], order


STRUCTURES = {
    "glass of 7": lambda rng: (["Na"] * 7, glass(7, rng)),
    "glass of 60": lambda rng: (["Na"] * 60, glass(60, rng)),
    "alloy of 20": lambda rng: (["Na"] * 12 + ["K"] * 8, glass(20, rng)),
    "dimer": lambda rng: (["Na"] * 2, glass(2, rng)),
    "plane": lambda rng: (["Na"] * 9, glass(9, rng) * [1, 1, 0] * [2, 2, 0]),
    "icosahedron of 13": lambda _: (["Na"] * 13, Icosahedron("Na", 2).positions),
    "icosahedron of 55": lambda _: (["Na"] * 55, Icosahedron("Na", 3).positions),
    "octahedron of 38": lambda _: (["Au"] * 38, Octahedron("Au", 4, 1).positions),
}


@pytest.mark.parametrize("name", STRUCTURES)
@given(seed=seeds, mirror=st.booleans())
@settings(max_examples=12)
def test_a_structure_is_itself_however_it_lies(name: str, seed: int, mirror: bool) -> None:
    rng = np.random.default_rng(seed)
    symbols, positions = STRUCTURES[name](rng)
    other, order = moved(positions, rng, mirror=mirror, noise_A=0.04)
    a, b = Shape.of(symbols, positions), Shape.of([symbols[k] for k in order], other)
    found = align(a, b, tolerance_A=TOLERANCE_A)
    assert found is not None
    assert found.deviation_A <= 0.081  # the noise, and the centre's share in it
    np.testing.assert_allclose(found.rotation @ found.rotation.T, np.eye(3), atol=1e-12)
    assert sorted(found.permutation.tolist()) == list(range(len(symbols)))
    assert (a.kinds == b.kinds[found.permutation]).all()
    distances = np.linalg.norm(a.positions_A @ found.rotation - b.positions_A[found.permutation], axis=1)
    assert found.deviation_A == pytest.approx(distances.max())
    assert found.rmsd_A == pytest.approx(np.sqrt((distances**2).mean()))
    if len(symbols) > 2:  # it is the best: no rotation about the centres does better with this assignment
        onto, hand = b.positions_A[found.permutation], -1 if found.reflected else 1
        best = hand * Rotation.align_vectors(hand * onto, a.positions_A)[0].apply(a.positions_A) - onto
        assert found.rmsd_A <= np.sqrt((best**2).sum(axis=1).mean()) + 1e-6


@given(seed=seeds, size=st.integers(5, 40))
@settings(max_examples=30)
def test_a_glass_is_not_its_mirror_image_when_reflections_do_not_count(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    positions = glass(size, rng)
    symbols = ["Na"] * size
    mirrored, _ = moved(positions, rng, mirror=True)
    turned, _ = moved(positions, rng, mirror=False)
    shape = Shape.of(symbols, positions)
    assert matches(shape, Shape.of(symbols, turned), tolerance_A=TOLERANCE_A, reflection=False)
    assert matches(shape, Shape.of(symbols, mirrored), tolerance_A=TOLERANCE_A)
    assert not matches(shape, Shape.of(symbols, mirrored), tolerance_A=TOLERANCE_A, reflection=False)


@given(seed=seeds, distance_A=st.floats(0.3, 2.0))
@settings(max_examples=40)
def test_one_displaced_atom_makes_another_structure(seed: int, distance_A: float) -> None:
    rng = np.random.default_rng(seed)
    positions = glass(30, rng)
    changed = positions.copy()
    step = rng.normal(size=3)
    changed[rng.integers(30)] += distance_A * step / np.linalg.norm(step)
    other, _ = moved(changed, rng, mirror=bool(rng.integers(2)))
    a, b = Shape.of(["Na"] * 30, positions), Shape.of(["Na"] * 30, other)
    assert not matches(a, b, tolerance_A=TOLERANCE_A)
    found = align(a, b, tolerance_A=2.5)
    assert found is None or found.deviation_A > TOLERANCE_A


def test_an_atom_on_an_icosahedron_has_four_places_that_differ() -> None:
    # without one vertex an icosahedron has C5v: its 20 faces fall into four rings of five
    full = Icosahedron("Na", 3, latticeconstant=BOND_A * np.sqrt(2)).positions
    radii = np.linalg.norm(full, axis=1)
    vertices = full[radii > radii.max() - 0.1]
    assert len(vertices) == 12
    near = cdist(vertices, vertices) < 1.1 * np.sort(cdist(vertices, vertices)[0])[1]
    triangles = [
        (i, j, k) for i in range(12) for j in range(i) for k in range(j) if near[i, j] and near[j, k] and near[i, k]
    ]
    assert len(triangles) == 20
    rest = np.delete(full, np.argmin(np.linalg.norm(full - vertices[0], axis=1)), axis=0)
    outer = [vertices[list(corners)].mean(axis=0) for corners in triangles]
    shapes = [Shape.of(["Na"] * 55, np.vstack([rest, place * (1 + 2.5 / np.linalg.norm(place))])) for place in outer]
    rings: list[list[Shape]] = []
    for shape in shapes:
        ring = next((ring for ring in rings if matches(ring[0], shape, tolerance_A=TOLERANCE_A)), None)
        if ring is None:
            rings.append([shape])
        else:
            ring.append(shape)
    assert [len(ring) for ring in rings] == [5, 5, 5, 5]
    prints = [fingerprint(["Na"] * 55, ring[0].positions_A) for ring in rings]
    assert min(np.abs(p - q).max() for k, p in enumerate(prints) for q in prints[:k]) > 0.02
    for ring in rings:
        for shape in ring:
            np.testing.assert_allclose(
                fingerprint(["Na"] * 55, shape.positions_A), fingerprint(["Na"] * 55, ring[0].positions_A), atol=1e-4
            )


def test_atoms_of_different_kinds_are_not_exchanged() -> None:
    positions = Icosahedron("Na", 2).positions
    centre = int(np.argmin(np.linalg.norm(positions - positions.mean(axis=0), axis=1)))
    inside, outside = (["K" if k == place else "Na" for k in range(13)] for place in (centre, (centre + 1) % 13))
    a, b = Shape.of(inside, positions), Shape.of(outside, positions)
    assert not matches(a, b, tolerance_A=TOLERANCE_A)
    assert matches(a, a, tolerance_A=TOLERANCE_A)
    assert not matches(a, Shape.of(["Na"] * 13, positions), tolerance_A=TOLERANCE_A)
    assert not matches(a, Shape.of(["Na"] * 12, positions[:12]), tolerance_A=TOLERANCE_A)
    assert np.abs(fingerprint(inside, positions) - fingerprint(outside, positions)).max() > 0.1


def test_two_foreign_atoms_on_an_icosahedron_make_three_structures() -> None:
    """Neighbours, next neighbours and opposite vertices: the same kinds at the same distances from the centre."""
    positions = Icosahedron("Na", 2).positions
    radii = np.linalg.norm(positions - positions.mean(axis=0), axis=1)
    vertices = np.flatnonzero(radii > radii.max() / 2)
    away = cdist(positions[vertices[:1]], positions[vertices])[0].round(6)
    assert len(np.unique(away)) == 4
    pairs = [(vertices[0], vertices[np.flatnonzero(away == d)[0]]) for d in np.unique(away)[1:]]
    shapes = [Shape.of(["K" if k in pair else "Na" for k in range(13)], positions) for pair in pairs]
    for i, a in enumerate(shapes):
        assert [matches(a, b, tolerance_A=TOLERANCE_A) for b in shapes] == [i == j for j in range(3)]
        assert [align(a, b, tolerance_A=5.0) is not None for b in shapes] == [True] * 3  # other atoms fit far away
        for b in shapes:
            found = align(a, b, tolerance_A=5.0)
            assert found is not None
            assert (a.kinds == b.kinds[found.permutation]).all()


@pytest.mark.parametrize("seed", range(5))
def test_of_several_matches_the_closest_is_returned(seed: int) -> None:
    """All 120 operations of a shaken icosahedron match within the tolerance; one is exact."""
    rng = np.random.default_rng(seed)
    positions = Icosahedron("Na", 2).positions + rng.normal(0, 0.03, (13, 3))
    other, order = moved(positions, rng, mirror=bool(seed % 2))
    found = align(Shape.of(["Na"] * 13, positions), Shape.of(["Na"] * 13, other), tolerance_A=0.3)
    assert found is not None
    assert found.rmsd_A < 1e-9
    assert (order[found.permutation] == np.arange(13)).all()


def test_a_contracted_copy_is_the_same_up_to_scale() -> None:
    rng = np.random.default_rng(4)
    positions = glass(55, rng)
    other, _ = moved(0.94 * positions, rng, mirror=False, noise_A=0.1)
    a, b = Shape.of(["Na"] * 55, positions), Shape.of(["Na"] * 55, other)
    assert align(a, b, tolerance_A=0.25) is None
    found = align(a, b, tolerance_A=0.25, scale=True)
    assert found is not None
    assert not found.reflected


@given(seed=seeds, size=st.sampled_from([2, 3, 7, 30, 80]), noise_A=st.floats(0, 0.1))
@settings(max_examples=40)
def test_a_fingerprint_depends_on_the_structure_alone(seed: int, size: int, noise_A: float) -> None:
    rng = np.random.default_rng(seed)
    positions = glass(size, rng)
    symbols = rng.choice(["Na", "K"], size)
    same, order = moved(positions, rng, mirror=bool(rng.integers(2)))
    print_ = fingerprint(symbols, positions)
    assert print_.shape == (LENGTH,)
    assert print_.nbytes <= 256
    np.testing.assert_allclose(fingerprint(symbols[order], same), print_, atol=1e-4)
    shaken, order = moved(positions, rng, mirror=False, noise_A=noise_A)
    assert np.abs(fingerprint(symbols[order], shaken) - print_).max() <= 2 * noise_A + 1e-4
    assert pdist(positions).min() > 0


@pytest.mark.parametrize("seed", range(4))
def test_structures_without_a_common_distance_are_not_the_same(seed: int) -> None:
    """Their distances from the centre agree, but no two atoms of the one lie as two of the other do."""
    rng = np.random.default_rng(seed)
    radii = 3.0 + np.arange(6)[:, None]
    halves = [radii * Rotation.random(6, random_state=rng).apply([1.0, 0.0, 0.0]) for _ in range(2)]
    first, second = (Shape.of(("Na",) * 12, np.concatenate([half, -half])) for half in halves)
    assert align(first, second, tolerance_A=0.01) is None
