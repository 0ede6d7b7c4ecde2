"""What is said of decks under way: speeds and times follow from what the decks wrote, by definition."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deckgen.decks.deck import write_decks
from deckgen.decks.manifest import ENERGIES, MANIFEST, QUENCHED, Manifest
from deckgen.processes.lock import LOCK, lock
from deckgen.runs import journal
from deckgen.runs import progress as progress_module
from deckgen.runs.journal import JOURNAL, Attempt, read_attempts
from deckgen.runs.outputs import Cut
from deckgen.runs.progress import Progress, Speeds
from deckgen.runs.status import DeckStatus, deck_status, status
from deckgen.study import Study

FS_PER_NS, S_PER_DAY = 1e6, 24 * 60 * 60
NVT = Manifest(
    protocol="nvt",
    id="T0100.000K-r2",
    identity="",
    formula="Na55",
    n_atoms=55,
    potential_name="any",
    potential_sha256="0",
    settings={},
    n_steps=40_000,
    temperature_K=100.0,
    replica=2,
    thermostat="csvr",
    timestep_fs=4.0,
    sample_every=10,
)


def deck_of(folder: Path, step: int = 0, *attempts: Attempt) -> Path:
    """Write a deck that has reached a step, by what its journal says."""
    (folder / MANIFEST).write_text(json.dumps(asdict(NVT)))
    if step:
        rows = (f"{some} -1.0 100.0 1 2 3\n" for some in range(10, step + 10, 10))
        (folder / ENERGIES).write_text("# step\n" + "".join(rows))
    if attempts:
        text = json.dumps({"schema": 1, "attempts": [asdict(attempt) for attempt in attempts]})
        (folder / JOURNAL).write_text(text)
    return folder


def attempt(**values) -> Attempt:
    return Attempt(started="2024-01-01T00:00:00+00:00", host="here", pid=1, **({"from_step": 0} | values))


def test_ns_per_day_is_the_time_simulated_over_the_time_it_took(tmp_path: Path) -> None:
    earlier = attempt(to_step=5_000, seconds=1_000.0, outcome="interrupted")
    last = attempt(from_step=5_000, to_step=20_000, seconds=30.0, outcome="interrupted")
    status = deck_status(deck_of(tmp_path, 20_000, earlier, last), NVT)
    steps = 20_000 - 5_000
    assert status.ns_per_day == pytest.approx(steps * NVT.timestep_fs / FS_PER_NS / (30.0 / S_PER_DAY), rel=1e-12)


def test_ns_per_day_of_a_run_under_way_is_by_the_age_of_its_last_row(tmp_path: Path) -> None:
    deck_of(tmp_path, 20_000, attempt(from_step=5_000))
    began = datetime(2024, 1, 1, tzinfo=UTC).timestamp()
    os.utime(tmp_path / ENERGIES, (began + 60, began + 60))
    expected = 15_000 * NVT.timestep_fs / FS_PER_NS / (60 / S_PER_DAY)
    assert deck_status(tmp_path, NVT).ns_per_day == pytest.approx(expected, rel=1e-12)


def test_the_speed_is_that_of_the_dynamics_where_the_last_attempt_only_quenched(tmp_path: Path) -> None:
    dynamics = attempt(to_step=40_000, seconds=80.0, outcome="done")
    quench = attempt(from_step=40_000, to_step=40_000, seconds=2.0, outcome="done")
    expected = 40_000 * NVT.timestep_fs / FS_PER_NS / (80.0 / S_PER_DAY)
    status = deck_status(deck_of(tmp_path, 40_000, dynamics, quench), NVT)
    assert status.ns_per_day == pytest.approx(expected, rel=1e-12)


def test_there_is_no_speed_before_the_first_new_row(tmp_path: Path) -> None:
    assert deck_status(deck_of(tmp_path), NVT).ns_per_day is None
    assert deck_status(deck_of(tmp_path, 5_000, attempt(from_step=5_000, seconds=9.0)), NVT).ns_per_day is None
    assert deck_status(deck_of(tmp_path, 5_000), NVT).ns_per_day is None  # a bare lmp keeps no journal


@pytest.mark.parametrize(
    ("step", "outcomes", "quenched", "state"),
    [
        (0, [], False, "pending"),
        (10, [], False, "interrupted"),
        (40_000, [], False, "interrupted"),
        (40_000, [], True, "done"),
        (39_990, ["done"], True, "pending"),
        (20_000, ["running"], False, "interrupted"),
        (20_000, ["killed"], False, "interrupted"),
        (20_000, ["failed"], False, "failed"),
        (20_000, ["failed", "interrupted"], False, "interrupted"),
        (40_000, ["failed"], True, "done"),
    ],
)
def test_the_state_of_a_deck_is_by_its_outputs_and_then_its_last_attempt(
    tmp_path: Path, step: int, outcomes: list[str], quenched: bool, state: str
) -> None:
    deck_of(tmp_path, step, *(attempt(outcome=outcome, message="why") for outcome in outcomes))
    if quenched:
        (tmp_path / QUENCHED).touch()
    status = deck_status(tmp_path, NVT)
    assert (status.state, status.step, status.n_steps) == (state, step, 40_000)
    assert status.message == ("why" if state == "failed" else "")
    assert (status.temperature_K, status.replica) == (100.0, 2)
    assert status.fraction == pytest.approx(1.0 if state == "done" else step / 40_000)
    with lock(tmp_path / LOCK, "the deck"):
        assert deck_status(tmp_path, NVT).state == "running"


def test_an_attempt_that_never_said_how_it_ended_was_killed(tmp_path: Path) -> None:
    journal.begin(tmp_path, 0, 0, Cut(0, 0))
    journal.begin(tmp_path, 1_000, 1_500, Cut(rows=50, frames=2))
    journal.close(tmp_path, "done", 2_000, 7.5)
    first, second = read_attempts(tmp_path)
    assert (first.outcome, first.from_step, first.to_step, first.seconds) == ("killed", 0, 1_500, None)
    assert (second.outcome, second.from_step, second.to_step, second.seconds) == ("done", 1_000, 2_000, 7.5)
    assert (second.dropped_rows, second.dropped_frames, second.pid) == (50, 2, os.getpid())


def test_what_a_process_said_of_its_own_end_stays(tmp_path: Path) -> None:
    journal.close_dead(tmp_path, "failed", 10, "never begun")
    assert read_attempts(tmp_path) == ()
    journal.begin(tmp_path, 0, 0, Cut(0, 0))
    journal.close(tmp_path, "failed", 30, 1.0, "Lost atoms")
    journal.close_dead(tmp_path, "killed", 10, "SIGKILL")
    assert [(one.outcome, one.to_step, one.message) for one in read_attempts(tmp_path)] == [
        ("failed", 30, "Lost atoms")
    ]
    journal.begin(tmp_path, 30, 30, Cut(0, 0))
    journal.close_dead(tmp_path, "killed", 40, "SIGKILL")
    assert [one.outcome for one in read_attempts(tmp_path)] == ["failed", "killed"]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that the progress goes by, in seconds."""
    now = [1000.0]
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: now[0])
    return now


