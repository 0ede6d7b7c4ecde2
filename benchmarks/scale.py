"""What a study of many decks costs: writing, watching, running and looking at them; files and memory.

    python -m benchmarks.scale [--decks N] [--run M] [--folder DIR]

N decks are written. M decks are run, once on this machine and once through Parsl (scheduler = "local", as on a cluster
without the wait for a job); the outputs of one are copied to the N, so that all are done.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import deckgen
from deckgen.decks.deck import read_manifests
from deckgen.decks.manifest import MANIFEST
from deckgen.processes.cluster.machine import Machine
from deckgen.processes.executor import open_executor
from deckgen.runs.index import INDEX
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
duration_ps = 0.4
sample_every = 1
frame_every = 50
restart_every = 50
[isomers]
source = "nvt"
"""
REPLICAS = 50


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--decks", type=int, default=10_000, help="decks of the study, a multiple of 100")
    parser.add_argument(
        "--run", type=int, default=200, help="decks that are run, beside: 3 to 150 by threes, or by 100"
    )
    parser.add_argument("--folder", type=Path, default=None, help="where; default: a temporary folder")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="deckgen-scale-"))
    try:
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
    timed_call("run: all finished", lambda: deckgen.run(study, progress=False), n_decks)
    say("memory of the head", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:.0f} MB")


def write_study(folder: Path, n_decks: int) -> Path:
    """Write a study of so many decks."""
    replicas = min(REPLICAS, n_decks // 3)  # a ladder has three rungs or more
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text(STUDY.format(rungs=n_decks // replicas, replicas=replicas))
    return folder


def fill(decks: dict[Path, object], done: Path) -> None:
    """Copy the outputs of a deck that is done to others."""
    outputs = [path for path in done.iterdir() if path.is_file() and path.name != MANIFEST]
    for deck in decks:
        for path in outputs:
            if not (deck / path.name).exists():
                shutil.copy2(path, deck / path.name)


@contextmanager
def timed(what: str, n_decks: int) -> Iterator[None]:
    """Print wall and processor time, those of the processes that ended meanwhile included."""
    began, before = time.perf_counter(), processor_s()
    yield
    spent = processor_s() - before
    say(what, f"{time.perf_counter() - began:.2f} s; processor {spent:.2f} s, {1000 * spent / n_decks:.2f} ms a deck")


def timed_call(what: str, call: Callable[[], object], n_decks: int) -> None:
    """Time a call."""
    with timed(what, n_decks):
        call()


def processor_s() -> float:
    """Return the processor time so far, that of the processes that have ended included."""
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
