"""Options and fixtures that all tests share."""

from __future__ import annotations

import fcntl
import importlib
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

pytest_plugins = ["vasp_files"]

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("deckgen", "deckgen.templates", "deckgen.runs", "deckgen.analysis", "deckgen.training")

# one thread a process: what is tested runs in processes side by side
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")


# A shell that starts the tests in the background has them, and all that they start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)


# No test asserts a time, and a failure is the same on every machine. To look for new examples, add
# --hypothesis-profile=explore.
hypothesis.settings.register_profile("deckgen", deadline=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None)
hypothesis.settings.load_profile("deckgen")


def pytest_sessionstart() -> None:
    """Refuse to test packages of another checkout: each of the five is found on its own."""
    for name in PACKAGES:
        folder = Path(str(importlib.import_module(name).__file__)).resolve().parent
        if folder != ROOT / name.removeprefix("deckgen."):
            raise pytest.UsageError(f"{name} is imported from {folder}, not from {ROOT}: install deckgen from there")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-golden", action="store_true", help="write the golden decks anew")


@pytest.fixture
def rewrite_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--rewrite-golden"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture
def until() -> Callable[..., None]:
    """Wait until something holds."""

    def wait(holds: Callable[[], object], timeout_s: float = 300) -> None:
        end = time.monotonic() + timeout_s
        while not holds():
            assert time.monotonic() < end, "waited too long"
            time.sleep(0.01)

    return wait


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], Path]:
    """Make a folder once for all workers of a test run, who share it and must not change it: what is slow to make."""
    base = tmp_path_factory.getbasetemp()
    common = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(name: str, make: Callable[[Path], object]) -> Path:
        folder, done = common / name, common / f"{name}.made"
        with (common / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed
                folder.mkdir()
                make(folder)
                done.touch()
        return folder

    return made
