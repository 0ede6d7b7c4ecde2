"""A chiral isomer and its mirror image are counted each for itself, whichever of them was found first or more often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from deckgen.analysis.isomers.alignment import Shape, matches
from deckgen.analysis.isomers.enantiomers import split_enantiomers
from deckgen.minima import Minimum

HELIX_A = np.array([[3 * np.cos(t), 3 * np.sin(t), 2 * t] for t in np.linspace(-2, 2, 7)])
RING_A = np.array([[4 * np.cos(t), 4 * np.sin(t), 0] for t in 2 * np.pi * np.arange(7) / 7])
MATCH_A = 0.1


def minimum(positions_A: NDArray[np.float64], frame: int = 0) -> Minimum:
    return Minimum(("Na",) * 7, positions_A, -1.0, 1e-6, 10, True, 300.0, "nvt/a", frame)


def quenches(hands: Sequence[int], noise_A: float = 0.02) -> list[tuple[int, Minimum]]:
    """Helices of some handedness (1, -1), turned and shaken; the frame says which is which."""
    rng = np.random.default_rng(3)
    turned = [Rotation.random(random_state=rng).apply(hand * HELIX_A) for hand in hands]
    return [(k, minimum(x + rng.normal(0, noise_A, x.shape), frame=100 + k)) for k, x in enumerate(turned)]


def same_hand(a: Minimum, positions_A: NDArray[np.float64]) -> bool:
    shapes = (Shape.of(a.symbols, a.positions_A), Shape.of(a.symbols, positions_A))
    return matches(*shapes, tolerance_A=MATCH_A, reflection=False)


@pytest.mark.parametrize("hand", [1, -1])
def test_quenches_to_one_hand_alone_make_one_isomer_of_that_hand(hand: int) -> None:
    found, which = split_enantiomers([minimum(HELIX_A)], np.zeros(4, dtype=np.intp), quenches([hand] * 4), MATCH_A)
    assert which.tolist() == [0] * 4
    assert len(found) == 1
    assert same_hand(found[0], hand * HELIX_A)
    assert not same_hand(found[0], -hand * HELIX_A)


def test_unequal_numbers_of_the_two_hands_are_counted_apart() -> None:
    hands = [1, -1, 1, 1, -1]
    found, which = split_enantiomers([minimum(HELIX_A)], np.zeros(5, dtype=np.intp), quenches(hands), MATCH_A)
    assert which.tolist() == [0, 1, 0, 0, 1]
    assert same_hand(found[0], HELIX_A)
    assert same_hand(found[1], -HELIX_A)
    assert found[1].energy_eV == found[0].energy_eV
    assert found[1].frame == 101  # of the first quench that led there


def test_the_order_of_the_quenches_does_not_matter() -> None:
    isomer_of = np.zeros(5, dtype=np.intp)
    forward, backward = (
        split_enantiomers([minimum(HELIX_A)], isomer_of, some, MATCH_A)
        for some in (quenches([1, -1, 1, 1, -1]), quenches([1, -1, 1, 1, -1])[::-1])
    )
    np.testing.assert_array_equal(forward[1], backward[1])
    assert [one.frame for one in forward[0]] == [one.frame for one in backward[0]]


def test_what_is_its_own_mirror_image_stays_one() -> None:
    ring = [(3, minimum(RING_A)), (4, minimum(-RING_A))]
    isomer_of = np.array([1, 1, 1, 0, 0])
    found, which = split_enantiomers(
        [minimum(RING_A), minimum(HELIX_A)], isomer_of, quenches([1, -1, -1]) + ring, MATCH_A
    )
    assert which.tolist() == [1, 2, 2, 0, 0]
    assert len(found) == 3


def test_quenches_that_led_nowhere_or_are_too_loose_belong_to_no_isomer() -> None:
    some = quenches([1, 1, -1])
    loose = replace(some[1][1], positions_A=some[1][1].positions_A + np.eye(7, 3) * 2.0)
    found, which = split_enantiomers([minimum(HELIX_A)], np.array([-1, 0, 0]), [some[0], (1, loose), some[2]], MATCH_A)
    assert which.tolist() == [-1, -1, 0]
    assert same_hand(found[0], -HELIX_A)
