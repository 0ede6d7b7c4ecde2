"""A disk that is full while decks run: each says so at once, and after room is made nothing is missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ase.calculators.emt import EMT
from ase.io import write
from small_study import deck_of, frames_of, rows_of, small_study

import deckgen
from deckgen.decks.clusters import build
from deckgen.runs.status import status
from deckgen.training.recipe import Recipe
from deckgen.workflows.train.curate import curate

RUN = "import sys; from deckgen.cli import main; sys.exit(main(['run', sys.argv[1]]))"
COMMAND = "import sys; from deckgen.cli import main; sys.exit(main(sys.argv[1:]))"
FIT = """
[data]
files = ["labelled.extxyz"]
e0 = "average"
isolated_spin = "none: a classical potential"
[fit.two_body]
cutoff_A = 5.0
n_sparse = 5
delta_eV = 1.0
[fit.soap]
use = false
"""
ON_A_SMALL_DISK = """
import json, pathlib, subprocess, sys
from small_study import deck_of, small_study
here = pathlib.Path(sys.argv[1])

def run():
    return subprocess.run([sys.executable, "-c", sys.argv[2], here / "s"], capture_output=True, text=True)

def mount(*options):
    subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", here], check=True)

mount("size=400k")
study = small_study(here / "s", duration_ps=30, frame_every=100, restart_every=1000)
full = run()
steps = {path.parent.name: path.stat().st_size for path in study.glob("decks/nvt/*/nvt.restart")}
mount("remount", "size=30m")
again = run()
print(json.dumps({
    "full": [full.returncode, full.stdout + full.stderr],
    "restarts": steps,
    "again": [again.returncode, again.stdout + again.stderr],
}))
subprocess.run(["cp", "-r", study, sys.argv[3]], check=True)
"""

WITHOUT_ROOM = """
import pathlib, sys
from deckgen.errors import RunError
from deckgen.files import append, unless_refused, write_json
from deckgen.processes.lock import lock
here = pathlib.Path(sys.argv[1])
with lock(here / ".lock", "this"):
    try:
        with lock(here / ".lock", "that"):
            pass
    except RunError as error:
        print(error.message)
for write in (lambda path: write_json(path, {}), lambda path: append(path, "text")):
    with unless_refused():
        write(here / "file.json")
    try:
        write(here / "file.json")
    except RunError as error:
        print(error.message, error.hint[:9], sep="\\n")
    (here / "file.json").unlink(missing_ok=True)