def under_way(name: str, step: int, n_steps: int = 1_000, state: str = "running") -> DeckStatus:
    return DeckStatus("nvt", name, 100.0, 1, state, step, n_steps, 4.0, None)


def test_the_time_left_is_the_steps_left_at_the_speed_seen(clock: list[float]) -> None:
    """10 steps/s and 20 steps/s: 80 s and 40 s left; what waits has their mean speed."""
    speeds = Speeds()
    speeds.see([under_way("a", 100), under_way("b", 100), under_way("c", 0, state="pending")])
    assert speeds.total_s([under_way("a", 100)], 1) is None
    clock[0] += 10
    decks = [under_way("a", 200), under_way("b", 200 + 100), under_way("c", 0, state="pending")]
    speeds.see(decks)
    assert [speeds.of(deck) for deck in decks] == pytest.approx([10, 20, 15])
    left = [800 / 10, 700 / 20, 1_000 / 15]
    assert [speeds.seconds_left(deck) for deck in decks] == pytest.approx(left)
    assert speeds.total_s(decks, 1) == pytest.approx(sum(left))
    assert speeds.total_s(decks, 2) == pytest.approx(sum(left) / 2)
    assert speeds.total_s(decks, 16) == pytest.approx(max(left))  # a deck runs on one core
    assert speeds.seconds_left(under_way("d", 5, state="failed")) == 0
    assert speeds.seconds_left(under_way("start", 0, n_steps=0)) == 0


def test_the_mean_speed_is_taken_once_however_many_decks_wait(clock: list[float]) -> None:
    class Counted(dict[str, float]):
        n_read = 0

        def values(self):  # type: ignore[no-untyped-def]
            self.n_read += 1
            return super().values()

    speeds = Speeds(latest=Counted())
    for step in (100, 200):
        speeds.see([under_way("a", step)])
        clock[0] += 10
    speeds.total_s([under_way(str(n), 0, state="pending") for n in range(100)], 2)
    assert speeds.latest.n_read == 1  # type: ignore[attr-defined]


def test_a_batch_says_what_is_done_once_it_can_estimate_the_rest_and_then_every_ten_seconds(
    clock: list[float], capsys
) -> None:
    with Progress(2) as show:
        for seconds, step in ((0, 100), (60, 700), (9, 790), (1, 800)):
            clock[0] += seconds
            show.show([under_way("a", step), under_way("b", 1_000, state="done"), under_way("c", 0, state="failed")])
    assert capsys.readouterr().err.splitlines() == [
        "1 of 3 decks done, 1 running, 1 failed, 57 %, about 30 s left on 2 workers",
        "1 of 3 decks done, 1 running, 1 failed, 60 %, about 20 s left on 2 workers",
    ]


def test_a_study_is_named_by_its_folder_its_file_or_their_text(make_study, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_study()
    write_decks(folder)
    found = status(folder)
    assert [deck.state for deck in found] == ["pending"] * 4
    assert found == status(str(folder)) == status(folder / "study.toml") == status(Study.read(folder))
    monkeypatch.chdir(folder)
    assert found == status()
