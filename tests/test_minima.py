"""Minima come back from their file as they went in, whatever a kill left there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deckgen.errors import InputError
from deckgen.minima import Minimum, append_minima, read_minima

ONE = Minimum(("Na", "K"), np.array([[0.0, 0, 0], [0, 0, 3.5]]), -1.25, 2e-7, 31, True, 300.0, "nvt/a b", 1000)


def test_a_minimum_is_read_as_it_was_written(tmp_path: Path) -> None:
    some = [ONE, replace(ONE, converged=False, frame=0), replace(ONE, temperature_K=None, source="a.xyz", frame=2)]
    assert append_minima(tmp_path / "minima.extxyz", some) == 3
    read = list(read_minima(tmp_path / "minima.extxyz"))
    for found, wanted in zip(read, some, strict=True):
        np.testing.assert_allclose(found.positions_A, wanted.positions_A)
        assert (
            replace(found, positions_A=ONE.positions_A).__dict__
            == replace(wanted, positions_A=ONE.positions_A).__dict__
        )


@pytest.mark.parametrize("cut", [1, 20, 60, 200])
def test_what_a_kill_cut_short_is_cut_off_before_more_is_appended(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "minima.extxyz"
    append_minima(path, [ONE, replace(ONE, frame=2000)])
    path.write_bytes(path.read_bytes()[:-cut])
    append_minima(path, [replace(ONE, frame=3000)])
    assert [minimum.frame for minimum in read_minima(path)] == [1000, 3000]
    whole = tmp_path / "whole.extxyz"
    append_minima(whole, [ONE, replace(ONE, frame=3000)])
    assert path.read_bytes() == whole.read_bytes()


def test_a_file_of_something_else_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "frames.extxyz").write_text("1\nTimestep=3\nNa 0 0 0\n")
    with pytest.raises(InputError, match="not a file of quenched frames"):
        list(read_minima(tmp_path / "frames.extxyz"))
