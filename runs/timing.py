"""What a deck costs: seconds a step, measured by a few real steps."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from deckgen.decks.deck import read_manifests
from deckgen.decks.manifest import SCRIPT
from deckgen.processes.executor import available_cores, open_executor
from deckgen.runs.engine import lammps_errors, open_for_script
from deckgen.runs.outputs import is_finished, last_step

__all__ = ["Estimate", "estimate", "time_deck"]

ENOUGH_S = 0.5
OUTPUTS = ("energies*", "frames*", "quenched*", "*.restart*", "log.*", "status.json*", ".*")


@dataclass(frozen=True)
class Estimate:
    """What a study still costs: `seconds` of wall time on `workers` cores."""

    seconds: float
    workers: int
    n_steps: int
    seconds_per_step: float


def time_deck(folder: Path) -> float:
    """Return the seconds that one step of a deck takes here, measured on a copy in a process of its own.

    The deck's own minimisations and runs are passed over: a few steps from its start structure, half a second of them
    or one step, tell the cost.

    Raises
    ------
    RunError
        If the deck does not run.
    """
    with open_executor(1) as executor, tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "deck"
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(*OUTPUTS))
        return executor.submit(_time_steps, copy).result()


def estimate(study_folder: Path, workers: int | None = None) -> Estimate | None:
    """Estimate the time that a study's NVT decks still take; None where there is nothing to run.

    All of them cost the same a step: one is timed.
    """
    left = {
        folder: manifest.n_steps - last_step(folder)
        for folder, manifest in read_manifests(study_folder)
        if manifest.n_steps and not is_finished(folder, manifest)
    }
    if not left:
        return None
    workers = workers or available_cores()
    per_step = time_deck(next(iter(left)))
    seconds = per_step * max(sum(left.values()) / workers, max(left.values()))
    return Estimate(seconds, workers, sum(left.values()), per_step)


def _time_steps(folder: Path) -> float:
    """Time steps of a deck in this process, whose working folder becomes the deck's."""
    os.chdir(folder)
    lmp = open_for_script("none")
    lmp.lib.lammps_force_timeout(lmp.lmp)  # every minimisation and run of the script now ends before it begins
    with lammps_errors(folder):
        lmp.file(SCRIPT)
        lmp.command("timer timeout off")
        lmp.command("run 0 post no")
        steps = 1
        while True:
            began = time.perf_counter()
            lmp.command(f"run {steps} pre no post no")
            seconds = time.perf_counter() - began
            if seconds > ENOUGH_S:
                return seconds / steps
            steps *= 4
