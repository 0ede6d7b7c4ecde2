"""A check of another machine: one job, one task in it, and what that sees."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from deckgen.errors import DeckgenError, InstallationError
from deckgen.files import make_folder
from deckgen.processes.cluster.machine import Machine
from deckgen.processes.executor import available_cores, open_executor
from deckgen.quip.build import ensure_plugin
from deckgen.quip.toolchain import find_compiler
from deckgen.workflows.doctor import Check

__all__ = ["examine_machine"]

PROBE = "doctor"
MOST_SECONDS_APART = 20.0
_LOOK_S = 0.2
_ATTRIBUTES_S = 5.0  # network file systems show a new file after a while


@dataclass(frozen=True)
class _Seen:
    """What a task on the node has seen."""

    host: str
    processor: str
    cores: int
    clock: float
    sees_folder: bool
    lock_reaches: bool
    compiler: str
    no_compiler: str
    plugin: str
    no_plugin: str


def examine_machine(machine: Machine, folder: Path) -> list[Check]:
    """Submit one job with one task, wait for it, and say what it found.

    Parameters
    ----------
    machine
        The machine.
    folder
        A folder that the nodes must see too, as they must see studies.

    Raises
    ------
    InstallationError
        If deckgen-lammps[cluster] is not installed.
    """
    make_folder(folder)
    probe = folder.resolve() / f"{PROBE}-{os.getpid()}"
    probe.write_text(socket.gethostname())
    try:
        with probe.open("rb+") as held, open_executor(machine=machine, log=folder) as executor:
            fcntl.flock(held, fcntl.LOCK_EX)
            began = time.time()
            seen = executor.submit(_look, probe).result()
            return _checks(machine, seen, folder, (began, time.time()))
    except InstallationError:
        raise
    except DeckgenError as error:
        return [Check("job", "failed", error.message, error.hint)]
    finally:
        probe.unlink(missing_ok=True)


def _look(probe: Path) -> _Seen:
    """Look around: the task, on the node."""
    end = time.monotonic() + _ATTRIBUTES_S
    while not (sees := probe.exists()) and time.monotonic() < end:
        time.sleep(_LOOK_S)
    compiler = plugin = no_compiler = no_plugin = ""
    try:
        compiler = " ".join(find_compiler().command)
    except DeckgenError as error:
        no_compiler = error.message
    try:
        plugin = str(ensure_plugin())
    except DeckgenError as error:
        no_plugin = error.message
    lock_reaches = sees and not _can_lock(probe)
    return _Seen(
        host=socket.gethostname(),
        processor=_processor(),
        cores=available_cores(),
        clock=time.time(),
        sees_folder=sees,
        lock_reaches=lock_reaches,
        compiler=compiler,
        no_compiler=no_compiler,
        plugin=plugin,
        no_plugin=no_plugin,
    )


def _can_lock(probe: Path) -> bool:
    """Return whether a file that the head holds locked can be locked."""
    try:
        with probe.open("rb+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _checks(machine: Machine, seen: _Seen, folder: Path, meanwhile: tuple[float, float]) -> list[Check]:
    began, ended = meanwhile
    checks = [Check("node", "ok", f"{seen.host}: {seen.processor}, {seen.cores} cores for its tasks")]
    if seen.cores < machine.cores_of_node:
        detail = f"{seen.host} lets a task use {seen.cores} cores, the profile has cores = {machine.cores_of_node}"
        checks.append(Check("cores", "warning", detail, "set cores to what a node has, or ask for whole nodes"))
    checks.append(_folder_check(seen, folder))
    if seen.compiler:
        checks.append(Check("compiler", "ok", seen.compiler))
    elif seen.plugin:
        checks.append(Check("compiler", "ok", "none on the node, which is not needed: its plugin is built"))
    else:
        mend = 'load one in the profile: setup = ["module load gcc"]'
        checks.append(Check("compiler", "failed", seen.no_compiler, mend))
    mend = "nodes of this processor need a compiler once, or a plugin built on one of them, in a shared DECKGEN_CACHE"
    plugin = Check("plugin", "ok", seen.plugin) if seen.plugin else Check("plugin", "failed", seen.no_plugin, mend)
    apart = max(began - seen.clock, seen.clock - ended, 0.0)
    late = apart > MOST_SECONDS_APART
    words = f"{seen.host} and this machine are {apart:.0f} s apart"
    mend = "ask for time service (NTP): a lock that was left is waited for longer" if late else ""
    clock = Check("clock", "warning" if late else "ok", words, mend)
    return [*checks, plugin, clock]


def _folder_check(seen: _Seen, folder: Path) -> Check:
    if not seen.sees_folder:
        mend = "put studies on a file system that all nodes share"
        return Check("shared folder", "failed", f"{seen.host} does not see {folder.resolve()}", mend)
    if seen.lock_reaches:
        return Check("shared folder", "ok", f"{seen.host} sees it, and locks hold from one machine to the other")
    detail = f"{seen.host} sees it, but locks (flock) do not hold from one machine to the other"
    return Check("shared folder", "ok", f"{detail}; heartbeats do")
