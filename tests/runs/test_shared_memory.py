"""What MPICH makes in /dev/shm: 1 MB for each process that starts LAMMPS, which it removes only where one ends well."""

from __future__ import annotations

import mmap
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

import deckgen
from deckgen.runs.journal import read_attempts
from deckgen.runs.rows import last_step

SHARED_MEMORY = Path("/dev/shm")
OPEN = "from deckgen.runs.opening import open_lammps; lmp = open_lammps('none')"
BEFORE_OPEN = "from deckgen.quip.mpi import preload_mpi; preload_mpi()"

pytestmark = pytest.mark.skipif(not SHARED_MEMORY.is_dir(), reason="no /dev/shm")


def segments(pid: int) -> list[Path]:
    return list(SHARED_MEMORY.glob(f"mpich_shm_{pid:x}_*"))


def start(code: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code])


@pytest.fixture
def segment() -> Iterator[Path]:
    """A segment as a job of an hour ago leaves it."""
    path = SHARED_MEMORY / f"mpich_shm_{uuid.uuid4().hex}_0"
    path.write_bytes(bytes(4096))
    os.utime(path, (0, 0))
    yield path
    path.unlink(missing_ok=True)


def test_neither_runs_that_are_killed_nor_those_that_are_done_leave_shared_memory(make_study, nvt_decks, until):
    study = make_study(temperatures_K=[20, 25, 30], duration_ps=20, relax="false")
    batch = threading.Thread(target=lambda: deckgen.run(study, workers=2, progress=False))
    batch.start()
    until(lambda: len(nvt_decks(study)) == 3 and last_step(nvt_decks(study)[0]) > 100)
    attempts = [read_attempts(nvt_decks(study)[0])[-1]]
    os.kill(attempts[0].pid, signal.SIGKILL)
    batch.join()
    attempts += [read_attempts(deck)[-1] for deck in nvt_decks(study)[1:]]
    assert [attempt.outcome for attempt in attempts[1:]] == ["done", "done"]
    assert [segments(attempt.pid) for attempt in attempts] == [[], [], []]


def test_lammps_starts_where_a_killed_process_of_its_number_left_shared_memory():
    program = start(
        "import os; path = f'/dev/shm/mpich_shm_{os.getpid():x}_0'; open(path, 'wb').truncate(1061440)\n" + OPEN
    )
    try:
        assert program.wait(60) == 0  # MPICH waits there for ever
    finally:
        program.kill()
        program.wait()
    assert segments(program.pid) == []


def test_shared_memory_goes_with_the_last_process_that_holds_it(segment):
    with segment.open("r+b") as file, mmap.mmap(file.fileno(), 0):
        assert start(BEFORE_OPEN).wait(60) == 0
        assert segment.exists()
        soon = time.time() + 60  # a job whose processes are just starting, also where this machine is slow
        os.utime(segment, (soon, soon))
    assert start(BEFORE_OPEN).wait(60) == 0
    assert segment.exists()
    os.utime(segment, (0, 0))
    assert start(BEFORE_OPEN).wait(60) == 0
    assert not segment.exists()
