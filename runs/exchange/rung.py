"""One rung of a ladder: its deck's LAMMPS, which runs from exchange to exchange as it is told.

The deck stays a deck of plain NVT: its fixes thermostat the rung and write its rows and frames. What travels between
rungs are configurations: positions, velocities and forces. The thermostat and its state belong to the rung.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deckgen.contents import regular
from deckgen.decks.manifest import ENERGIES, FRAMES, OLD_RESTART, QUENCHED, RESTART, SCRIPT, Manifest
from deckgen.errors import RunError
from deckgen.runs.engine import go_back, keep_older, resume
from deckgen.runs.exchange.configuration import Atoms
from deckgen.runs.opening import LOG, lammps_errors, open_for_script
from deckgen.runs.outputs import Cut
from deckgen.runs.restarts import Choice, keep_records, step_of
from deckgen.runs.rows import last_step
from deckgen.runs.watch import OutputWatch, require_room

__all__ = ["NEXT", "Rung", "begin_at"]

NEXT = "nvt.restart.next"
"""A restart that counts once the whole ladder has got as far."""


def begin_at(folder: Path, manifest: Manifest, step: int | None) -> tuple[Choice, Cut]:
    """Put the restart of a step in place in the working folder, and cut rows and frames back to it.

    Parameters
    ----------
    folder
        The deck's folder, for messages.
    manifest
        The deck's.
    step
        The step that the ladder stands at; None: the rung is new to it and begins from its own restart, if any.

    Raises
    ------
    RunError
        If there is no restart of that step.
    """
    there = [path for name in (NEXT, RESTART, OLD_RESTART) if (path := Path(name)).exists()]
    if not step or (not there and not last_step(Path())):  # also a deck that was begun afresh
        return resume(folder, manifest)
    found = next((path for path in there if step_of(path) == step), None)
    if found is None:
        raise RunError(
            f"{folder}: no restart file of step {step:,}, which its ladder stands at",
            hint="put it back, or move the ladder's exchange-r*.json away: rungs begin from their own restarts then",
        )
    if found.name == NEXT:
        _take_next()
    choice = Choice(step, found, (Path(RESTART),) if found.name == OLD_RESTART and Path(RESTART).exists() else ())
    return choice, go_back(choice)


def _take_next() -> None:
    """Make the restart that has come to count the deck's newest; the one before it is kept."""
    if Path(RESTART).exists():
        Path(RESTART).rename(OLD_RESTART)
    Path(NEXT).rename(RESTART)


class Rung:
    """The deck's LAMMPS, and what the ladder may ask of it; the working folder is the deck's whenever it is asked."""

    def __init__(self, folder: Path, manifest: Manifest, from_step: int) -> None:
        self.folder, self.manifest, self.from_step = folder, manifest, from_step
        self.lmp: Any = None
        self.setup = False
        self._hint = f"its log: {folder / LOG}"
        self._orders: dict[str, Callable[..., object]] = {
            "begin": self.begin,
            "run": self.run,
            "save": self.save,
            "keep": self.keep,
        }

    def obey(self, order: str, *details: Any) -> object:
        """Do what the ladder asks for; return what it is to know."""
        with lammps_errors(self.folder, hint=self._hint):
            return self._orders[order](*details)

    @property
    def step(self) -> int:
        """The step that it is at."""
        return self.from_step if self.lmp is None else int(self.lmp.extract_global("ntimestep"))

    def begin(self) -> tuple[float, bytes]:
        """Have the deck prepare everything, up to its run."""
        keep_older(Path(LOG))
        self.lmp = open_for_script(LOG, exchange=True)
        self.watch = OutputWatch(self.folder, self.manifest, self.from_step, lambda: self.step)
        self.lmp.file(SCRIPT)
        if self.step != self.from_step or Path(QUENCHED).exists():
            raise RunError(
                f"{self.folder}: the script ran by itself to step {self.step:,}",
                hint='a template of your own whose block "run" has no line "if ${exchange} ..." cannot exchange',
            )
        self.lmp.command("log none")  # a segment has a hundred steps: their lines would be most of the output
        self.lmp.command("run 0 post no")
        several = len(self.manifest.settings["species"]) > 1
        self.atoms = Atoms(self.lmp, self.manifest.n_atoms, several=several)
        return self._answer()

    def run(self, to_step: int, given: bytes | None, factor: float) -> tuple[float, bytes]:
        """Run to a step, from a configuration of another rung with its velocities scaled, if there is one."""
        if given is not None:
            self.atoms.put(given, factor)
        # without setup: a chain of thermostats takes its first half step by the kinetic energy that has left, which is
        # as canonical at this rung as the one that has come
        self.lmp.command(f"run {to_step} upto pre {'yes' if self.setup else 'no'} post no")
        self.setup = False
        return self._answer()

    def save(self) -> None:
        """Write a restart beside the others, once all that belongs to it is on the disk."""
        self.watch.look()
        self.lmp.command(f"write_restart {NEXT}")
        self.setup = True  # writing it moved the atoms' lists
        due = self.step - self.step % self.manifest.sample_every
        if step_of(Path(NEXT)) != self.step or last_step(Path()) < due:
            require_room(self.folder)
            raise RunError(f"{self.folder}: rows or restart of step {self.step:,} are not whole: was the disk full?")
        for name in (ENERGIES, FRAMES):
            with contextlib.suppress(FileNotFoundError), open(name, "rb", opener=regular) as file:
                os.fsync(file.fileno())

    def keep(self) -> None:
        """Take the restart that was saved: the ladder stands at its step now."""
        _take_next()
        keep_records(self.manifest)

    def _answer(self) -> tuple[float, bytes]:
        return float(self.lmp.get_thermo("pe")), self.atoms.read()
