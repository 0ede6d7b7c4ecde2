"""What a power cut, a full disk or a hand does to a deck's files is seen, and costs an interval, not the deck."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest
from small_study import deck_of, frames_of, rows_of, small_study
from untidied import untidied_study

import deckgen
from deckgen.decks.deck import write_decks
from deckgen.decks.manifest import read_run
from deckgen.errors import InputError
from deckgen.runs.journal import read_attempts
from deckgen.runs.restarts import step_of
from deckgen.runs.status import DeckStatus, status

ROWS_4000 = list(range(10, 4010, 10))


def longer(study: Path, **changes: object) -> Path:
    """Make a study's decks longer: 6,000 steps."""
    return small_study(study, duration_ps=12, **changes)


@pytest.fixture(scope="module")
def done_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study whose decks are done: 4,000 steps, restarts at 4,000 and 3,000."""
    return untidied_study(tmp_path_factory.mktemp("done") / "study")


@pytest.fixture
def done(done_once: Path, tmp_path: Path) -> Path:
    """A copy of it to be damaged."""
    return Path(shutil.copytree(done_once, tmp_path / "study", symlinks=True))


def state_of(study: Path, number: int = 0) -> DeckStatus:
    return status(study)[number]


def ended_at(deck: Path) -> dict:
    return asdict(read_attempts(deck)[-1])


def damage(path: Path, at: float, size: int, by: bytes = b"\0") -> None:
    """Overwrite bytes of a file, beginning at a part of its length."""
    data = bytearray(path.read_bytes())
    begin = int(at * len(data))
    data[begin : begin + size] = by * size
    path.write_bytes(data)


def test_two_restarts_are_kept_each_with_its_step_and_deck(done: Path) -> None:
    deck = deck_of(done)
    records = json.loads((deck / "nvt.restart.json").read_text())["restarts"]
    assert sorted(record["step"] for record in records) == [3000, 4000]
    identity = json.loads((deck / "deck.json").read_text())["identity"]
    assert {(record["deck"], record["identity"]) for record in records} == {("nvt/T0020.000K-r1", identity)}


def test_a_hole_in_the_rows_of_a_done_deck_is_seen_and_a_restart_before_it_is_used(done: Path) -> None:
    deck = deck_of(done)
    damage(deck / "energies.dat", 0.9, 100)  # after step 3,000
    assert state_of(done).state == "interrupted"
    assert state_of(done).step in range(3000, 4000, 10)
    assert "rows or frames are missing after step 3," in state_of(done).message
    result = deckgen.run(done, progress=False)
    assert [record.from_step for record in result.done] == [3000]
    assert rows_of(deck) == ROWS_4000
    assert frames_of(deck) == list(range(500, 4500, 500))
    assert {deck.state for deck in status(done)} == {"done"}


def test_a_hole_in_the_frames_is_seen_as_well(done: Path) -> None:
    deck = deck_of(done)
    frames = (deck / "frames.extxyz").read_text()
    (deck / "frames.extxyz").write_text(frames.replace("Timestep=3500", "Timestep=3400"))
    assert [record.from_step for record in deckgen.run(done, progress=False).done] == [3000]
    damage(deck_of(done, 25) / "frames.extxyz", 0.95, 40)
    assert [record.from_step for record in deckgen.run(done, progress=False).done] == [3000]
    for each in (deck, deck_of(done, 25)):
        assert frames_of(each) == list(range(500, 4500, 500))


def test_a_hole_before_all_restarts_asks_for_redo_which_keeps_what_was_there(done: Path) -> None:
    deck = deck_of(done)
    damage(deck / "energies.dat", 0.3, 512)
    (failed,) = deckgen.run(done, progress=False).failed
    assert "rows or frames are missing after step 1," in failed.message
    assert "deckgen run STUDY --redo nvt/T0020.000K-r1" in failed.message
    with pytest.raises(InputError, match=r"--redo nvt/T0021: there is no such deck"):
        deckgen.run(done, progress=False, redo=["nvt/T0021"])
    damaged = (deck / "energies.dat").read_bytes()
    result = deckgen.run(done, progress=False, redo=["nvt/T0020.000K-r1"])
    assert [record.folder for record in result.done] == [deck]
    assert rows_of(deck) == ROWS_4000
    assert (done / "decks.old/nvt-T0020.000K-r1.1/energies.dat").read_bytes() == damaged


def test_tails_of_zero_bytes_are_cut_off_and_cost_no_more_than_an_interval(done: Path) -> None:
    """A power cut leaves them where data were on their way to the disk."""
    longer(done)
    for deck in (deck_of(done), deck_of(done, 25)):
        for name in ("energies.dat", "frames.extxyz"):
            with (deck / name).open("ab") as file:
                file.write(bytes(9000))
    damage(deck_of(done, 25) / "nvt.restart", 0.5, 10_000)
    assert sorted(record.from_step for record in deckgen.run(done, progress=False).done) == [3000, 4000, 4000]
    for deck in (deck_of(done), deck_of(done, 25)):
        assert rows_of(deck) == list(range(10, 6010, 10))
        assert frames_of(deck) == list(range(500, 6500, 500))
        assert all(b"\0" not in path.read_bytes() for path in deck.glob("*.dropped.*"))


def test_a_lost_last_row_costs_one_interval(done: Path) -> None:
    longer(done)
    deck = deck_of(done)
    lines = (deck / "energies.dat").read_bytes().splitlines(keepends=True)
    (deck / "energies.dat").write_bytes(b"".join(lines[:-1]))
    assert sorted(record.from_step for record in deckgen.run(done, progress=False).done) == [3000, 4000, 4000]
    assert rows_of(deck) == list(range(10, 6010, 10))
    assert "nvt.restart is at step 4,000, rows or frames are missing after step 3,990" in ended_at(deck)["passed_over"]


@pytest.mark.parametrize("records", [True, False])
def test_a_restart_of_another_rung_is_refused(done: Path, records: bool) -> None:
    """By its record where it came with one; by its structure, which is not the row's, where a bare lmp wrote it."""
    longer(done)
    deck, other = deck_of(done), deck_of(done, 25)
    shutil.copy(other / "nvt.restart", deck)
    (deck / "nvt.restart.json").unlink()
    if records:
        shutil.copy(other / "nvt.restart.json", deck)
    deckgen.run(done, progress=False)
    (reason,) = ended_at(deck)["passed_over"]
    assert reason == (
        "nvt.restart is of another deck, nvt/T0025.000K-r1"
        if records
        else "nvt.restart is not of this run: its structure is not the one of the row at step 4,000"
    )
    assert ended_at(deck)["from_step"] == 3000
    assert (deck / "nvt.restart.dropped-1").is_file()
    assert rows_of(deck) == list(range(10, 6010, 10))


