"""A lock is held by one live process; a dead one is recognised at once, one on another machine by its heartbeat."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import sys
import threading
import time
from io import FileIO
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from deckgen.errors import RunError
from deckgen.processes import claim
from deckgen.processes import lock as lock_module
from deckgen.processes.lock import DEAD_AFTER_S, HEARTBEAT_S, forget_dead, held, lock

HOLD = """
import sys, time
from pathlib import Path
from deckgen.processes.lock import lock
with lock(Path(sys.argv[1]), "this"):
    print("held", flush=True)
    time.sleep(60)
"""


def elsewhere(path: Path, age_s: float) -> Path:
    """Write the lock of a process on another machine, whose last heartbeat is some seconds old."""
    path.write_text(json.dumps({"pid": 1, "host": "elsewhere", "since": "yesterday"}))
    os.utime(path, (time.time() - age_s, time.time() - age_s))
    return path


def test_a_holder_elsewhere_is_dead_within_ninety_seconds_and_lives_through_a_late_heartbeat(tmp_path: Path) -> None:
    assert 3 * HEARTBEAT_S < DEAD_AFTER_S < 90
    assert held(elsewhere(tmp_path / "lock", 2.5 * HEARTBEAT_S))
    assert not held(elsewhere(tmp_path / "lock", 89.0))


@pytest.mark.parametrize("age_s", [3600.0, -3600.0, 1e8, -1e8])
def test_a_clock_that_is_wrong_neither_holds_a_lock_for_ever_nor_takes_it_from_a_live_holder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, age_s: float
) -> None:
    """A lock whose date cannot be right is watched: what counts is whether it changes."""
    monkeypatch.setattr(lock_module, "SILENT_S", 0.6)
    path = elsewhere(tmp_path / "lock", age_s)
    assert not held(path)  # at a glance, for status
    over = threading.Event()

    def beat() -> None:
        now = time.time() - age_s
        while not over.wait(0.02):
            now += 1
            os.utime(path, (now, now))

    holder = threading.Thread(target=beat)
    holder.start()
    with pytest.raises(RunError, match="process 1 on elsewhere, since yesterday"), lock(path, "this", patience_s=0.0):
        pass
    over.set()
    holder.join()
    with lock(path, "this", patience_s=0.0):
        assert json.loads(path.read_text())["pid"] == os.getpid()


def test_a_dead_holder_whose_clock_was_a_little_ahead_is_waited_for_no_longer_than_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock_module, "DEAD_AFTER_S", 1.0)
    path = elsewhere(tmp_path / "lock", -0.9)
    with lock(path, "this", patience_s=1.5):
        assert json.loads(path.read_text())["pid"] == os.getpid()


def test_a_lock_that_somebody_takes_while_it_is_in_doubt_is_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock_module, "SILENT_S", 30.0)
    path, take = elsewhere(tmp_path / "lock", 3600.0), lock_module._take
    other, looks = list[FileIO](), count()

    def late(file: FileIO, watch: object) -> bool:
        assert next(looks) < 20, "it waits for ever"
        if not other:
            assert not take(file, watch)
            other.append(path.open("rb", buffering=0))
            fcntl.flock(file, fcntl.LOCK_UN)
            fcntl.flock(other[0], fcntl.LOCK_EX)
            return False
        return take(file, watch)

    monkeypatch.setattr(lock_module, "_take", late)
    with pytest.raises(RunError, match="this is in use"), lock(path, "this", patience_s=0.0):
        pass
    other[0].close()


def test_a_holder_elsewhere_that_is_known_to_be_dead_is_not_waited_for(tmp_path: Path) -> None:
    path = elsewhere(tmp_path / "lock", 0.0)
    assert held(path)
    forget_dead(path)
    assert not held(path)
    with lock(path, "the deck", patience_s=0.0):
        assert held(path)


def test_a_holder_beats_while_it_holds(tmp_path: Path, until, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_module, "HEARTBEAT_S", 0.02)
    path = tmp_path / "lock"
    with lock(path, "this"):
        os.utime(path, (0, 0))
        until(lambda: path.stat().st_mtime > 0)
    assert [thread.name for thread in threading.enumerate() if thread.name == "deckgen-heartbeat"] == []


def test_a_holder_that_is_killed_is_waited_for(tmp_path: Path) -> None:
    """A worker may be on its way out while the next batch begins: that is no failure."""
    path = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        threading.Timer(0.5, holder.kill).start()
        with lock(path, "this", patience_s=60):
            assert json.loads(path.read_text())["pid"] == os.getpid()


def test_a_lock_leaves_no_file_behind(tmp_path: Path) -> None:
    with lock(tmp_path / "lock", "this"):
        assert held(tmp_path / "lock")
    assert list(tmp_path.iterdir()) == []


def test_a_lock_whose_file_goes_before_it_is_taken_is_held_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, take = tmp_path / "lock", lock_module._take
    calls = list[object]()

    def late(file: FileIO, watch: object) -> bool:
        calls.append(file)
        if len(calls) == 1:
            path.unlink()  # its holder ends, after we have opened it
        return take(file, watch)

    monkeypatch.setattr(lock_module, "_take", late)
    with lock(path, "this"):
        assert held(path)


@pytest.mark.parametrize("content", [b"", b"\0" * 40, b"[1]", b"null", b'{"pid": ', b"\xff\xfe", b"[" * 100_000])
def test_what_is_left_of_a_lock_does_not_matter(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "lock"
    path.write_bytes(content)
    assert not held(path)
    with lock(path, "this"):
        assert held(path)


def test_without_locks_of_the_kernel_a_process_counts_while_it_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(lock_module.fcntl, "flock", refused)
    path = tmp_path / "lock"
    with lock(path, "this"), pytest.raises(RunError, match=f"process {os.getpid()} on"), lock(path, "this"):
        pass
    with subprocess.Popen([sys.executable, "-c", "pass"]) as ended:
        ended.wait()
    path.write_text(json.dumps({"pid": ended.pid, "host": socket.gethostname(), "since": "now"}))
    assert not held(path)


def test_of_processes_on_several_machines_that_find_a_lock_free_at_once_one_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each thread stands for a machine: it has a name of its own, and the kernel's locks do not reach the others."""
    machines, ready, over = 6, threading.Barrier(6), threading.Event()
    look = lock_module._held_elsewhere

    def slow(*look_at: Any) -> bool:
        found = look(*look_at)
        time.sleep(0.05)  # in which the others look too
        return found

    monkeypatch.setattr(lock_module.fcntl, "flock", lambda *_: None)
    monkeypatch.setattr(lock_module, "_held_elsewhere", slow)
    monkeypatch.setattr(lock_module.socket, "gethostname", lambda: threading.current_thread().name)
    outcomes = list[str]()

    def take() -> None:
        ready.wait()
        try:
            with lock(tmp_path / "lock", "the deck", patience_s=0.0):
                outcomes.append("held")
                over.wait(60)
        except RunError as error:
            outcomes.append(error.message)
            if len(outcomes) == machines:
                over.set()

    threads = [threading.Thread(target=take, name=f"node{number}") for number in range(machines)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    holders = [outcome for outcome in outcomes if outcome == "held"]
    assert (len(outcomes), len(holders)) == (machines, 1)
    assert all("the deck is in use: process" in outcome for outcome in outcomes if outcome != "held")


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_claim_that_a_killed_process_left_is_waited_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(claim, "LEFT_S", 0.2)
    left = tmp_path / "lock.claim"
    left.mkdir() if kind == "folder" else left.touch()
    began = time.monotonic()
    with lock(tmp_path / "lock", "this", patience_s=0.0):
        assert time.monotonic() - began >= 0.2
        assert left.exists() == (kind == "file")  # which is not deckgen's
