"""One journey of the kill campaign: the commands of a study or of a training project, killed again and again.

Each command is killed at random moments, then let through; then its files are checked. Nothing of deckgen is imported:
what is killed is the program, and what is checked are its files.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

__all__ = ["PROJECT", "STUDY", "Tally", "journey"]

Tally = Counter[str]
"""How often something happened, by what it was: `killed run (SIGKILL)`, `rows lost` ..."""

HANG_S, BUSY_S, GONE_S = 300.0, 600.0, 60.0
"""A command hangs if nothing of it has run or wanted to for `HANG_S` seconds, or it has used `BUSY_S` of the processor:
on a machine that does other things as well, the time on the clock says nothing."""
PROGRAM = "import sys; from deckgen.cli import main; sys.exit(main())"
STUDY = """
[cluster]
element = "Na"
size = 13
[potential]
name = "na-gupta"
[ladder]
temperatures_K = [150, 200, 250]
[nvt]
duration_ps = 40.0
frame_every = 500
restart_every = 2000
[isomers]
temperatures_K = [200]
duration_ps = 20.0
frame_every = 250
[analysis]
bootstraps = 20
"""
PROJECT = """
[data]
e0 = "average"
isolated_spin = "none: a classical potential"
[reference]
calculator = "emt"
[curate]
select = 10
holdout_fraction = 0.2
[fit.two_body]
cutoff_A = 5.0
n_sparse = 10
delta_eV = 1.0
[fit.soap]
use = false
[fit.sigma]
energy_eV_atom = 0.01
force_eV_A = 0.1
rules = []
"""


FIRST_S, LATER = 2.0, 1.2
"""When the first kill comes at the latest, and by how much the next one is later."""


def journey(
    folder: Path, commands: Iterable[tuple[tuple[str, ...], int]], check: Callable[[Path], Tally], rng: random.Random
) -> Tally:
    """Kill each command some times, then let it through; return what happened.

    Parameters
    ----------
    folder
        The study or the project: the last argument of each command.
    commands
        Each with the number of kills.
    check
        Counts what is wrong with the folder after a command was let through.
    rng
        Chooses moments and signals.
    """
    tally, longest_s = Tally(), FIRST_S
    for command, n_kills in commands:
        for _ in range(n_kills):
            found = _killed(command, folder, rng.uniform(0.3, longest_s), rng)
            # later next time, as what is done stays done; earlier, if the command was over by then
            longest_s = longest_s * LATER if any(what.startswith("killed") for what in found) else longest_s / LATER
            tally += found
        began = time.monotonic()
        tally += _let_through(command, folder)
        longest_s = max(2.0, min(8.0, 1.5 * (time.monotonic() - began)))
        tally += check(folder)
    return tally


def _killed(command: tuple[str, ...], folder: Path, after_s: float, rng: random.Random) -> Tally:
    """Start a command, and kill it or one of its processes after some seconds."""
    name, number = " ".join(command), rng.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM))
    a_child = rng.random() < 0.25
    with tempfile.TemporaryFile() as printed:
        program = _start(command, folder, printed)
        time.sleep(after_s)
        others = sorted(_session(program.pid) - {program.pid})
        victim, who = (rng.choice(others), "a process of ") if a_child and others else (program.pid, "")
        tally = Tally()
        if program.poll() is None:
            try:
                os.kill(victim, number)
                tally[f"killed {who}{name} ({number.name})"] += 1
            except ProcessLookupError:
                pass
        return tally + _end(program, printed)


def _let_through(command: tuple[str, ...], folder: Path) -> Tally:
    with tempfile.TemporaryFile() as printed:
        program = _start(command, folder, printed)
        tally = _end(program, printed)
        if program.returncode:
            tally[f"failed: {' '.join(command)}"] += 1
            sys.stderr.write(_text(printed) + "\n")
        return tally


def _start(command: tuple[str, ...], folder: Path, printed: IO[bytes]) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-c", PROGRAM, *command, str(folder)]
    return subprocess.Popen(words, stdout=printed, stderr=subprocess.STDOUT, start_new_session=True)


def _end(program: subprocess.Popen[bytes], printed: IO[bytes]) -> Tally:
    """Wait for a program and its processes; count what should not be."""
    tally = Tally()
    if not _comes_to_an_end(program):
        tally["hangs"] += 1
        program.kill()
        program.wait()
    end = time.monotonic() + GONE_S
    while (left := _session(program.pid)) and time.monotonic() < end:
        time.sleep(0.05)
    tally["processes left"] += len(left)
    for pid in left:
        with contextlib.suppress(ProcessLookupError):  # it has just ended
            os.kill(pid, signal.SIGKILL)
    text = _text(printed)
    tally["tracebacks"] += text.count("Traceback (most recent call last)") + text.count("this is a bug")
    tally["in use"] += text.count("is in use")
    return +tally


def _comes_to_an_end(program: subprocess.Popen[bytes]) -> bool:
    """Wait for a program; return whether it ended by itself."""
    idle_since = time.monotonic()
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            program.wait(0.5)
            return True
        states, busy_s = _work(_session(program.pid))
        if states & {"R", "D"}:
            idle_since = time.monotonic()
        if busy_s > BUSY_S or time.monotonic() - idle_since > HANG_S:
            return False


def _work(processes: set[int]) -> tuple[set[str], float]:
    """Return the states of processes, and the seconds of the processor that they and their children have used."""
    states, ticks = set[str](), 0
    for pid in processes:
        with contextlib.suppress(OSError):  # it has just ended
            words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            states.add(words[0])
            ticks += sum(map(int, words[11:15]))
    return states, ticks / os.sysconf("SC_CLK_TCK")


def _text(printed: IO[bytes]) -> str:
    printed.seek(0)
    return printed.read().decode(errors="replace")


def _session(leader: int) -> set[int]:
    """Return the living processes of a session."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session = path.read_text().rsplit(")", 1)[1].split()[:4]
        except OSError:
            continue
        if int(session) == leader and state != "Z":
            found.add(int(path.parent.name))
    return found


