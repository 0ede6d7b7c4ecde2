"""A longer time step is offered with the numbers of a comparison, or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_study import small_study

from deckgen.decks import protocols
from deckgen.workflows.goal.timestep import StepRow, StepTest, timestep


def row(timestep_fs: float, kelvin: float, deviation: float | None = None) -> StepRow:
    difference = None if deviation is None else 0.001 * deviation
    return StepRow(timestep_fs, kelvin, -46.0, 0.001, difference, difference, deviation)


def test_the_longest_step_is_offered_up_to_which_nothing_differs_anywhere() -> None:
    own = (row(2, 60), row(2, 330))
    assert StepTest((*own, row(4, 60, 1.0), row(4, 330, -1.9), row(5, 60, 0.3), row(5, 330, 2.1))).longest_fs == 4
    assert StepTest((*own, row(4, 60, 2.5), row(4, 330, 0.1), row(5, 60, 0.3), row(5, 330, 0.1))).longest_fs == 2
    assert "timestep_fs = 5 takes 2.5 times fewer" in StepTest((*own, row(5, 60, 0.3), row(5, 330, 0.1))).advice
    assert "no longer time step than 2 fs" in StepTest((*own, row(4, 60, 2.5), row(4, 330, 0.1))).advice


def test_a_difference_of_unknown_error_is_no_agreement() -> None:
    unknown = StepRow(4, 60, -46.0, None, 0.0, 0.0, None)
    assert StepTest((row(2, 60), row(2, 330), unknown, row(4, 330, 0.1))).longest_fs == 2


def test_time_steps_are_compared_beside_the_study_whose_decks_stay_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocols, "TIMESTEP_TEST_PS", 20)
    monkeypatch.setattr(protocols, "TIMESTEPS_FS", (5.0,))
    study = small_study(tmp_path / "study")
    found = timestep(study, progress=False)
    assert [(one.timestep_fs, one.temperature_K) for one in found.rows] == [(2, 20), (2, 30), (5, 20), (5, 30)]
    assert all(one.difference_eV is None for one in found.rows[:2])
    for one, own in zip(found.rows[2:], found.rows[:2], strict=True):
        assert one.difference_eV == pytest.approx(one.mean_U_eV - own.mean_U_eV)
    document = json.loads((study / "results" / "timestep.json").read_text())
    assert document["longest_fs"] == found.longest_fs
    assert not (study / "decks" / "nvt").exists()


def test_a_study_of_a_long_step_is_held_against_the_shortest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocols, "TIMESTEP_TEST_PS", 20)
    monkeypatch.setattr(protocols, "TIMESTEPS_FS", (2.0,))
    study = small_study(tmp_path / "study")
    with (study / "study.toml").open("a") as file:
        file.write("timestep_fs = 5\n")
    found = timestep(study, progress=False)
    assert [(one.timestep_fs, one.difference_eV is None) for one in found.rows] == [(2, True)] * 2 + [(5, False)] * 2
    assert found.own_fs == 5


def test_a_step_of_the_study_that_shows_a_difference_is_said_to() -> None:
    own = (row(2, 60), row(2, 330), row(4, 60, 1.0), row(4, 330, 0.1), row(5, 60, 3.0), row(5, 330, 0.1))
    assert "with 5 fs are not those with 2 fs: set [nvt] timestep_fs = 4" in StepTest(own, own_fs=5).advice
    assert "no longer time step than 4 fs" in StepTest(own, own_fs=4).advice
    assert "takes 2 times fewer" in StepTest(own, own_fs=2).advice
