"""What is unphysical in a curve, and the order of minima."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from deckgen.training.dataset import LabelledFrame
from deckgen.training.predict import Prediction
from deckgen.training.validation.scans import Scan, minima_orders


def labelled(size: int, energy_eV: float) -> LabelledFrame:
    atoms = Atoms(f"Na{size}", positions=np.arange(3 * size).reshape(size, 3))
    return LabelledFrame(atoms, energy_eV, np.zeros((size, 3)), source=f"f:{size}", trajectory="a")


DISTANCES = np.arange(1.5, 10, 0.1)


def morse(r: np.ndarray) -> np.ndarray:
    """Sodium's dimer: depth 0.75 eV at 3.1 A."""
    return 0.75 * ((1 - np.exp(-0.85 * (r - 3.1))) ** 2 - 1)


def test_a_curve_with_one_well_and_a_wall_is_sane() -> None:
    scan = Scan("dimer", DISTANCES, morse(DISTANCES), 2.4)
    assert scan.findings == ()
    assert scan.minimum == pytest.approx((3.1, -0.75))
    assert scan.repulsive_from == 1.5


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda r: morse(r) - 40 * (r < 1.8), "a hole at 1.7"),
        (lambda r: morse(r) - 3 * np.exp(-20 * (r - 2) ** 2), "below the minimum"),
        (lambda r: np.where(r < 2.7, morse(np.array(2.7)) - 0.1 * (2.7 - r), morse(r)), "attractive below 2.7"),
        (lambda r: 1 + morse(r), "not bound"),
        (lambda r: np.where(r < 2, np.nan, morse(r)), "not a number at 1.5"),
    ],
)
def test_what_is_wrong_with_a_curve_is_said(wrong, says: str) -> None:  # type: ignore[no-untyped-def]
    findings = Scan("dimer", DISTANCES, wrong(DISTANCES), 2.4).findings
    assert any(says in finding for finding in findings), findings


def test_the_order_of_minima_is_compared_by_size() -> None:
    frames = [labelled(3, energy) for energy in (-2.0, -3.0, -2.5)] + [labelled(2, -1.0)]
    predicted = [Prediction(energy, np.zeros((3, 3))) for energy in (-1.9, -2.9, -1.8, -1.0)]
    (order,) = minima_orders(list(zip(frames, predicted, strict=True)))
    assert order.reference_eV == pytest.approx((0, 0.5, 1.0))
    assert order.predicted_eV == pytest.approx((0, 1.1, 1.0))
    assert (order.same_lowest, order.same_order) == (True, False)
