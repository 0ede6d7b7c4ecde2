"""Files that change while they are read: no half row is a number, no two versions are mixed; else the file is named."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.io import write
from small_study import small_study

from deckgen.contents import checksums, unchanged
from deckgen.decks.deck import write_decks
from deckgen.decks.render import prepare
from deckgen.errors import DeckgenError, InputError
from deckgen.frames import frame_spans, read_frames
from deckgen.minima import find_minima, read_minima
from deckgen.quip.gapfile import read_gap
from deckgen.runs.external.read import read_log_energies
from deckgen.runs.quench.frames import frames_of_file
from deckgen.runs.rows import last_step, read_energies, read_swaps
from deckgen.structures import read_structures
from deckgen.training.formats.xyz import read_frames_of_xyz
from deckgen.training.recipe.data import Data

WRITER = """
import sys
path, content = sys.argv[1], open(sys.argv[2], "rb").read()
for turn in range(int(sys.argv[4])):
    with open(path, "r+b" if turn else "wb", buffering=0) as file:
        if turn:  # as a run that resumes cuts its files
            file.seek(file.truncate(len(content) * (turn % 7) // 7))
        while file.tell() < len(content):
            file.write(content[file.tell() : file.tell() + int(sys.argv[3])])
"""
N_ATOMS = 3
N_ROWS = 400
HEADER = "# step potential_energy_eV temperature_K I1 I2 I3 tried accepted\n"


def row(step: int) -> list[float]:
    """Return the row of a step: every number of it follows from the step."""
    return [step, -1 - step * 1.000001, 100 + step / 7, step / 3, step / 5, step / 11]


def frame(step: int) -> str:
    lines = [f"Na {step / 3:.10f} {k:.10f} {-step / 7:.10f}" for k in range(N_ATOMS)]
    comment = f"Properties=species:S:1:pos:R:3 Timestep={step} Potential_energy={-step / 3:.10f} energy={step / 3:.10f}"
    return "\n".join([str(N_ATOMS), comment, *lines, ""])


def minimum(step: int) -> str:
    said = f'max_force_eV_A=1e-5 quench_steps=3 converged=T source="nvt/a" frame={step}'
    return frame(step).replace("Timestep=", f"{said} Timestep=")


@contextmanager
def written(path: Path, content: str, turns: int = 40, piece: int = 37) -> Iterator[Callable[[], bool]]:
    """Have a process write a file in pieces, cut it and write on, several times; yield whether it still does."""
    source = path.with_name("content")
    source.write_text(content)
    words = [sys.executable, "-c", WRITER, str(path), str(source), str(piece), str(turns)]
    with subprocess.Popen(words) as writer:
        yield lambda: writer.poll() is None
    assert writer.returncode == 0
    assert bool(path.read_text() == content)


def test_rows_that_are_being_written_are_read_whole_or_not_at_all(tmp_path: Path) -> None:
    steps = [10 * k for k in range(1, N_ROWS + 1)]
    rows = np.array([row(step) for step in steps])
    lines = [" ".join(f"{value:.12g}" for value in [*row(step), step, step // 2]) for step in steps]
    text = HEADER + "\n".join([*lines, ""])
    path, seen, refused = tmp_path / "energies.dat", 0, list[str]()
    with written(path, text) as goes_on:
        while goes_on():
            if not path.exists():
                continue
            found, dropped = read_energies(path)
            seen += 0 < len(found) < N_ROWS
            assert dropped == 0
            np.testing.assert_allclose(found, rows[: len(found)], rtol=1e-11)
            step = last_step(tmp_path)
            assert step in {0, *steps}
            swaps = read_swaps(path)
            assert swaps is None or swaps in {(step, step // 2) for step in steps}
            try:
                run = read_log_energies(path)
            except InputError as error:
                refused.append(error.message)
                continue
            np.testing.assert_allclose(run.potential_energy_eV, rows[: len(run.potential_energy_eV), 1], rtol=1e-11)
    assert seen
    assert all(str(path) in message for message in refused)


def read_of_a_run(path: Path) -> list[tuple[int, float, float, float]]:
    spans = frame_spans(path)
    found = [*read_frames(path), *read_frames(path, spans=spans)]  # the file may have changed since they were found
    return [(one.step, *one.positions_A[-1, ::2], one.potential_energy_eV) for one in found]


def read_as_minima(path: Path) -> list[tuple[int, float, float, float]]:
    found = [*read_minima(path), *read_minima(path, find_minima(path))]
    return [(one.frame, *one.positions_A[-1, ::2], one.energy_eV) for one in found]


def read_by_ase(path: Path) -> list[tuple[int, float, float, float]]:
    structures = list(read_structures(path, kind="extxyz"))
    return [(one.info["Timestep"], *one.positions[-1, ::2], one.info["Potential_energy"]) for one in structures]


def read_for_training(path: Path) -> list[tuple[int, float, float, float]]:
    raw = list(read_frames_of_xyz(path, path.name, Data(files=[path], energy_key="energy")))
    return [(one.atoms.info["Timestep"], *one.atoms.positions[-1, ::2], -one.energy_eV) for one in raw]


@pytest.mark.parametrize("read", [read_of_a_run, read_as_minima, read_by_ase, read_for_training])
def test_frames_that_are_being_written_are_read_whole_or_their_file_is_named(
    tmp_path: Path, read: Callable[[Path], list[tuple[int, float, float, float]]]
) -> None:
    steps = list(range(1, 160))
    text = "".join((minimum if read is read_as_minima else frame)(step) for step in steps)
    path, seen, refused = tmp_path / "frames.extxyz", 0, list[str]()
    with written(path, text, piece=53) as goes_on:
        while goes_on():
            try:
                found = read(path)
            except DeckgenError as error:
                refused.append(error.message)
                continue
            seen += 0 < len(found) < len(steps)
            for step, x, z, energy in found:
                assert (x, z, energy) == pytest.approx((step / 3, -step / 7, -step / 3), abs=1e-9)
    assert {step for step, *_ in read(path)} == set(steps)
    assert seen or refused
    assert all(path.name in message for message in refused)


@pytest.mark.parametrize(
    "read", [read_structures, lambda path: read_frames_of_xyz(path, path.name, Data(files=[path], energy_key="energy"))]
)
def test_frames_of_two_versions_of_a_file_are_not_mixed(
    tmp_path: Path, read: Callable[[Path], Iterator[object]]
) -> None:
    path = tmp_path / "frames.xyz"
    path.write_text("".join(map(frame, range(1, 4))))
    frames = read(path)
    assert next(frames)
    path.write_text("".join(map(frame, range(4, 7))))
    with pytest.raises(InputError, match="it changed while it was read"):
        list(frames)


@pytest.mark.parametrize("other", [frame(3) + frame(4), frame(1).replace("0.0000000000", "0.00000000001")])
def test_frames_that_were_found_are_read_from_where_they_were_or_refused(tmp_path: Path, other: str) -> None:
    """The file may have been cut and written on meanwhile: another frame lies there, or half of one."""
    path = tmp_path / "frames.extxyz"
    path.write_text(frame(1) + frame(2))
    spans, records = frame_spans(path), find_minima(path)
    path.write_text(other)
    with pytest.raises(InputError, match=f"{path}: step 1: "):
        list(read_frames(path, spans=spans))
    if other != frame(3) + frame(4):  # minima are only added
        with pytest.raises(InputError, match=f"{path}: not a file of quenched frames"):
            list(read_minima(path, records))


def test_energies_without_the_end_of_their_last_line_may_be_being_written(tmp_path: Path) -> None:
    (tmp_path / "energies").write_text("-1.25\n-1.5\n-1.375")
    run = read_log_energies(tmp_path / "energies")
    assert (run.potential_energy_eV.tolist(), run.dropped_rows) == ([-1.25, -1.5], 1)


@pytest.mark.parametrize("read", [read_by_ase, read_for_training])
def test_of_several_frames_the_last_line_has_an_end(tmp_path: Path, read: Callable[[Path], object]) -> None:
    path = tmp_path / "frames.xyz"
    path.write_text((frame(1) + frame(2))[:-3])
    with pytest.raises(InputError, match="last line has no end") as caught:
        read(path)
    assert "end its last line" in caught.value.hint
    path.write_text(frame(1)[:-1])  # one structure, as people write them
    assert read(path)


def another_in_its_place(path: Path) -> None:
    path.with_name("other").write_text("a")
    path.with_name("other").replace(path)


@pytest.mark.parametrize("change", [lambda path: path.write_text("b"), Path.unlink, another_in_its_place])
def test_a_file_that_changed_is_named(tmp_path: Path, change: Callable[[Path], object]) -> None:
    path = tmp_path / "file"
    path.write_text("a")
    with unchanged(path):
        path.read_text()
    with pytest.raises(InputError, match=f"{path}: it changed while it was read"), unchanged(path):
        change(path)


def test_frames_from_a_file_are_those_of_its_checksum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy is called after it, and is found again by the next command."""
    path = tmp_path / "frames.xyz"
    write(path, [Atoms("Na3", np.diag([3.0, 3, step])) for step in range(2, 5)])
    content = path.read_text()

    def read_late(*arguments: object, **keywords: object) -> Iterator[Atoms]:
        path.write_text(content.replace("4.0", "5.0"))
        return read_structures(*arguments, **keywords)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr("deckgen.runs.quench.frames.read_structures", read_late)
        with pytest.raises(InputError, match=f"{path}: it changed while it was read"):
            frames_of_file(path, tmp_path, ("Na",) * 3)
    assert list(tmp_path.iterdir()) == [path]


def test_a_potential_that_was_replaced_after_its_checksum_was_taken_gets_into_no_deck(tmp_path: Path) -> None:
    """Two files of equal length: the decks are known by what the first one held."""
    study = small_study(tmp_path / "study")
    text = (study / "study.toml").read_text()
    style = 'pair_style = "table linear 100"\npair_coeff = ["* * lj.table LJ"]\nfiles = ["lj.table"]'
    before, rest = text.split('pair_style = "lj/cut 60.0"\npair_coeff = ["* * 0.0103 3.4"]')
    (study / "study.toml").write_text(before + style + rest)
    (study / "lj.table").write_text("# first\n")
    prepared = prepare(study)
    (study / "lj.table").write_text("# other\n")
    with pytest.raises(InputError, match=r"lj\.table: it changed while the decks were written"):
        write_decks(prepared)
    assert not list(study.glob("decks/**/lj.table"))
    decks = write_decks(study)
    assert {(deck.folder / "lj.table").read_text() for deck in decks} == {"# other\n"}


@pytest.mark.parametrize("name", ["gap.xml", "sparse"])
def test_a_gap_whose_files_change_while_they_are_read_is_refused(
    tmp_path: Path, gap_xml: Callable[..., str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    xml, path = tmp_path / "gap.xml", tmp_path / name
    xml.write_text(gap_xml())
    read_gap(xml)

    def late(*arguments: Any) -> tuple[str, tuple[str, ...]]:
        path.write_bytes(path.read_bytes() + b"\n")
        return checksums(*arguments)

    monkeypatch.setattr("deckgen.quip.gapfile.checksums", late)
    with pytest.raises(InputError, match=f"{path}: it changed while it was read"):
        read_gap(xml)
