"""What is measured on this machine, and on another one by --on."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np

import deckgen
from benchmarks.scale.meter import HeadMeter, command, own_memory_MB, say, timed, timed_call
from benchmarks.scale.studies import fill, write_study
from deckgen.decks.deck import read_manifests
from deckgen.decks.manifest import ENERGIES
from deckgen.processes.cluster.machine import Machine, find_machine
from deckgen.processes.executor import open_executor
from deckgen.runs.batch import BatchInterrupt
from deckgen.runs.index import INDEX
from deckgen.runs.journal import read_attempts
from deckgen.runs.status import deck_status, status

__all__ = ["measure", "measure_analysis", "measure_machine", "measure_watching"]

LONG_STEPS = 1_000_000_000
STARTED_S = 15.0


def measure(folder: Path, n_decks: int, n_run: int) -> None:
    """Measure in a folder."""
    for name, machine in (("this machine", None), ("Parsl", Machine(scheduler="local", lost_after_s=30))):
        part = write_study(folder / name.split()[-1], n_run)
        with timed(f"{n_run} decks of 200 steps by {name}, all processes", n_run):
            run(part, machine, n_run)
    done = next(path for path, manifest in read_manifests(part) if manifest.n_steps)
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
    look_at_done(study, n_decks)


def look_at_done(study: Path, n_decks: int) -> None:
    """Measure what it takes to look at decks that are all done."""
    timed_call("status, without an index", lambda: status(study), n_decks)
    timed_call("status, with one", lambda: status(study), n_decks)
    say("the index", f"{(study / INDEX).stat().st_size / 1e6:.1f} MB")
    command("run: all finished", "run", study)


def run(study: Path, machine: Machine | None, n_decks: int) -> None:
    """Run a study, and print what the head took."""
    with (
        open_executor(machine=machine, log=study / ".engine") as executor,
        HeadMeter(executor) as meter,
    ):
        result = deckgen.run(study, executor=executor, progress=False)
    assert len(result.done) == n_decks, result.failed
    meter.say()
    say("memory of the head", f"{own_memory_MB():.0f} MB")


def measure_machine(folder: Path, name: str, n_decks: int) -> None:
    """Run decks on a machine, and count: the processor time is that of the head and its helpers, not of the nodes."""
    say("imports", f"{time.process_time():.1f} s of processor time")
    study = write_study(folder / "machine", n_decks)
    with timed(f"{n_decks} decks of 200 steps on {name}", n_decks):
        run(study, find_machine(name), n_decks)
    rows = [np.loadtxt(deck / ENERGIES)[:, 0].tolist() for deck, manifest in read_manifests(study) if manifest.n_steps]
    whole = sum(steps == list(range(1, 201)) for steps in rows)
    say("decks with every row once", str(whole))
    hosts = Counter(attempt.host for deck, _ in read_manifests(study) for attempt in read_attempts(deck))
    say("attempts", ", ".join(f"{count} on {host}" for host, count in sorted(hosts.items())))


def measure_watching(folder: Path, name: str, n_decks: int, seconds: float) -> None:
    """Measure the head while decks run and none ends: of N decks as many as the machine takes at once."""
    study = write_study(folder / "watched", n_decks, LONG_STEPS, every=10_000)
    threading.Timer(STARTED_S + seconds, os.kill, (os.getpid(), signal.SIGTERM)).start()
    with (
        open_executor(machine=find_machine(name), log=study / ".engine") as executor,
        HeadMeter(executor, after_s=STARTED_S) as meter,
    ):
        try:
            deckgen.run(study, executor=executor)
        except BatchInterrupt as end:
            say("stopped", str(end))
    meter.say()


def measure_analysis(folder: Path, n_runs: int, n_rows: int) -> None:
    """Time `deckgen analyse` in a process of its own, and ask the kernel for its peak memory."""
    from benchmarks.rows import melting_rows  # here: it takes 40 MB, which would count as the head's

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
