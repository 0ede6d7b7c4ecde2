"""What a goal costs is said beforehand, and compared afterwards."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from deckgen.cli import main
from deckgen.errors import InputError
from deckgen.study import Study
from deckgen.study.runs import Look, Plan, Run, pilot_runs, planned_runs, write_plan
from deckgen.workflows.goal.cost import plan, rule_of_thumb_ns

NA55 = '[cluster]\nelement = "Na"\nsize = 55\nrelax = false\n[potential]\nname = "na-gupta"\n'
GOAL = "[goal]\nmelting_K = 5.0\nmax_ns = 60.0\n"


def study_at(folder: Path, text: str = NA55 + GOAL) -> Study:
    (folder / "study.toml").write_text(text)
    return Study.read(folder)


def test_half_the_width_costs_four_times_as_much(tmp_path: Path) -> None:
    """Beside the pilot; and of Na55 with the Gupta potential it is what was measured, 33 ns, within a factor of two."""
    study = study_at(tmp_path)
    pilot = 21 * 0.04 + 10 * 0.02
    tighter = study.model_copy(update={"goal": study.goal.model_copy(update={"melting_K": 2.5})})
    assert (rule_of_thumb_ns(tighter, 55) - pilot) == pytest.approx(4 * (rule_of_thumb_ns(study, 55) - pilot))
    assert 33 / 2 < rule_of_thumb_ns(study, 55) < 33 * 2


def test_before_and_after_the_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = study_at(tmp_path)
    before = plan(study)
    assert (before.n_runs, before.n_steps, before.verdict) == (21, 21 * 20_000, "")
    assert before.spent_ns == pytest.approx(1.04)
    assert before.forecast_ns == before.expected_ns
    assert main(["plan", str(tmp_path), "--no-timing"]) == 0
    assert "rule of thumb" in capsys.readouterr().out

    looks = (
        Look("pilot", 1.04, 21, 170.0, None, None, "rungs"),
        Look("ladder", 5.0, 40, 168.0, (160.0, 176.0), 15.0, "more"),
        Look("extension", 20.0, 40, 168.0, (166.0, 170.0), 20.0, "the goal is reached"),
    )
    known = Plan(pilot_runs(study), window_K=(146.0, 203.0), history=looks, verdict="the goal is reached", reached=True)
    write_plan(tmp_path, replace(known, left_out=(Run(60.0, 2, 1000, melted=True),)))
    after = plan(study)
    assert after.spent_ns == pytest.approx(1.04 + 0.002 + 0.02)
    assert after.forecast_ns == 20.0
    assert after.core_hours(20.0, 1e-3) == pytest.approx(20e6 / 2 * 1e-3 / 3600)
    assert main(["plan", str(tmp_path), "--no-timing"]) == 0
    said = capsys.readouterr().out
    assert "after 5 ns, let expect 15 ns: 14 of what was used" in said
    assert "the goal is reached" in said
    assert main(["plan", str(tmp_path), "--no-timing", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["history"][1]["ci95_K"] == [160.0, 176.0]
    assert document["expected_core_hours"] is None


def test_without_a_goal_there_is_nothing_to_plan(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="melting_K is missing"):
        plan(study_at(tmp_path, NA55))


def test_rungs_that_the_ladder_gets_later_have_a_run_of_the_pilot(tmp_path: Path) -> None:
    study = study_at(tmp_path)
    write_plan(tmp_path, Plan(pilot_runs(study), window_K=(146.0, 203.0)))
    assert planned_runs(study) == pilot_runs(study)
    wider = study_at(tmp_path, NA55 + GOAL + "[ladder]\nextra_K = [350.0]\n")
    assert planned_runs(wider)[:-1] == pilot_runs(study)
    assert planned_runs(wider)[-1].temperature_K == 350.0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[goal]\nmelting_K = 5.0", "both melting_K and max_ns"),
        (GOAL + "[nvt]\nduration_ps = 100", "leave [nvt] duration_ps out"),
        (GOAL + '[nvt]\nstart = "melted"', "runs from both phases"),
        (GOAL + "[exchange]\nevery = 100", "leave one of them out"),
        (GOAL + "pilot_ps = 1", "fewer than 100 samples"),
    ],
)
def test_what_a_goal_decides_is_not_set_beside_it(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError, match=says.replace("[", r"\[")):
        study_at(tmp_path, NA55 + text)


def test_a_damaged_plan_is_named(tmp_path: Path) -> None:
    study = study_at(tmp_path)
    (tmp_path / "decks").mkdir()
    (tmp_path / "decks" / "plan.json").write_text('{"runs": [')
    with pytest.raises(InputError, match=r"plan\.json: not the plan of a goal"):
        plan(study)