"""


def in_a_namespace(*command: str) -> list[str]:
    return ["unshare", "--mount", *(["--map-root-user"] if os.getuid() else []), *command]


def may_mount(folder: Path) -> bool:
    command = in_a_namespace("mount", "-t", "tmpfs", "tmpfs", str(folder))
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def test_on_a_full_disk_the_last_whole_restart_stays_and_with_room_nothing_is_missing(tmp_path: Path) -> None:
    disk, kept = tmp_path / "disk", tmp_path / "kept"
    disk.mkdir()
    if not may_mount(disk):
        pytest.skip("no right to mount a small disk here")
    command = in_a_namespace(sys.executable, "-c", ON_A_SMALL_DISK, str(disk), RUN, str(kept))
    path = [str(Path(__file__).parents[1] / "tools"), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": ":".join(path)}
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout)
    code, words = said["full"]
    assert code == 1
    assert "Traceback" not in words
    assert "No space left on device" in words
    assert min(said["restarts"].values(), default=1) > 0
    assert said["again"][0] == 0, said["again"][1]
    for deck in (deck_of(kept), deck_of(kept, 25), deck_of(kept, 30)):
        assert rows_of(deck) == list(range(10, 15010, 10))
        assert frames_of(deck) == list(range(100, 15100, 100))


def limited(command: list[str], largest_bytes: int) -> subprocess.CompletedProcess[str]:
    """Run a command that may not write files beyond a size: what a quota does, without a disk of its own."""
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({largest_bytes}, resource.RLIM_INFINITY)); "
    code, *words = command
    return subprocess.run([sys.executable, "-c", limit + code, *words], capture_output=True, text=True, check=False)


@pytest.mark.long
def test_a_deck_whose_rows_are_refused_fails_at_once_and_resumes_without_a_hole(tmp_path: Path) -> None:
    usual = {"frame_every": 10, "restart_every": 1_000_000}
    study = small_study(tmp_path / "study", duration_ps=2000, **usual)
    ended = limited([RUN, str(study)], 5_000_000)  # MPI needs 4.4 MB; frames of 5 MB: no restart so far
    assert ended.returncode == 1, ended.stderr
    assert "File too large" in ended.stdout
    assert "MPI" not in ended.stdout
    assert min(deck.step for deck in status(study)) > 0
    assert "Traceback" not in ended.stdout + ended.stderr
    assert {deck.state for deck in status(study)} == {"failed"}
    assert max(deck.step for deck in status(study)) < 100_000
    small_study(study, duration_ps=200, **usual)
    assert not deckgen.run(study, progress=False).failed
    assert rows_of(deck_of(study)) == list(range(10, 100_010, 10))


def test_without_room_locks_are_held_and_files_are_named(tmp_path: Path) -> None:
    ended = limited([WITHOUT_ROOM, str(tmp_path)], 0)
    assert ended.returncode == 0, ended.stderr
    locked, *written = ended.stdout.splitlines()
    assert "that is in use" in locked
    assert written == [f"{tmp_path / 'file.json'} cannot be written: File too large", "make room"] * 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("command", "file"), [(["init"], "study"), (["train", "init"], "gap")])
def test_what_is_begun_on_a_full_disk_is_named_and_begun_again(tmp_path: Path, command: list[str], file: str) -> None:
    new = tmp_path / "new"
    words = [COMMAND, *command, str(new)]
    for largest_bytes in (0, 1000):
        ended = limited(words, largest_bytes)
        assert ended.returncode == 1
        assert f"error: {new}/{file}.schema.json cannot be written: File too large" in ended.stderr
    ended = limited(words, 1_000_000)
    assert ended.returncode == 0, ended.stderr
    assert (new / f"{file}.toml").stat().st_size > 0


def test_a_vasp_folder_that_did_not_fit_on_the_disk_is_written_again(tmp_path: Path) -> None:
    """Its frame comes last, and whole: an empty one would stand for no frame."""
    (tmp_path / "gap.toml").write_text('[data]\ne0 = "average"\n[reference]\ncalculator = "vasp-files"\n')
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "sampled.extxyz").write_text("2\nt=1\nNa 0 0 0\nNa 0 0 3\n")
    words = [COMMAND, "train", "label", str(tmp_path)]
    for largest_bytes, file in ((100, "reference.json"), (270, "vasp/00000")):
        ended = limited(words, largest_bytes)
        assert ended.returncode == 1
        assert f"labels/{file} cannot be written: File too large" in ended.stderr
    ended = limited(words, 1_000_000)
    assert ended.returncode == 0, ended.stderr
    assert "Na 0" in (tmp_path / "labels" / "vasp" / "00000" / "frame.extxyz").read_text().replace("       ", " ")


@pytest.mark.long
def test_a_fit_that_does_not_fit_on_the_disk_says_so(tmp_path: Path) -> None:
    """gap_fit itself ends without a word, or by a signal."""
    (tmp_path / "gap.toml").write_text(FIT)
    for number in range(6):
        atoms = build("Cu", 4)
        atoms.rattle(0.1, seed=number)
        atoms.calc = EMT()
        atoms.info |= {"REF_energy": atoms.get_potential_energy(), "trajectory": f"T{number}"}
        atoms.arrays["REF_forces"] = atoms.get_forces()
        atoms.calc = None
        write(tmp_path / "labelled.extxyz", atoms, append=number > 0)
    curate(Recipe.read(tmp_path))
    words = [COMMAND, "train", "fit", str(tmp_path)]
    ended = limited(words, 5_000)
    assert ended.returncode == 1
    assert f"{tmp_path}/fit/running cannot be written: File too large" in ended.stderr
    assert limited(words, 1_000_000).returncode == 0


def test_a_study_that_is_read_only_is_named(tmp_path: Path) -> None:
    """Read-only for everybody, root too: a disk of its own that is mounted so."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if not may_mount(disk):
        pytest.skip("no right to mount a small disk here")
    study = small_study(tmp_path / "study")
    steps = f"mount -t tmpfs tmpfs {disk} && cp {study}/study.toml {disk} && mount -o remount,ro {disk}"
    for verb in ("run", "decks"):
        command = in_a_namespace("sh", "-c", f"{steps} && exec {sys.executable} -c '{COMMAND}' {verb} {disk}")
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ended.returncode == 1
        assert f"{disk / '.deckgen.lock'} cannot be written: Read-only file system" in ended.stderr
        assert "Traceback" not in ended.stderr
