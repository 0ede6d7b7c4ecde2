"""The index of a large study saves reading; it never changes what is said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from small_study import deck_of, small_study

import deckgen
from deckgen.runs import status as module
from deckgen.runs.index import INDEX
from deckgen.runs.status import status


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "WITH_INDEX", 2)
    folder = small_study(tmp_path / "study", duration_ps=4)
    deckgen.run(folder, progress=False)
    return folder


def test_what_has_not_changed_is_not_read_again(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = status(study)
    monkeypatch.setattr(module, "deck_status", lambda *_: pytest.fail("read again"))
    assert status(study) == first
    assert [deck.state for deck in first] == ["done"] * 3


def test_every_change_of_a_deck_is_seen(study: Path) -> None:
    status(study)
    small_study(study, duration_ps=6)
    deckgen.write_decks(study)
    assert [(deck.state, deck.n_steps) for deck in status(study)] == [("pending", 3000)] * 3
    rows = deck_of(study) / "energies.dat"
    before = rows.stat()
    rows.write_text(rows.read_text().replace("\n100 ", "\n101 "))
    os.utime(rows, ns=(before.st_atime_ns, before.st_mtime_ns + 1))  # of the same size, changed within the same moment
    assert status(study)[0].message == "rows or frames are missing after step 90"
    (deck_of(study, 25) / "deck.json").unlink()
    assert [deck.id for deck in status(study)] == ["T0020.000K-r1", "T0030.000K-r1"]


@pytest.mark.parametrize(
    "damage", ["", "{", '{"schema": 1, "decks": {"nvt/T0020.000K-r1": 3}}', "[]", "ab12\n{}", "one bit"]
)
def test_a_damaged_index_is_made_anew(study: Path, damage: str) -> None:
    first = status(study)
    whole = (study / INDEX).read_text()
    (study / INDEX).write_text(whole.replace('"done"', '"gone"', 1) if damage == "one bit" else damage)
    assert status(study) == first
    assert (study / INDEX).read_text() == whole
