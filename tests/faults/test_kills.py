"""The kill campaign in short: `python -m validation.torture.kills` is the long form."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from validation.torture.campaign import STUDY, Tally, check_study
from validation.torture.kills import kills_of, study_journey, wrong_of


def test_commands_that_are_killed_lose_and_double_nothing(tmp_path: Path) -> None:
    commands = ((("run",), 3), (("isomers",), 2), (("analyse",), 1), (("report",), 1))
    tally = study_journey(tmp_path / "study", random.Random(2), commands)
    assert kills_of(tally) >= 3
    assert wrong_of(tally) == {}


@pytest.mark.parametrize(
    ("steps", "wrong"),
    [
        (range(10, 20010, 10), {}),
        (range(10, 20000, 10), {"rows lost": 1}),
        ([*range(10, 20010, 10), 500], {"rows doubled": 1}),
        ([*range(10, 500, 10), *range(520, 20010, 10)], {"rows lost": 2}),
    ],
)
def test_the_campaign_counts_what_is_lost_and_doubled(tmp_path: Path, steps: list[int], wrong: dict[str, int]) -> None:
    deck = tmp_path / "decks/nvt/one"
    deck.mkdir(parents=True)
    (tmp_path / "study.toml").write_text(STUDY)
    (deck / "in.lammps").write_text("variable n_steps index 20000\ndump frames all extxyz 500 frames.extxyz\n")
    (deck / "energies.dat").write_text("# step\n" + "".join(f"{step} -1 20 1 2 3\n" for step in steps))
    (deck / "frames.extxyz").write_text("".join(f"Timestep={step}\n" for step in range(500, 20500, 500)))
    assert check_study(tmp_path) == Tally(wrong)
    (deck / "in.lammps.part").touch()
    assert check_study(tmp_path)["leftovers"] == 1
