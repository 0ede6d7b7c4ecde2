"""What a deck costs: seconds per step, measured by a few real steps."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

from deckgen.decks.deck import Deck, write_deck
from deckgen.decks.manifest import OUTPUTS, SCRIPT
from deckgen.processes.executor import open_executor
from deckgen.runs.opening import lammps_errors, open_for_script

__all__ = ["time_deck", "time_rendered"]

ENOUGH_S = 0.5


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
        return executor.submit(_time_steps, copy, folder).result()


def time_rendered(deck: Deck) -> float:
    """Return the same of a deck that need not be on the disk."""
    with tempfile.TemporaryDirectory() as scratch:
        return time_deck(write_deck(deck, Path(scratch)).folder)


def _time_steps(folder: Path, original: Path) -> float:
    """Time steps of a deck in this process, whose working folder becomes the deck's."""
    os.chdir(folder)
    lmp = open_for_script("none")
    lmp.lib.lammps_force_timeout(lmp.lmp)  # every minimisation and run of the script now ends before it begins
    with lammps_errors(original):
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
