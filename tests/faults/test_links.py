"""A study that came from elsewhere may hold links: nothing is written, or packed, through one that leads out of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from small_study import deck_of, small_study

import deckgen
from deckgen.decks.deck import write_decks
from deckgen.errors import RunError
from deckgen.files import append, write_whole
from deckgen.minima import Minimum, append_minima
from deckgen.processes.lock import lock

MINE = "what nobody may touch\n"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A file outside all studies."""
    file = tmp_path / "mine"
    file.write_text(MINE)
    return file


@pytest.mark.parametrize("name", ["file", "file.part"])
def test_a_file_that_is_written_whole_takes_the_place_of_a_link(name: str, tmp_path: Path, mine: Path) -> None:
    (tmp_path / name).symlink_to(mine)
    write_whole(tmp_path / "file", "new")
    assert not (tmp_path / "file").is_symlink()
    assert (tmp_path / "file").read_text() == "new"
    assert mine.read_text() == MINE


def test_what_is_written_whole_goes_into_no_file_of_another_name(tmp_path: Path, mine: Path) -> None:
    (tmp_path / "file.part").hardlink_to(mine)
    write_whole(tmp_path / "file", "new")
    assert mine.read_text() == MINE


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file" / "inside").mkdir(parents=True)
    with pytest.raises(RunError, match=f"{tmp_path}/file cannot be written: a folder is in its place"):
        write_whole(tmp_path / "file", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def _hold(path: Path) -> None:
    with lock(path, "this"):
        pass


def _quench(path: Path) -> None:
    append_minima(path, [Minimum(("Na",), np.zeros((1, 3)), 0.0, 0.0, 0, True, None, "here", 0)])


@pytest.mark.parametrize("write", [lambda path: append(path, "more"), _quench, _hold])
def test_nothing_is_appended_or_locked_through_a_link(
    write: Callable[[Path], None], tmp_path: Path, mine: Path
) -> None:
    link = tmp_path / "link"
    for target in (mine, tmp_path / "new"):
        link.symlink_to(target)
        with pytest.raises(RunError, match=f"{link}: a link"):
            write(link)
        link.unlink()
    assert mine.read_text() == MINE
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["energies.dat", "frames.extxyz", "nvt.restart.old", "log.lammps", ".room"])
def test_a_deck_with_a_link_out_of_the_decks_is_not_run_and_not_packed(name: str, tmp_path: Path, mine: Path) -> None:
    study = small_study(tmp_path / "study", duration_ps=2)
    write_decks(study)
    (deck_of(study) / name).symlink_to(mine)
    result = deckgen.run(study, progress=False, workers=1)
    assert [failed.message for failed in result.failed] == [
        f"{deck_of(study)}: {name} is a link out of the decks\nput the file itself there"
    ]
    with pytest.raises(RunError, match="a link out of the decks"):
        deckgen.pack(study, output=tmp_path / "packed.tar.gz")
    assert not (tmp_path / "packed.tar.gz").exists()
    assert mine.read_text() == MINE
