"""A real Slurm of two nodes, as `.ci/slurm start` makes one on this machine; without it the tests here are skipped."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from slurm_jobs import jobs

PROFILE = """
scheduler = "slurm"
partition = "short"
walltime = "0:20:00"
nodes = {nodes}
cores = {cores}
lost_after_s = 8
"""


@pytest.fixture(scope="session", autouse=True)
def slurm() -> None:
    """Skip where there is no Slurm; in continuous integration that is a failure."""
    if "SLURM_CONF" in os.environ and shutil.which("sbatch"):
        return
    words = "no Slurm: start one as root with `.ci/slurm start DIR`, then export SLURM_CONF=DIR/slurm.conf"
    if "DECKGEN_CI" in os.environ:
        pytest.fail(words)
    pytest.skip(words)


@pytest.fixture
def machine(tmp_path: Path) -> Callable[..., Path]:
    """Write a profile of the test's Slurm; return its path."""

    def make(nodes: int = 2, cores: int = 2) -> Path:
        file = tmp_path / "machine.toml"
        file.write_text(PROFILE.format(nodes=nodes, cores=cores))
        return file

    return make


@pytest.fixture
def head(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start `deckgen ...`; what is left of it, and of its jobs, ends with the test."""
    started = list[subprocess.Popen[str]]()

    def start(*words: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "deckgen", *map(str, words)]
        with (tmp_path / f"head{len(started)}.log").open("w") as log:
            started.append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, text=True, process_group=0))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
    if left := jobs():
        subprocess.run(["scancel", *left], check=False)  # they may have ended meanwhile


@pytest.fixture
def no_jobs() -> Callable[[], bool]:
    return lambda: not jobs()


@pytest.fixture
def ended_well(tmp_path: Path) -> Callable[[subprocess.Popen[str]], None]:
    """Wait for a head, and show what it said if it did not succeed."""

    def wait(process: subprocess.Popen[str], timeout_s: float = 240) -> None:
        end = time.monotonic() + timeout_s
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.1)
        said = "\n".join(log.read_text() for log in sorted(tmp_path.glob("head*.log")))
        assert process.poll() == 0, said

    return wait
