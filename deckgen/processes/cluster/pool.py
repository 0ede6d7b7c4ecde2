"""Parsl's worker pool on a node, so that SIGTERM reaches the tasks and lets them answer before the pool ends.

The pool and its workers would die of the signal at once, and the decks with them, before their restarts are written.
So they do not hear it: this process does, waits until no task runs any more, and then ends the pool.

    python -m deckgen.processes.cluster.pool [--prepare MODULE:FUNCTION] process_worker_pool.py ARGUMENTS

Before that it makes what all tasks of the node need, such as the plugin for its processor.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from deckgen.errors import DeckgenError
from deckgen.processes.children import dying_with_parent
from deckgen.processes.cluster.node import TIME_TO_END_S
from deckgen.processes.display import visible
from deckgen.processes.forkserver import NAME_OF_TASK
from deckgen.processes.signals import sigterm_as_ctrl_c

__all__ = ["PREPARE", "main"]

PREPARE = "--prepare"
"""Option that names a function, which is called before the pool is started."""
LOOK_S = 0.2
ON_THE_WAY_S = 1.5  # for the last answers, from the workers to the head


def main(command: list[str]) -> int:
    """Run the pool until it ends, or until it is told to end and no task runs any more; return its exit code."""
    while command[0] == PREPARE:
        _, function, *command = command
        if not _prepare(function):
            return 1
    told = list[int]()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # which the pool and its workers inherit
    program = shutil.which(command[0]) or command[0]
    pool = subprocess.Popen(dying_with_parent([sys.executable, program, *command[1:]]), start_new_session=True)
    signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
    while pool.poll() is None:
        time.sleep(LOOK_S)
        if told:
            _last_words(pool.pid)
            break
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pool.pid, signal.SIGKILL)
    return 0 if told else pool.wait()


def _prepare(function: str) -> bool:
    """Call a function, as module:name; return whether it succeeded. SIGTERM ends it, and this process."""
    module, name = function.split(":")
    try:
        with sigterm_as_ctrl_c():
            getattr(import_module(module), name)()
    except DeckgenError as error:
        sys.stderr.write(f"{socket.gethostname()}: {visible(str(error))}\n")
        return False
    return True


def _last_words(pool: int) -> None:
    """Tell the tasks' workers, where the scheduler has not, and wait until the tasks have ended and have answered."""
    for task in _tasks_of_session(pool):
        with contextlib.suppress(OSError):
            os.kill(_parent(_parent(task)), signal.SIGTERM)  # between them is the fork server
    end = time.monotonic() + TIME_TO_END_S
    while any(_tasks_of_session(pool)) and time.monotonic() < end:
        time.sleep(LOOK_S)
    time.sleep(ON_THE_WAY_S)


def _tasks_of_session(session: int) -> Iterator[int]:
    """Yield the numbers of the tasks' processes in a session."""
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            with contextlib.suppress(OSError):
                if (place / "comm").read_text().strip() == NAME_OF_TASK and os.getsid(int(place.name)) == session:
                    yield int(place.name)


def _parent(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
