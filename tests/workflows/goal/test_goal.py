"""Studies with a goal, run for real: thirteen Lennard-Jones atoms, whose peak lies near 0.284 epsilon/k_B = 34 K."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from small_study import rows_of

import deckgen
from deckgen.decks.deck import read_manifests
from deckgen.runs.rows import last_step
from deckgen.study.runs import Plan, read_plan
from deckgen.workflows.goal import ladder

RUN = "import sys; from deckgen.cli import main; sys.exit(main(['run', sys.argv[1]]))"
STUDY = """
[cluster]
element = "Ar"
size = 13
container_radius_A = 9.0
relax = false
[potential]
kind = "lammps"
pair_style = "lj/cut 60.0"
pair_coeff = ["* * 0.0103 3.4"]
mass_u = 39.948
[ladder]
temperatures_K = {kelvins}
[nvt]
timestep_fs = 5
frame_every = 10000
[goal]
melting_K = {melting_K}
max_ns = {max_ns}
pilot_ps = 20
[analysis]
bootstraps = 20
"""


LADDER = (20, 25, 30, 35, 40, 45, 50)


def write(folder: Path, melting_K: float, max_ns: float, kelvins: tuple[int, ...] = LADDER) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "study.toml").write_text(STUDY.format(melting_K=melting_K, max_ns=max_ns, kelvins=list(kelvins)))
    return folder


def plan_of(study: Path) -> Plan:
    plan = read_plan(study)
    assert plan is not None
    return plan


def planned(study: Path) -> dict[tuple[float, int], int]:
    return {(run.temperature_K, run.replica): run.n_steps for run in plan_of(study).runs}


def assert_whole(study: Path) -> None:
    """Every planned deck is there, with each of its rows once."""
    decks = {
        (manifest.temperature_K, manifest.replica): rows_of(folder)
        for folder, manifest in read_manifests(study)
        if manifest.protocol == "nvt"
    }
    assert decks == {run: list(range(10, n + 10, 10)) for run, n in planned(study).items()}


def test_a_goal_is_pursued_within_its_budget_and_the_history_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fewer rungs and replicas than usual: starting LAMMPS is what costs here."""
    monkeypatch.setattr(ladder, "REPLICAS", 2)
    monkeypatch.setattr(ladder, "GAPS", 2)
    study = write(tmp_path / "study", melting_K=0.01, max_ns=0.42, kelvins=(26, 34, 46))
    result = deckgen.run(study, progress=False)
    plan = plan_of(study)
    assert "budget of 0.42 ns is used up" in result.verdict == plan.verdict
    stages = [look.stage for look in plan.history]
    assert stages[0] == "pilot"
    assert set(stages[1:-1]) == {"ladder"}
    assert stages[-1] == "extension"
    assert 0.4 < plan.history[-1].ns <= 0.42
    low, high = plan.window_K or (0, 0)
    assert low < 34 < high
    assert_whole(study)
    assert len(result.done) == len(plan.runs)

    again = deckgen.run(study, progress=False)
    assert (again.done, again.verdict) == ([], result.verdict)
    assert plan_of(study) == plan

    found = deckgen.analyse(study, figures=False)
    document = json.loads((study / "results" / "thermodynamics.json").read_text())
    assert [look["ns"] for look in document["history"]] == [look.ns for look in plan.history]
    assert document["goal"] == {"reached": False, "verdict": plan.verdict}
    assert plan.history[-1].ci95_K == found.melting_ci95.temperature_K
    assert sum(state.error_share for state in found.states) == pytest.approx(1)


@pytest.mark.long
def test_a_study_finds_its_transition_survives_kills_and_goes_on_for_a_tighter_goal(
    tmp_path: Path, until: Callable[..., None]
) -> None:
    study = write(tmp_path / "study", melting_K=30, max_ns=0.9)
    for stage in ("pilot", "ladder"):
        program = subprocess.Popen([sys.executable, "-c", RUN, study], stderr=subprocess.DEVNULL)
        until(lambda stage=stage: begun(study, stage))
        program.send_signal(signal.SIGKILL)
        program.wait()
    result = deckgen.run(study, progress=False)
    assert not result.failed
    assert_whole(study)
    plan = plan_of(study)
    assert plan.verdict == result.verdict
    assert plan.history[0].stage == "pilot"
    low, high = plan.window_K or (0, 0)
    assert low < 34 < high
    assert {sum(run.temperature_K == kelvin for run in plan.in_window) for kelvin in plan.rungs_K} - {0} == {4}
    assert 2 * sum(run.melted for run in plan.in_window) == len(plan.in_window)
    assert set(plan.rungs_K) >= {20, 25, 30, 35, 40, 45, 50}  # the outer rungs stay

    before, spent = planned(study), plan.history[-1].ns
    assert spent <= 0.9
    write(study, melting_K=0.1, max_ns=1.3)
    result = deckgen.run(study, progress=False)
    assert "budget of 1.3 ns is used up" in result.verdict
    assert_whole(study)
    after = plan_of(study)
    assert all(planned(study)[run] >= n for run, n in before.items())
    assert after.history[: len(plan.history) - 1] == plan.history[:-1]
    assert spent < after.history[-1].ns <= 1.3
    assert not after.reached
    page = deckgen.report(study).read_text()
    assert after.verdict in page
    assert "On the way to the goal" in page


def begun(study: Path, stage: str) -> bool:
    plan = read_plan(study)
    folders = [folder for folder, manifest in read_manifests(study) if manifest.protocol == "nvt"]
    if stage == "pilot":
        return plan is None and any(last_step(folder) > 0 for folder in folders)
    new = [folder for folder in folders if not folder.name.endswith("-r1")]
    return plan is not None and any(last_step(folder) > 0 for folder in new)
