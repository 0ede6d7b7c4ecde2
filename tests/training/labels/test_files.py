"""The files that labelling appends to, and what a kill may do to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from deckgen.errors import InputError
from deckgen.training.labels.files import repair

FRAME = "2\nREF_energy=-1.0\nNa 0 0 0\nNa 0 0 3\n"


@pytest.mark.parametrize("cut", range(1, len(FRAME)))
def test_a_frame_that_a_kill_cut_anywhere_is_taken_off(cut: int, tmp_path: Path) -> None:
    file = tmp_path / "labelled.extxyz"
    file.write_text(FRAME + FRAME + FRAME[:cut])
    repair(file)
    assert file.read_text() == FRAME + FRAME


@pytest.mark.parametrize("behind", ["nonsense\n", "\n", "2\ncomment\nNa 0 0 0\nNa 0 0 3\nNa 0 0 6\n"])
def test_what_is_no_beginning_of_a_frame_is_refused_and_left_alone(behind: str, tmp_path: Path) -> None:
    file = tmp_path / "labelled.extxyz"
    file.write_text(FRAME + behind)
    with pytest.raises(InputError, match=r"labelled\.extxyz: not extended XYZ"):
        repair(file)
    assert file.read_text() == FRAME + behind


def test_a_file_of_whole_frames_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "labelled.extxyz"
    file.write_text(FRAME)
    before = file.stat().st_mtime_ns
    repair(file)
    assert file.stat().st_mtime_ns == before


def test_no_file_is_no_frame(tmp_path: Path) -> None:
    repair(tmp_path / "none.extxyz")
    assert list(tmp_path.iterdir()) == []
