"""A ladder's two files: what a kill has undone is not read, and each row belongs to one walker."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from deckgen.errors import RunError
from deckgen.runs.exchange.state import LadderState, RungState, append_walkers, read_state, walkers_file, write_state
from deckgen.runs.exchange.walkers import mixing, read_walkers, walkers_at

LINES = ["# step A B C", "0 0 1 2", "100 1 0 2", "200 2 0 1", "300 2 1 0", "400 0 1 2"]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A ladder that stands at step 400, with lines of later steps that a kill has undone."""
    file = tmp_path / "exchange-r1.json"
    stands = LadderState({name: RungState(400, k) for k, name in enumerate("ABC")})
    stands = append_walkers(walkers_file(file), stands, LINES)
    write_state(file, stands)
    with walkers_file(file).open("a") as more:
        more.write("500 1 2 0\n600 1")
    return file


def test_what_a_ladder_says_of_itself_is_read_back(state: Path) -> None:
    found = read_state(state)
    assert found.rungs == {"A": RungState(400, 0), "B": RungState(400, 1), "C": RungState(400, 2)}
    assert (found.step_of("B"), found.step_of("D")) == (400, None)
    assert read_state(state.with_name("exchange-r2.json")) == LadderState({})
    assert read_walkers(state.with_name("exchange-r2.json")) == {}


def test_a_rung_that_is_new_brings_a_walker_of_its_own(state: Path) -> None:
    found = read_state(state).with_rungs(["A", "D", "E"])
    assert [found.rungs[name].walker for name in "ABCDE"] == [0, 1, 2, 3, 4]
    assert found.rungs["A"].step == 400


def test_lines_past_the_step_that_a_ladder_stands_at_are_not_read_and_are_written_anew(state: Path) -> None:
    assert read_walkers(state)["A"].tolist() == [[0, 0], [100, 1], [200, 2], [300, 2], [400, 0]]
    longer = append_walkers(walkers_file(state), read_state(state), ["500 2 1 0"])
    write_state(state, longer)
    assert walkers_file(state).read_text().splitlines() == [*LINES, "500 2 1 0"]
    assert read_walkers(state)["C"][-1].tolist() == [500, 0]


def test_a_row_at_the_step_of_an_exchange_is_of_the_configuration_before_it(state: Path) -> None:
    noted = read_walkers(state)["A"]
    assert walkers_at(noted, np.array([10, 100, 110, 200, 210, 390, 500])).tolist() == [0, 0, 1, 1, 2, 2, 0]


def test_rungs_that_join_later_have_lines_of_their_own(state: Path) -> None:
    more = append_walkers(walkers_file(state), read_state(state), ["# step A D", "500 3 0", "600 0 3"])
    write_state(state, more)
    noted = read_walkers(state)
    assert noted["D"].tolist() == [[500, 0], [600, 3]]
    assert noted["A"][-2:].tolist() == [[500, 3], [600, 0]]
    assert len(noted["B"]) == 5


def test_round_trips_are_those_of_walkers(state: Path) -> None:
    """Walker 0: lowest, highest at 300, lowest at 400. Walker 2: highest, lowest at 200, highest at 400."""
    found = mixing(read_walkers(state), ["A", "B", "C"])
    assert (found.n_exchanges, found.round_trips, found.n_walkers) == (4, 2, 3)
    assert found.changed == pytest.approx(2 / 4)  # of the rung B


@pytest.mark.parametrize(
    ("now", "says"),
    [
        ({"rungs": {"A": {"step": 1}}}, "rungs.A.walker is missing"),
        ({"rungs": {"A": {"step": "1", "walker": 0}}}, 'rungs.A.step is "1", not a whole number'),
        ({"rungs": {"A": {"step": True, "walker": 0}}}, "rungs.A.step is true"),
        ({"rungs": {"A": {"step": -1, "walker": 0}}}, "rungs.A: step -1 or walker 0 is negative"),
        ({"rungs": []}, r"rungs is \[\], not a table"),
        ({"walkers_bytes": -1}, "walkers_bytes is -1"),
        ({"walkers_bytes": 1.5}, "walkers_bytes is 1.5"),
        ({"schema": 2}, "schema is 2"),
        ({"more": 1}, "more is not known"),
    ],
)
def test_a_file_with_a_wrong_value_is_named_with_its_key(state: Path, now: dict[str, object], says: str) -> None:
    state.write_text(json.dumps(json.loads(state.read_text()) | now))
    with pytest.raises(RunError, match=rf"exchange-r1\.json: not where a ladder stands \({says}"):
        read_state(state)


@pytest.mark.parametrize("text", ["", "[]", "{}", "[" * 100_000])
def test_a_damaged_file_is_named(state: Path, text: str) -> None:
    state.write_text(text)
    with pytest.raises(RunError, match=r"exchange-r1\.json: not where a ladder stands"):
        read_state(state)


@pytest.mark.parametrize("line", ["100 1 0", "100 1 0 x", "100 1 0 " + "9" * 30, "", "\xff", "100 1 0 " + "9" * 5000])
def test_damaged_walkers_are_named(state: Path, line: str) -> None:
    text = "\n".join([LINES[0], line, *LINES[1:]])
    walkers_file(state).write_bytes(text.encode("latin-1"))
    with pytest.raises(RunError, match=r"exchange-r1\.dat: not the walkers of a ladder"):
        read_walkers(state)


def test_walkers_that_end_before_their_ladder_are_named(state: Path) -> None:
    for change in (lambda file: file.write_text(LINES[0]), Path.unlink):
        change(walkers_file(state))
        with pytest.raises(RunError, match=r"exchange-r1\.dat: not the walkers of a ladder"):
            read_walkers(state)


def test_walkers_of_a_ladder_that_was_begun_afresh_are_kept_aside(state: Path) -> None:
    state.unlink()
    before = walkers_file(state).read_text()
    append_walkers(walkers_file(state), read_state(state), ["# step A B C", "500 0 1 2"])
    assert walkers_file(state).read_text() == "# step A B C\n500 0 1 2\n"
    assert state.with_name("exchange-r1-1.dat").read_text() == before


def test_walkers_that_were_cut_short_are_named(state: Path) -> None:
    walkers_file(state).write_text("# step A B C\n")
    with pytest.raises(RunError, match=r"exchange-r1\.dat: 13 bytes, where"):
        append_walkers(walkers_file(state), read_state(state), [])
