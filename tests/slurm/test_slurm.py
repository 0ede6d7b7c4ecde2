"""Decks, quenches and labels in the jobs of a real Slurm, which ends them as it likes; see .ci/slurm."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.emt import EMT
from ase.io import read, write
from slurm_jobs import attempts, jobs
from small_study import deck_of, frames_of, rows_of, small_study

from deckgen.runs.status import status

KELVINS = [20, 25, 30, 35]
LONG = {"temperatures_K": KELVINS, "duration_ps": 200, "frame_every": 10_000, "restart_every": 20_000}
N_STEPS = 100_000

Head = Callable[..., "subprocess.Popen[str]"]
Machine = Callable[..., Path]
Until = Callable[..., None]
Wait = Callable[["subprocess.Popen[str]"], None]


def decks(study: Path) -> list[Path]:
    return [deck_of(study, kelvin) for kelvin in KELVINS]


def begun(study: Path, count: int = len(KELVINS)) -> Callable[[], bool]:
    """Return whether the first decks have rows."""
    return lambda: all((deck / "energies.dat").exists() and rows_of(deck)[1:] for deck in decks(study)[:count])


def assert_whole(study: Path) -> None:
    """Assert that every row and every frame is there once, and that nothing is called failed."""
    assert [deck.state for deck in status(study)] == ["done"] * len(KELVINS)
    for deck in decks(study):
        assert rows_of(deck) == list(range(10, N_STEPS + 1, 10))
        assert frames_of(deck) == list(range(10_000, N_STEPS + 1, 10_000))
        assert "failed" not in {attempt["outcome"] for attempt in attempts(deck)}


def parent_of(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[1])


def test_four_decks_run_on_two_nodes(tmp_path: Path, machine: Machine, head: Head, ended_well: Wait) -> None:
    study = small_study(tmp_path / "study", **LONG)
    ended_well(head("run", study, "--on", machine()))
    assert_whole(study)
    assert {attempt["host"] for deck in decks(study) for attempt in attempts(deck)} == {"node1", "node2"}


def test_decks_of_a_job_that_is_cancelled_go_on_in_the_next_without_a_row_lost(
    tmp_path: Path, machine: Machine, head: Head, ended_well: Wait, until: Until
) -> None:
    study = small_study(tmp_path / "study", **LONG)
    process = head("run", study, "--on", machine())
    until(begun(study), 120)
    subprocess.run(["scancel", *jobs()], check=True)
    ended_well(process)
    assert_whole(study)
    found = [attempts(deck) for deck in decks(study)]
    cut = [deck for deck in found if len(deck) > 1]  # a quick one may have been done before
    assert cut
    assert {tuple(attempt["outcome"] for attempt in deck) for deck in cut} == {("interrupted", "done")}
    # not back to an older restart
    assert [deck[1]["from_step"] for deck in cut] == [deck[0]["to_step"] for deck in cut], cut


@pytest.mark.long
def test_a_killed_deck_and_a_killed_worker_cost_neither_rows_nor_decks(
    tmp_path: Path, machine: Machine, head: Head, ended_well: Wait, until: Until
) -> None:
    study = small_study(tmp_path / "study", **LONG)
    process = head("run", study, "--on", machine(nodes=1))
    until(begun(study, 2), 120)
    first, second = (attempts(deck)[-1]["pid"] for deck in decks(study)[:2])
    os.kill(first, signal.SIGKILL)
    worker = parent_of(parent_of(second))  # between them is the fork server
    os.kill(worker, signal.SIGKILL)
    ended_well(process)
    assert_whole(study)
    assert [len(attempts(deck)) for deck in decks(study)] == [2, 2, 1, 1]


@pytest.mark.long
def test_a_killed_head_leaves_no_job_behind_and_the_same_command_resumes(
    tmp_path: Path, machine: Machine, head: Head, ended_well: Wait, until: Until, no_jobs: Callable[[], bool]
) -> None:
    study = small_study(tmp_path / "study", **LONG | {"duration_ps": 20_000})
    process = head("run", study, "--on", machine())
    until(begun(study), 120)
    os.kill(process.pid, signal.SIGKILL)
    until(no_jobs, 60)
    reached = {deck: rows_of(deck)[-1] for deck in decks(study)}
    small_study(study, **LONG | {"duration_ps": (max(reached.values()) + 50_000) // 20_000 * 40 + 40})
    ended_well(head("run", study, "--on", machine()))
    assert {deck.state for deck in status(study)} == {"done"}
    for deck in decks(study):
        assert rows_of(deck) == list(range(10, rows_of(deck)[-1] + 1, 10))
        assert rows_of(deck)[-1] > reached[deck]


@pytest.mark.long
def test_ctrl_c_cancels_the_jobs_and_says_what_is_left(
    tmp_path: Path, machine: Machine, head: Head, until: Until, no_jobs: Callable[[], bool]
) -> None:
    study = small_study(tmp_path / "study", **LONG | {"duration_ps": 20_000})
    process = head("run", study, "--on", machine())
    until(begun(study), 120)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    assert process.wait(90) == 130
    assert "interrupted, 4 decks to go; to resume:" in (tmp_path / "head0.log").read_text()
    until(no_jobs, 60)
    for deck in decks(study):
        (attempt,) = attempts(deck)
        assert attempt["outcome"] == "interrupted"
        assert rows_of(deck)[-1] == attempt["to_step"] // 10 * 10


@pytest.mark.long
@pytest.mark.parametrize("told", [["--signal=TERM", "--batch"], []])
def test_inside_a_job_decks_write_their_restarts_and_the_head_has_its_last_words(
    tmp_path: Path, until: Until, no_jobs: Callable[[], bool], told: list[str]
) -> None:
    """Whether Slurm tells all processes of the job to end, or the head only, as a user's `kill` does."""
    study = small_study(tmp_path / "study", **LONG | {"duration_ps": 20_000})
    (tmp_path / "hal.toml").write_text('scheduler = "slurm"\ncores = 2\nnodes = 2\n')
    script = [sys.executable, "-m", "deckgen", "machines", "script", str(tmp_path / "hal.toml"), str(study)]
    subprocess.run(script, check=True)
    subprocess.run(["sbatch", str(study / "run.sbatch")], check=True)
    until(begun(study), 120)
    subprocess.run(["scancel", *told, *jobs()], check=True)
    until(no_jobs, 60)
    (log,) = study.glob("run.*.log")
    assert "interrupted, 4 decks to go; to resume:" in log.read_text()
    for deck in decks(study):
        (attempt,) = attempts(deck)
        assert attempt["outcome"] == "interrupted"
        assert rows_of(deck)[-1] == attempt["to_step"] // 10 * 10


