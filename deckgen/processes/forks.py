"""The asking side of the fork server: a process that has loaded what tasks need, and forks one process per task."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Sequence
from typing import IO

from deckgen.processes.executor import ONE_THREAD

__all__ = ["STATUS", "Child", "ForkServer"]

STATUS = struct.Struct("i")
"""How the server says a child's exit code, as in `subprocess.Popen.returncode`."""


class Child:
    """A process that the server has forked. The server alone waits for it, so no signal reaches another process."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, if the process still runs."""
        with contextlib.suppress(OSError):  # the server has ended
            self._line.send(bytes([number]))

    def wait(self) -> int | None:
        """Wait until the process has ended; return its exit code, or None where the server died before."""
        with self._line as line:
            try:
                answer = line.recv(STATUS.size)
            except OSError:
                return None
        return int(STATUS.unpack(answer)[0]) if answer else None


class ForkServer:
    """The server's process. It ends, and its children with it, when this process ends, however that is.

    It starts from a fresh interpreter with one thread for its numerical libraries.

    Raises
    ------
    OSError
        If no process can be started.
    """

    def __init__(self) -> None:
        # The interpreter shall find what this one finds, and nothing that lies about in the current folder (-P).
        code = f"import sys; sys.path[:] = {sys.path!r}; from deckgen.processes.forkserver import main; main()"
        self._environment = os.environ | ONE_THREAD
        self._lock = threading.Lock()
        self._end = 0, b""
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115 (closed by `close`)
        self._control, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with far:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", code, str(far.fileno()), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=self._printed,
                stderr=subprocess.STDOUT,
                pass_fds=[far.fileno()],
                process_group=0,
                env=self._environment,
            )
        # an executor that nobody shut down takes its server with it
        self._ended = weakref.finalize(self, _end, self._control, self._process, self._printed)

    def fork(self, warm_up: str, files: Sequence[int]) -> Child:
        """Have a process forked for a task.

        Parameters
        ----------
        warm_up
            What loads what the task needs, as `warm_up_of` returns it: once per server. Empty: nothing.
        files
            Descriptors: the task's pickle, where the answer goes, where prints go, the working folder.

        """
        near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with far, contextlib.suppress(OSError):  # where the server has died, waiting for the child says so
            socket.send_fds(self._control, [json.dumps(warm_up).encode()], [*files, far.fileno()])
        return Child(near)

    @property
    def is_dead(self) -> bool:
        """Whether the server has ended."""
        return self._process.poll() is not None

    def changed_environment(self) -> dict[str, str | None]:
        """Return what has changed in this process's environment since the server began; None: removed."""
        now = os.environ | ONE_THREAD
        keys = now.keys() | self._environment.keys()
        return {key: now.get(key) for key in keys if now.get(key) != self._environment.get(key)}

    def close(self) -> tuple[int, bytes]:
        """End the server, and its children with it; return its exit code, and what it printed."""
        with self._lock:
            self._end = self._ended() or self._end
            return self._end

    def kill(self) -> None:
        """Kill the server, and its children with it."""
        self._process.kill()


def _end(control: socket.socket, process: subprocess.Popen[bytes], printed: IO[bytes]) -> tuple[int, bytes]:
    """Have a server end, and its children with it; return its exit code, and what it printed."""
    control.close()
    code = process.wait()
    with printed:
        printed.seek(0)
        return code, printed.read()
