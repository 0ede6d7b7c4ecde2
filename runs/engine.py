"""One deck in this process, through LAMMPS' Python API.

The deck itself holds all that matters. This side launches it, passes on a request to stop, cuts the outputs back to the
restart before a resumed run, and keeps a journal.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deckgen.decks.manifest import ENERGIES, QUENCHED, RESTART, SCRIPT, Manifest, read_manifest
from deckgen.decks.on_disk import inputs_to_disk, require_own_files
from deckgen.errors import DeckgenError, RunError
from deckgen.files import first_free, named
from deckgen.processes.lock import LOCK, UNTIL_DEAD_S, lock
from deckgen.processes.signals import StopRequest
from deckgen.processes.worker import warmed_by
from deckgen.runs import journal
from deckgen.runs.opening import LOG, lammps_errors, lammps_message, load_lammps, open_for_script, open_lammps
from deckgen.runs.outputs import Cut, cut_back, is_finished, resumable_to
from deckgen.runs.restarts import Choice, RestartState, choose, keep_records, put_in_place, step_of
from deckgen.runs.rows import last_step
from deckgen.runs.tidy import tidy
from deckgen.runs.watch import OutputWatch, require_room

__all__ = ["RunRecord", "go_back", "keep_older", "resume", "run_alone", "run_deck"]


@dataclass(frozen=True, slots=True)
class RunRecord:
    """How a deck's run ended: `done` or `interrupted` (a failure raises); the steps it began and ended at.

    `passed_over` says of restart files why it did not begin from them.
    """

    folder: Path
    outcome: str
    from_step: int
    to_step: int
    seconds: float
    cut: Cut
    passed_over: tuple[str, ...] = ()


def run_deck(folder: Path) -> RunRecord:
    """Run a deck, or resume it from its restart, until it is finished or this process is asked to stop.

    SIGTERM or SIGINT ends the run at the next step, with a restart at that step: nothing is lost. To be called in the
    main thread of a process of its own: LAMMPS may end it, QUIP keeps one potential per process, and the working folder
    becomes the deck's. A resumed trajectory has no gap and no duplicate; it is not bit for bit the one that an
    uninterrupted run would have made.

    Parameters
    ----------
    folder
        The deck's folder.

    Raises
    ------
    RunError
        With LAMMPS' message and its last input line if the deck fails; if another process runs it; if no restart fits
        its rows; if the disk refuses rows, frames or restarts.
    """
    manifest, began = read_manifest(folder), time.monotonic()
    with (
        StopRequest() as stop,
        lock(folder / LOCK, f"the deck {folder}", patience_s=UNTIL_DEAD_S),
        contextlib.chdir(folder),
        named(folder),
    ):
        here, reached = Path(), last_step(Path())
        require_own_files(Path(), folder)
        inputs_to_disk(Path())
        require_room(folder)
        choice, cut = resume(folder, manifest)
        journal.begin(here, choice.step, reached, cut, choice.passed_over)
        try:
            step = _run_script(folder, manifest, choice.step, stop)
        except Exception as error:
            message = error.message if isinstance(error, DeckgenError) else str(error)
            journal.close(here, "failed", last_step(here), time.monotonic() - began, message)
            raise
        outcome, seconds = "interrupted" if stop.requested else "done", time.monotonic() - began
        journal.close(here, outcome, step, seconds)
        if outcome == "done":
            tidy()
    return RunRecord(folder, outcome, choice.step, step, seconds, cut, choice.passed_over)


@warmed_by(load_lammps)
def run_alone(folder: Path) -> list[RunRecord]:
    """Run a deck as a batch does, whose tasks return a record for each deck.

    Here, and not beside the batch: the process of a deck then imports what LAMMPS needs, and no study.
    """
    return [run_deck(folder)]


def resume(folder: Path, manifest: Manifest) -> tuple[Choice, Cut]:
    """Choose the restart of the working folder, and cut rows and frames back to it; `folder` is its name in messages.

    Raises
    ------
    RunError
        If no restart fits the rows.
    """
    try:
        choice = choose(manifest, resumable_to(Path(), manifest) if manifest.n_steps else 0, _read_restart)
    except RunError as error:
        raise RunError(f"{folder}: {error.message}", hint=error.hint) from error
    return choice, go_back(choice)


def go_back(choice: Choice) -> Cut:
    """Put the chosen restart of the working folder in place, and cut rows and frames back to it."""
    put_in_place(choice)
    cut = cut_back(Path(), choice.step)
    if not choice.step:
        Path(ENERGIES).unlink(missing_ok=True)  # no row is left in it; `OutputWatch` takes a new one as the beginning
    Path(QUENCHED).unlink(missing_ok=True)  # the end of a shorter run
    return cut


def _run_script(folder: Path, manifest: Manifest, from_step: int, stop: StopRequest) -> int:
    """Run the deck's script; return the step that was reached."""
    keep_older(Path(LOG))
    lmp = open_for_script(LOG)
    watch = OutputWatch(folder, manifest, from_step, lambda: int(lmp.extract_global("ntimestep")))
    look = watch.look if manifest.n_steps else lambda: None
    failure = stop.watch(lambda: lmp.file(SCRIPT), lambda: lmp.lib.lammps_force_timeout(lmp.lmp), look)
    if isinstance(failure, DeckgenError):
        raise failure
    if failure is not None and not stop.requested:
        require_room(folder)
        raise RunError(f"{folder}: LAMMPS: {lammps_message(failure)}", hint=f"its log: {folder / LOG}") from failure
    step = min(int(lmp.extract_global("ntimestep")), manifest.n_steps)
    if stop.requested:
        Path(QUENCHED).unlink(missing_ok=True)  # its minimisation was cut short
        if failure is None and 0 < step < manifest.n_steps and step_of(Path(RESTART)) != step:
            lmp.command(f"write_restart {RESTART}.part")
            Path(f"{RESTART}.part").replace(RESTART)
    lmp.close()
    if manifest.n_steps:
        keep_records(manifest)
    if not stop.requested and not is_finished(Path(), manifest):
        require_room(folder)
        raise RunError(
            f"{folder}: the script ended at step {last_step(Path())} of {manifest.n_steps} without {QUENCHED}",
            hint=f"a template of your own must run n_steps steps and write {QUENCHED} at the end",
        )
    return step


def _read_restart(path: Path) -> RestartState:
    """Have LAMMPS read a restart file."""
    lmp = open_lammps("none")
    with lammps_errors(path):
        lmp.command(f"read_restart {path}")
    n_atoms = int(lmp.get_natoms())
    masses_u = lmp.numpy.extract_atom("mass")[lmp.numpy.extract_atom("type")[:n_atoms]]
    x_A = lmp.numpy.extract_atom("x")[:n_atoms] - np.average(lmp.numpy.extract_atom("x")[:n_atoms], 0, masses_u)
    gyration = np.einsum("i,ij,ik->jk", masses_u, x_A, x_A)
    moments = np.linalg.eigvalsh(np.trace(gyration) * np.eye(3) - gyration)
    state = RestartState(int(lmp.extract_global("ntimestep")), moments)
    lmp.close()
    return state


def keep_older(log: Path) -> None:
    """Move a log of an earlier attempt to the next free number."""
    if log.exists():
        log.rename(first_free(log.parent, f"{log.name}.{{}}"))