def test_an_old_restart_of_another_rung_is_never_taken_for_this_decks(done: Path) -> None:
    """Also not by the record that is kept of the files there, once a run has begun from the newest."""
    longer(done)
    deck = deck_of(done)
    foreign = (deck_of(done, 25) / "nvt.restart.old").read_bytes()
    (deck / "nvt.restart.old").write_bytes(foreign)
    deckgen.run(done, progress=False)
    assert ended_at(deck)["from_step"] == 4000
    assert (deck / "nvt.restart.dropped-1").read_bytes() == foreign


def test_a_restart_without_a_record_is_taken_where_it_fits_its_row(done: Path) -> None:
    longer(done)
    deck = deck_of(done)
    (deck / "nvt.restart.json").unlink()
    deckgen.run(done, progress=False)
    assert (ended_at(deck)["from_step"], ended_at(deck)["passed_over"]) == (4000, ())


def test_a_restart_that_was_cut_short_is_known_before_lammps_reads_it(done: Path) -> None:
    file = deck_of(done) / "nvt.restart"
    data = file.read_bytes()
    assert step_of(file) == 4000
    for damaged in (b"", data[:10], data[: len(data) // 2], data[:-1], data + bytes(512)):
        file.write_bytes(damaged)
        assert step_of(file) is None


def test_two_rows_that_ran_into_each_other_are_no_row(done: Path) -> None:
    deck = deck_of(done)
    text = (deck / "energies.dat").read_text()
    row = next(line for line in text.splitlines() if line.startswith("3910 "))
    (deck / "energies.dat").write_text(text.replace(f"{row}\n", row[:-4]))
    assert state_of(done).step == 3900
    deckgen.run(done, progress=False)
    assert rows_of(deck) == ROWS_4000


@pytest.mark.parametrize("part", [0.0, 0.5])
def test_files_of_deckgens_that_were_cut_short_are_made_anew(done: Path, part: float) -> None:
    names = ("deck.json", "in.lammps", "cluster.data", "status.json", "nvt.restart.json")
    for deck in (deck_of(done), deck_of(done, 25)):
        whole = {name: (deck / name).read_bytes() for name in names}
        for name in names if deck == deck_of(done) else names[1:]:  # the manifest is told by the script, and vice versa
            if name != "in.lammps" or deck != deck_of(done):
                (deck / name).write_bytes(whole[name][: int(part * len(whole[name]))])
        write_decks(done)
        assert {name: (deck / name).read_bytes() for name in names[:3]} == {name: whole[name] for name in names[:3]}
    longer(done)
    result = deckgen.run(done, progress=False)
    assert [record.from_step for record in result.done] == [4000, 4000, 4000]
    for deck in (deck_of(done), deck_of(done, 25)):
        assert read_attempts(deck)
        assert read_run(deck)["restarts"]


def test_a_deck_without_manifest_whose_script_is_another_one_is_not_taken_over(done: Path) -> None:
    (deck_of(done) / "deck.json").write_text("")
    small_study(done, damping_fs=300)
    with pytest.raises(InputError, match=r"deck\.json: not a deck's manifest"):
        write_decks(done)


def test_what_a_killed_command_was_writing_is_removed_by_the_next(done: Path) -> None:
    left = [deck_of(done) / "in.lammps.part", deck_of(done) / "nvt.restart.part"]
    for path in left:
        path.touch()
    write_decks(done)
    assert not any(path.exists() for path in left)


def test_what_a_killed_analysis_was_writing_is_removed_by_the_next(done: Path) -> None:
    left = done / "results" / ".new-killed" / "figures"
    left.mkdir(parents=True)
    (left / "heat_capacity.svg.part").touch()
    deckgen.analyse(done, figures=False)
    assert not left.parent.exists()
    assert (done / "results" / "thermodynamics.json").is_file()
