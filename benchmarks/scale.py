"""What a study of many decks costs: writing, watching, running and looking at them; files and memory.

    python -m benchmarks.scale [--decks N] [--run M] [--folder DIR]
    python -m benchmarks.scale --on MACHINE [--run M] [--folder DIR]
    python -m benchmarks.scale --analyse RUNS ROWS [--folder DIR]

N decks are written. M decks are run, once on this machine and once through Parsl (scheduler = "local", as on a cluster
without the wait for a job); the outputs of one are copied to the N, so that all are done.

With --on, M decks are run in the jobs of a machine's scheduler, and nothing else.

With --analyse, rows of a cluster that melts are drawn for RUNS runs, and `deckgen analyse` is timed on them.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

import deckgen
from benchmarks.rows import melting_rows
from deckgen.decks.deck import read_manifests
from deckgen.decks.manifest import ENERGIES, MANIFEST, Manifest, manifest_text, read_run
from deckgen.processes.cluster.machine import Machine, find_machine
from deckgen.processes.executor import open_executor
from deckgen.runs.index import INDEX
from deckgen.runs.journal import read_attempts
from deckgen.runs.status import deck_status, status

STUDY = """
[cluster]
element = "Ar"
size = 13
relax = false
[potential]
kind = "lammps"
pair_style = "lj/cut 60.0"
pair_coeff = ["* * 0.0103 3.4"]
mass_u = 39.948
[ladder]
min_K = 20
max_K = 30
count = {rungs}
[nvt]
replicas = {replicas}
duration_ps = {duration_ps}
sample_every = 1
frame_every = 50
restart_every = 50
[isomers]
source = "nvt"
"""
REPLICAS = 50
HEAD_S = 20.0
PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--decks", type=int, default=10_000, help="decks of the study, a multiple of 100")
    parser.add_argument(
        "--run", type=int, default=200, help="decks that are run, beside: 3 to 150 by threes, or by 100"
    )
    parser.add_argument("--analyse", type=int, nargs=2, metavar=("RUNS", "ROWS"), help="runs: a multiple of 150")
    parser.add_argument("--folder", type=Path, default=None, help="where; default: a temporary folder")
    parser.add_argument("--on", metavar="MACHINE", help="only run --run decks, on a machine of `deckgen machines`")
    given = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)  # so that what Parsl leaves to itself is counted
    folder = given.folder or Path(tempfile.mkdtemp(prefix="deckgen-scale-"))
    try:
        if given.on:
            measure_machine(folder, given.on, given.run)
        elif given.analyse:
            measure_analysis(folder, *given.analyse)
        else:
            measure(folder, given.decks, given.run)
    finally:
        if given.folder is None:
            shutil.rmtree(folder)


def measure(folder: Path, n_decks: int, n_run: int) -> None:
    """Measure in a folder."""
    for name, machine in (("this machine", None), ("Parsl", Machine(scheduler="local", lost_after_s=30))):
        part = write_study(folder / name.split()[-1], n_run)
        with (
            timed(f"{n_run} decks of 200 steps by {name}, all processes", n_run),
            open_executor(machine=machine, log=part / ".engine") as executor,
        ):
            result = deckgen.run(part, executor=executor, progress=False)
        assert len(result.done) == n_run, result.failed
        say("memory of the head", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:.0f} MB")
    done = next(path for path, _ in read_manifests(part))
    say("files of a deck that is done", str(len(list(done.iterdir()))))
    study = write_study(folder / "many", n_decks)
    profile = folder / "machine.toml"
    profile.write_text('scheduler = "local"\ncores = 1\nlost_after_s = 30\n')
    command(f"the head of {n_decks} new decks, until it runs some", "run", study, "--workers", "1", stopped=study)
    shutil.rmtree(study / "decks")
    command("the same through Parsl", "run", study, "--on", profile, stopped=study)
    shutil.rmtree(study / "decks")
    with timed(f"writing {n_decks} decks", n_decks):
        deckgen.write_decks(study)
    with timed("writing them again: all the same", n_decks):
        deckgen.write_decks(study)
    decks = dict(read_manifests(study))
    fill(decks, done)
    with timed("one look at every deck", n_decks):
        for deck, manifest in decks.items():
            deck_status(deck, manifest)
    timed_call("status, without an index", lambda: status(study), n_decks)
    timed_call("status, with one", lambda: status(study), n_decks)
    say("the index", f"{(study / INDEX).stat().st_size / 1e6:.1f} MB")
    command("run: all finished", "run", study)


def measure_machine(folder: Path, name: str, n_decks: int) -> None:
    """Run decks on a machine, and count: the processor time is that of the head and its helpers, not of the nodes."""
    study = write_study(folder / "machine", n_decks)
    with (
        timed(f"{n_decks} decks of 200 steps on {name}", n_decks),
        open_executor(machine=find_machine(name), log=study / ".engine") as executor,
    ):
        result = deckgen.run(study, executor=executor, progress=False)
    say("memory of the head", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:.0f} MB")
    rows = [np.loadtxt(deck / ENERGIES)[:, 0].tolist() for deck, _ in read_manifests(study)]
    whole = sum(steps == list(range(1, 201)) for steps in rows)
    say("decks done, and with every row once", f"{len(result.done)}, {whole}")
    hosts = Counter(attempt.host for deck, _ in read_manifests(study) for attempt in read_attempts(deck))
    say("attempts", ", ".join(f"{count} on {host}" for host, count in sorted(hosts.items())))


def measure_analysis(folder: Path, n_runs: int, n_rows: int) -> None:
    """Time `deckgen analyse` in a process of its own, and ask the kernel for its peak memory."""
    study = write_study(folder / "sampled", n_runs, n_steps=n_rows)
    deckgen.write_decks(study)
    rng, lines, at = np.random.default_rng(1), list[str](), 0.0
    for number, (deck, manifest) in enumerate(read_manifests(study)):
        kelvin = manifest.temperature_K or 0.0
        if kelvin != at:
            lines, at = melting_rows(kelvin, n_rows, rng), kelvin
        turned = lines[number % n_rows :] + lines[: number % n_rows]
        rows = (f"{step} {line}\n" for step, line in enumerate(turned, 1))
        (deck / ENERGIES).write_text("# step potential_energy_eV kinetic_temperature_K I1 I2 I3\n" + "".join(rows))
    command(f"analysing {n_runs} runs of {n_rows} rows", "analyse", study)


def command(what: str, *words: str | Path, stopped: Path | None = None) -> None:
    """Give a command of deckgen, as a process of its own, and print what it took; stop it once it runs decks.

    The memory is the command's own, or that of the largest of its processes.
    """
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "deckgen", *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    ended = threading.Event()
    if stopped is not None:
        threading.Thread(target=stop_when_it_runs, args=(process.pid, stopped, ended)).start()
    _, status_, used = os.wait4(process.pid, 0)
    ended.set()
    process.returncode = os.waitstatus_to_exitcode(status_)
    say(
        what,
        f"{time.perf_counter() - began:.0f} s; processor {used.ru_utime + used.ru_stime:.1f} s; "
        f"{used.ru_maxrss / 1000:.0f} MB; exit code {process.returncode}",
    )


def stop_when_it_runs(process: int, study: Path, ended: threading.Event) -> None:
    """Stop a process some seconds after the first deck of its study has begun, if it has not ended by then."""
    while not any(study.glob("decks/nvt/*/log.lammps")):
        if ended.wait(1):
            return
    if not ended.wait(HEAD_S):
        os.kill(process, signal.SIGTERM)


def write_study(folder: Path, n_decks: int, n_steps: int = 200) -> Path:
    """Write a study of so many decks."""
    replicas = min(REPLICAS, n_decks // 3)  # a ladder has three rungs or more
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text(
        STUDY.format(rungs=n_decks // replicas, replicas=replicas, duration_ps=n_steps * 0.002)
    )
    return folder


def fill(decks: dict[Path, Manifest], done: Path) -> None:
    """Copy the outputs of a deck that is done to others, and what its manifest says of its runs."""
    outputs = [path for path in done.iterdir() if path.is_file() and path.name != MANIFEST]
    run = read_run(done)
    for deck, manifest in decks.items():
        (deck / MANIFEST).write_text(manifest_text(manifest, run))
        for path in outputs:
            if not (deck / path.name).exists():
                shutil.copy2(path, deck / path.name)


@contextmanager
def timed(what: str, n_decks: int) -> Iterator[None]:
    """Print wall and processor time, that of all processes that were started meanwhile included, once they end."""
    began, before = time.perf_counter(), processor_s()
    yield
    wall = time.perf_counter() - began
    spent = processor_s() - before
    say(what, f"{wall:.2f} s; processor {spent:.2f} s, {1000 * spent / n_decks:.2f} ms a deck")


def timed_call(what: str, call: Callable[[], object], n_decks: int) -> None:
    """Time a call."""
    with timed(what, n_decks):
        call()


def processor_s() -> float:
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


if __name__ == "__main__":
    main()