def check_study(folder: Path) -> Tally:
    """Count rows and frames that are lost or doubled in a study whose decks are done, and what killed commands left."""
    tally = Tally()
    for script in folder.glob("decks/*/*/in.lammps"):
        deck, text = script.parent, script.read_text()
        length = re.search(r"^variable +n_steps index (\d+)", text, re.MULTILINE)
        every = re.search(r"^dump +frames all extxyz (\d+)", text, re.MULTILINE)
        if length and every and (deck / "energies.dat").exists():
            n_steps = int(length[1])
            tally += _steps(_rows(deck / "energies.dat"), range(10, n_steps + 10, 10), "rows")
            frames = re.findall(r"\bTimestep=(\d+)", (deck / "frames.extxyz").read_text())
            tally += _steps(list(map(int, frames)), range(int(every[1]), n_steps + 1, int(every[1])), "frames")
    return tally + _left(folder)


def check_project(folder: Path) -> Tally:
    """Count frames whose label is lost or doubled, and what killed commands left."""
    labels = folder / "labels" / "labelled.extxyz"
    keys = re.findall(r'\bframe_key="?(\w+)', labels.read_text()) if labels.exists() else []
    given = len(re.findall(r"^\d+$", (folder / "frames" / "sampled.extxyz").read_text(), re.MULTILINE))
    return _steps(keys, range(given), "labels", by_number=True) + _left(folder)


def _rows(path: Path) -> list[int]:
    """Return the steps of the rows; -1 stands for a line that is no row."""
    lines = [line for line in path.read_bytes().split(b"\n")[:-1] if not line.startswith(b"#")]
    return [int(words[0]) if len(words := line.split()) == 6 and words[0].isdigit() else -1 for line in lines]


def _steps(found: list[int] | list[str], wanted: range, what: str, *, by_number: bool = False) -> Tally:
    lost = len(wanted) - len(set(found)) if by_number else len(set(wanted) - set(found))
    return +Tally({f"{what} lost": lost, f"{what} doubled": len(found) - len(set(found))})


def _left(folder: Path) -> Tally:
    left = [path for pattern in (".new-*", "*.part", ".room", "running") for path in folder.rglob(pattern)]
    return +Tally({"leftovers": len(left)})
