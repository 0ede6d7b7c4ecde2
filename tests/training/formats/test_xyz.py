"""Extended XYZ as others write it: every frame is read rightly, or refused with its number and its line."""

from __future__ import annotations

import codecs
import gzip
import re
from pathlib import Path

import pytest

from deckgen.errors import InputError
from deckgen.training.read import Reading, read_data
from deckgen.training.recipe.data import Data

HEAD = 'Properties=species:S:1:pos:R:3:{columns} energy={energy} pbc="F F F"'
ROWS = ["Na 0 0 0", "Na 0 0 3.1", "Na 2.7 0 {x}"]


def frame(energy: str = "-3.5", columns: str = "forces:R:3", force: str = "0 0 0", x: float = 1.5) -> str:
    rows = "".join(f"{row.format(x=x)} {force}\n" for row in ROWS)
    return f"3\n{HEAD.format(columns=columns, energy=energy)}\n{rows}"


def read(folder: Path, text: str | bytes, name: str = "a.extxyz", **data: object) -> Reading:
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    keys = {"energy_key": "energy", "forces_key": "forces", "e0": "average"} | data
    return read_data(Data.model_validate({"files": [name], **keys}), folder)


TWO = frame() + frame("-3.4", x=1.7)


@pytest.mark.parametrize(
    "text",
    [
        TWO,
        frame() + "\n  \n" + frame("-3.4", x=1.7) + "\n",
        codecs.BOM_UTF8 + TWO.encode(),
        TWO.replace("\n", "\r\n"),
        TWO.replace("energy=", 'energy-unit="eV" forces_unit=eV/Angstrom energy='),
        TWO.replace("-3.5", "-0.35D+01").replace("0 0 0\n", "0.0d0 0.D0 0.0d+00\n"),
    ],
    ids=["plain", "blank lines", "byte order mark", "carriage returns", "units", "exponents of Fortran"],
)
def test_the_same_frames_are_read_however_they_are_written(tmp_path: Path, text: str | bytes) -> None:
    reading = read(tmp_path, text)
    assert [frame.energy_eV for frame in reading.dataset.frames] == [-3.5, -3.4]
    assert [frame.atoms.positions[2, 2] for frame in reading.dataset.frames] == [1.5, 1.7]
    assert reading.n_read == 2


def test_a_compressed_file_is_read(tmp_path: Path) -> None:
    assert len(read(tmp_path, gzip.compress(TWO.encode()), "a.extxyz.gz").dataset) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (frame() + "oops\n" + frame("-3.4", x=1.7), "frame 1, line 6: a number of atoms is missing, there is 'oops'"),
        (frame() + "3\n" + "\n".join(TWO.splitlines()[1:4]), "frame 1, line 6: the file ends after 2 of its 3 atoms"),
        (frame() + frame(force="0 0"), "frame 1, line 8: 6 columns, Properties has 7"),
        (frame() + frame(force="0 0 0 0"), "frame 1, line 8: 8 columns, Properties has 7"),
        (frame() + frame(columns="forces:R:3:forces:R:3", force="0 0 0 1 1 1"), "line 7: Properties has forces twice"),
        (frame() + frame(columns="forces:R"), "line 7: Properties = .*: not name:kind:columns"),
        (frame() + frame(force="0 0 abc"), "frame 1, line 6: ValueError"),
        ("0\n\n", "frame 0, line 1: 0 atoms"),
    ],
)
def test_what_is_no_frame_is_refused_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError, match=rf"a\.extxyz: not extended XYZ: .*{says}"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (frame(columns="forces:R:1", force="0"), "have forces that are not three numbers per atom"),
        (frame(energy='"-1.0 -1.2 -1.3"'), "have 3 numbers, not one, as energy"),
        (frame(energy="none"), "have an energy that is not a number"),
        (frame(energy="T"), "have an energy that is not a number"),
        (frame(energy="-3.5 energy=-3.6"), "have energy twice"),
        (frame(energy="-0.13 energy-unit=hartree"), "are in other units than eV and eV/A (energy-unit = hartree)"),
        (
            frame(energy="-3.5 energy-unit=eV force-unit=a.u."),
            "are in other units than eV and eV/A (force-unit = a.u.)",
        ),
        (frame(energy="nan"), "have numbers that are not finite"),
        (frame(columns="other:R:3"), "have no forces"),
    ],
)
def test_a_frame_whose_labels_are_none_is_left_out_and_counted(tmp_path: Path, wrong: str, why: str) -> None:
    reading = read(tmp_path, wrong + TWO)
    assert reading.left_out == {why: 1}
    assert [finding.message for finding in reading.findings] == [f"1 frames {why} and were left out: a.extxyz:0"]
    with pytest.raises(InputError, match=re.escape(f"no frame can be used, they {why}")):
        read(tmp_path, wrong)


@pytest.mark.parametrize(("key", "free"), [("energy", "free_energy"), ("dft_energy", "dft_free_energy")])
def test_of_two_energies_the_one_of_the_forces_is_taken_with_a_warning(tmp_path: Path, key: str, free: str) -> None:
    text = TWO.replace("energy=-3.5", f"{key}=-3.5 {free}=-3.59").replace("energy=-3.4", f"{key}=-3.4 {free}=-3.4")
    reading = read(tmp_path, text, energy_key=key)
    assert [frame.energy_eV for frame in reading.dataset.frames] == [-3.59, -3.4]
    [finding] = reading.findings
    assert finding.code == "two_energies"
    assert f"1 frames have a free energy beside {key}, up to 30.0 meV/atom apart (a.extxyz:0)" in finding.message


def test_every_frame_of_a_mixed_file_is_accounted_for(tmp_path: Path) -> None:
    atom = '1\nProperties=species:S:1:pos:R:3 energy=-0.2 pbc="F F F"\nNa 0 0 0\n'
    reading = read(tmp_path, TWO + atom + frame("nan") + frame() + frame(columns="x:R:3"), e0="isolated")
    assert reading.left_out == {
        "have numbers that are not finite": 1,
        "have no forces": 1,
        "occur more than once": 1,
    }
    assert reading.n_read == len(reading.dataset) + reading.n_isolated + sum(reading.left_out.values()) == 6