@pytest.mark.long
def test_inside_a_job_of_two_nodes_decks_use_both_and_another_job_resumes_them(
    tmp_path: Path, until: Until, no_jobs: Callable[[], bool]
) -> None:
    study = small_study(tmp_path / "study", **LONG)
    (tmp_path / "hal.toml").write_text('scheduler = "slurm"\ncores = 2\nnodes = 2\nlost_after_s = 8\n')
    subprocess.run(
        [sys.executable, "-m", "deckgen", "machines", "script", str(tmp_path / "hal.toml"), str(study)], check=True
    )
    submit = ["sbatch", str(study / "run.sbatch")]
    subprocess.run(submit, check=True)
    until(begun(study), 120)
    subprocess.run(["scancel", *jobs()], check=True)
    until(no_jobs, 90)
    assert "interrupted" in {attempts(deck)[-1]["outcome"] for deck in decks(study)}
    subprocess.run(submit, check=True)
    until(no_jobs, 200)
    assert_whole(study)
    assert {attempt["host"] for deck in decks(study) for attempt in attempts(deck)} == {"node1", "node2"}


@pytest.mark.long
def test_isomers_are_found_on_nodes(tmp_path: Path, machine: Machine, head: Head, ended_well: Wait) -> None:
    study = small_study(tmp_path / "study", temperatures_K=[30, 33, 36], frame_every=100)
    with (study / "study.toml").open("a") as file:
        file.write('[isomers]\nsource = "nvt"\nfrequencies = 1\n')
    ended_well(head("run", study, "--on", machine()))
    ended_well(head("isomers", study, "--on", machine()))
    lowest = read(study / "results/isomers.extxyz", 0)
    assert lowest.info["energy_eV"] == pytest.approx(-44.326801 * 0.0103, abs=1e-5)  # LJ13, in units of epsilon


@pytest.mark.long
def test_labels_are_made_on_nodes(tmp_path: Path, machine: Machine, head: Head, ended_well: Wait) -> None:
    rng = np.random.default_rng(1)
    frames = [Atoms("Cu3", positions=[(0, 0, 0), (2.3, 0, 0), (1.1, 2.0, 0)]) for _ in range(6)]
    for atoms in frames:
        atoms.positions += rng.normal(0, 0.1, (3, 3))
    project = tmp_path / "copper"
    (project / "frames").mkdir(parents=True)
    write(project / "frames/sampled.extxyz", frames)
    (project / "gap.toml").write_text('[reference]\ncalculator = "emt"\n[data]\ne0 = {Cu = 0.0}\n')
    ended_well(head("train", "label", project, "--on", machine()))
    labelled = read(project / "labels/labelled.extxyz", ":")
    assert len(labelled) == 6
    for atoms in labelled:
        free = Atoms(atoms.symbols, positions=atoms.positions, calculator=EMT())
        assert atoms.info["REF_energy"] == pytest.approx(free.get_potential_energy(), abs=1e-6)
