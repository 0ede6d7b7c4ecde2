"""The error measures, worked out by hand on a few numbers."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given
from hypothesis import strategies as st

from deckgen.errors import AnalysisError
from deckgen.training.dataset import Dataset, LabelledFrame
from deckgen.training.predict import Prediction
from deckgen.training.validation.errors import error_table, frame_errors

E0 = {"Na": -0.25}


def labelled(size: int, energy_eV: float, forces: np.ndarray, trajectory: str = "a") -> LabelledFrame:
    atoms = Atoms(f"Na{size}", positions=np.arange(3 * size).reshape(size, 3))
    return LabelledFrame(atoms, energy_eV, forces, source=f"f:{size}", trajectory=trajectory, config_type="default")


DIMER_FORCE = np.array([[0.0, 0.0, 0.4], [0.0, 0.0, -0.4]])
TRIMER_FORCE = np.full((3, 3), 0.2)


def two_frames() -> tuple[Dataset, list[Prediction]]:
    """A dimer off by 10 meV and 0.03 eV/A in one component, a trimer by -30 meV and 0.01 eV/A in all nine."""
    dataset = Dataset((labelled(2, -1.5, DIMER_FORCE), labelled(3, -2.75, TRIMER_FORCE)), {})
    off = np.zeros((2, 3))
    off[1, 2] = -0.03
    return dataset, [Prediction(-1.49, DIMER_FORCE + off), Prediction(-2.78, TRIMER_FORCE + 0.01)]


def test_the_measures_are_those_of_their_definitions() -> None:
    table = error_table(*two_frames(), E0)
    # dE/N: 5 and -10 meV; sum of squares of dF: 9e-4 over 6 components, 9e-4 over 9
    expected = {
        "n_frames": 2,
        "energy_rmse_meV_atom": math.sqrt((25 + 100) / 2),
        "energy_mae_meV_atom": 7.5,
        "energy_max_meV_atom": 10,
        "force_rmse_meV_A": 1000 * math.sqrt((9e-4 / 6 + 9e-4 / 9) / 2),
        "force_pooled_rmse_meV_A": 1000 * math.sqrt(18e-4 / 15),
        "force_mae_meV_A": 1000 * 0.12 / 15,
        "max_force_error_eV_A": 0.03,
        # binding energies -1 and -2 eV
        "percent_energy": max(100 * 0.01 / 1.0, 100 * 0.03 / 2.0),
        "percent_force": 100 * 0.03 / 0.4,
    }
    assert asdict(table.overall) == pytest.approx(expected, rel=1e-9)
    assert list(table.by_size) == [2, 3]
    assert table.by_size[2].force_rmse_meV_A == pytest.approx(1000 * math.sqrt(9e-4 / 6))
    assert table.by_size[3].percent_force == pytest.approx(5.0)
    assert table.to_json()["by_size"]["3"]["energy_max_meV_atom"] == pytest.approx(10)


def test_each_frame_has_its_own_errors_with_their_sign() -> None:
    dataset, predictions = two_frames()
    errors = frame_errors(dataset.frames, predictions)
    assert errors.energy_eV_atom == pytest.approx([0.005, -0.010])
    assert errors.force_rmse_eV_A == pytest.approx([math.sqrt(9e-4 / 6), 0.01])
    assert errors.max_force_eV_A == pytest.approx([0.03, 0.01])


@given(st.floats(1e-6, 10), st.integers(2, 9))
def test_an_error_that_is_the_same_everywhere_is_its_own_rmse_mae_and_maximum(error: float, size: int) -> None:
    frame = labelled(size, -float(size), np.ones((size, 3)))
    found = error_table(Dataset((frame,), {}), [Prediction(-size + size * error, np.ones((size, 3)) - error)], E0)
    for value in (found.overall.energy_rmse_meV_atom, found.overall.energy_mae_meV_atom, found.overall.force_mae_meV_A):
        assert value == pytest.approx(1000 * error)
    assert found.overall.force_pooled_rmse_meV_A == pytest.approx(1000 * found.overall.max_force_error_eV_A)


def test_no_percentage_where_there_is_nothing_to_divide_by() -> None:
    unbound = labelled(2, 2 * E0["Na"], np.zeros((2, 3)))
    found = error_table(Dataset((unbound,), {}), [Prediction(-0.4, np.ones((2, 3)))], E0).overall
    assert (found.percent_energy, found.percent_force) == (None, None)


def test_a_prediction_that_is_not_a_number_is_named() -> None:
    dataset, predictions = two_frames()
    with pytest.raises(AnalysisError, match="f:3: the potential's energy or forces are not numbers"):
        error_table(dataset, [predictions[0], Prediction(float("nan"), TRIMER_FORCE)], E0)
    with pytest.raises(AnalysisError, match="no labelled frames"):
        error_table(Dataset((), {}), [], E0)
