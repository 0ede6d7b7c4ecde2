"""Processor time, memory and files: of a call, of a command, of a head while it works."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from deckgen.processes.executor import TaskExecutor

__all__ = ["HeadMeter", "command", "own_memory_MB", "say", "timed", "timed_call"]

HEAD_S = 20.0
TICKS = os.sysconf("SC_CLK_TCK")
HELPER = "interchange"
"""The process that Parsl starts beside the head; the blocks of a `local` machine are nodes, not helpers."""
COMMAND = """
import atexit, pathlib, sys
from deckgen.cli import main
status = pathlib.Path("/proc/self/status")
atexit.register(lambda: pathlib.Path(sys.argv[1]).write_text(status.read_text()))
sys.exit(main(sys.argv[2:]))
"""


class _Seen(NamedTuple):
    at_s: float
    processor_s: float
    n_done: int


class HeadMeter:
    """Looks every second at the processor time of this process and its helpers, while an executor runs decks for it.

    The start (the decks, Parsl) is told apart: it lasts until the first deck has ended, or `after_s` seconds. The
    processes of the decks are no helpers, on this machine either.
    """

    def __init__(self, executor: TaskExecutor, after_s: float = float("inf")) -> None:
        self._seen, self._n_done, self._after_s = list[_Seen](), 0, after_s
        self._before_s = 0.0
        self._over, submit = threading.Event(), executor.submit

        def counted(*args: object, **kwargs: object) -> object:
            future = submit(*args, **kwargs)  # type: ignore[arg-type]
            future.add_done_callback(self._count)
            return future

        executor.submit = counted  # type: ignore[assignment, method-assign]
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> HeadMeter:
        self._before_s = _processor_s(os.getpid())
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _count(self, _future: object) -> None:
        self._n_done += 1

    def _look(self) -> None:
        began, helpers = time.monotonic(), list[int]()
        while not self._over.wait(1):
            helpers = helpers or _helpers(os.getpid())
            spent = sum(map(_processor_s, [os.getpid(), *helpers]))
            self._seen.append(_Seen(time.monotonic() - began, spent, self._n_done))

    def say(self) -> None:
        """Print what the start took, then the share of a core and, where decks ended, their rate and what each cost."""
        seen = [one for one in self._seen if one.n_done or one.at_s > self._after_s]
        if len(seen) < 2:
            say("the head and its helpers", "too short to be measured")
            return
        seconds, spent, n_done = (seen[-1][k] - seen[0][k] for k in range(3))
        words = f"{100 * spent / seconds:.1f} % of a core over {seconds:.0f} s"
        if n_done:
            words += f"; {n_done / seconds:.1f} decks a second, {1000 * spent / n_done:.2f} ms a deck"
        begun = seen[0].processor_s - self._before_s
        say("the head and its helpers until the first deck had ended", f"{begun:.1f} s of processor time")
        say("the head and its helpers once started", words)


def _helpers(parent: int) -> list[int]:
    """Return the helpers among the children of a process."""
    return [
        int(place.name)
        for place in Path("/proc").iterdir()
        if place.name.isdigit() and _stat(int(place.name))[1:2] == [str(parent)] and HELPER in _words(place)
    ]


def _words(place: Path) -> str:
    with suppress(OSError):
        return (place / "cmdline").read_text()
    return ""


def _stat(process: int) -> list[str]:
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return []


def _processor_s(process: int) -> float:
    """Return the processor time of a process and of its children that have ended."""
    return sum(map(int, _stat(process)[11:15])) / TICKS


def own_memory_MB() -> float:
    """Return the largest memory of this process so far."""
    return _peak_MB(Path("/proc/self/status").read_text())


def _peak_MB(status: str) -> float:
    return int(status.partition("VmHWM:")[2].split()[0]) / 1000


def command(what: str, *words: str | Path, stopped: Path | None = None) -> None:
    """Give a command of deckgen, as a process of its own, and print what it took; stop it once it runs decks.

    The memory is the command's own, as it sees it at its end: what `wait` says of a child is that of its parent, too.
    """
    began = time.perf_counter()
    with tempfile.NamedTemporaryFile("r") as seen:
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, seen.name, *map(str, words)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        ended = threading.Event()
        if stopped is not None:
            threading.Thread(target=_stop_when_it_runs, args=(process.pid, stopped, ended)).start()
        _, status, used = os.wait4(process.pid, 0)
        ended.set()
        process.returncode = os.waitstatus_to_exitcode(status)
        say(
            what,
            f"{time.perf_counter() - began:.0f} s; processor {used.ru_utime + used.ru_stime:.1f} s; "
            f"{_peak_MB(seen.read()):.0f} MB; exit code {process.returncode}",
        )


def _stop_when_it_runs(process: int, study: Path, ended: threading.Event) -> None:
    """Stop a process some seconds after the first deck of its study has begun, if it has not ended by then."""
    while not any(study.glob("decks/nvt/*/log.lammps")):
        if ended.wait(1):
            return
    if not ended.wait(HEAD_S):
        os.kill(process, signal.SIGTERM)


@contextmanager
def timed(what: str, n_decks: int) -> Iterator[None]:
    """Print wall and processor time, that of all processes that were started meanwhile included, once they end."""
    began, before = time.perf_counter(), _all_processor_s()
    yield
    wall = time.perf_counter() - began
    spent = _all_processor_s() - before
    say(what, f"{wall:.2f} s; processor {spent:.2f} s, {1000 * spent / n_decks:.2f} ms a deck")


def timed_call(what: str, call: Callable[[], object], n_decks: int) -> None:
    """Time a call."""
    with timed(what, n_decks):
        call()


def _all_processor_s() -> float:
    """Wait for all children and orphans, and return the processor time so far, theirs included."""
    with suppress(ChildProcessError):
        while True:
            os.wait()
    return sum(
        used.ru_utime + used.ru_stime
        for used in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def say(what: str, words: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{what}: {words}\n")
    sys.stdout.flush()
