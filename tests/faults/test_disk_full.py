"""A disk that is full while decks run: each says so at once, and after room is made nothing is missing."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from small_study import deck_of, frames_of, rows_of, small_study

import deckgen
from deckgen.errors import RunError
from deckgen.files import append, unless_refused, write_json
from deckgen.processes.lock import lock
from deckgen.runs.status import status

RUN = "import sys; from deckgen.cli import main; sys.exit(main(['run', sys.argv[1]]))"
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
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1] / "tools")}
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


def test_a_deck_whose_rows_are_refused_fails_at_once_and_resumes_without_a_hole(tmp_path: Path) -> None:
    study = small_study(tmp_path / "study", duration_ps=2000, restart_every=100_000)
    ended = limited([RUN, str(study)], 300_000)  # some 6,000 steps of a million, and no restart so far
    assert ended.returncode == 1, ended.stderr
    assert "File too large" in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr
    assert {deck.state for deck in status(study)} == {"failed"}
    assert max(deck.step for deck in status(study)) < 20_000
    small_study(study, duration_ps=20, restart_every=100_000)
    assert not deckgen.run(study, progress=False).failed
    assert rows_of(deck_of(study)) == list(range(10, 10_010, 10))


@pytest.fixture
def no_room():
    """Refuse any byte to files of this process."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("no_room")
def test_without_room_locks_are_held_and_files_are_named(tmp_path: Path) -> None:
    with lock(tmp_path / ".lock", "this"), pytest.raises(RunError, match="in use"), lock(tmp_path / ".lock", "that"):
        pass
    for write in (lambda path: write_json(path, {}), lambda path: append(path, "text")):
        with pytest.raises(RunError, match=r"file\.json cannot be written: File too large") as caught:
            write(tmp_path / "file.json")
        assert "make room" in caught.value.hint
        with unless_refused():
            write(tmp_path / "file.json")
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []


def test_a_study_that_is_somebody_elses_is_named(tmp_path: Path) -> None:
    study = small_study(tmp_path / "study")
    code = RUN
    if not os.getuid():  # what is read-only does not stop root
        code = f"import os, sys; sys.path[:] = {sys.path!r}; os.setgid(65534); os.setuid(65534); " + RUN
        tmp_path.chmod(0o755)
    study.chmod(0o555)
    try:
        ended = subprocess.run([sys.executable, "-c", code, study], capture_output=True, text=True, check=False)
    finally:
        study.chmod(0o755)
    if "ModuleNotFoundError" in ended.stderr or "study.toml: " in ended.stderr:
        pytest.skip("another user cannot read this checkout")
    assert ended.returncode == 1
    assert f"{study / '.deckgen.lock'} cannot be written: Permission denied" in ended.stderr
    assert "Traceback" not in ended.stderr
