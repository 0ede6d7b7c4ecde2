"""The other side of `deckgen.processes.forks`: loads what tasks need, and forks one process per task.

A deck of a second would else spend most of it on starting an interpreter and loading LAMMPS. What is loaded starts
nothing: no MPI, no threads. The server does nothing else, so what may crash is in the forked processes alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import selectors
import signal
import socket
import sys
from functools import cache, partial
from importlib import import_module
from typing import NoReturn

from deckgen.processes.forks import STATUS
from deckgen.processes.worker import serve

__all__ = ["NAME_OF_TASK", "main"]

NAME_OF_TASK = "deckgen-task"
"""What the kernel calls the processes of tasks, in /proc and in `top`."""

LOOK_S = 1.0
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
_MOST_BYTES, _MOST_FILES = 4096, 8
_FOR_TASKS = {signal.SIGTERM, signal.SIGINT}


def main() -> None:
    """Serve the process that has started this one, until it closes its end of the socket or dies."""
    server = _Server(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]))
    server.run()


class _Server:
    def __init__(self, control: socket.socket, parent: int) -> None:
        self._control, self._parent, self._open = control, parent, True
        self._children = dict[int, socket.socket]()
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ, self._take)
        # Signals are for the tasks: a scheduler sends them to all processes of a job. Blocked, and not ignored, none
        # is lost on its way to a task that has just been forked.
        signal.pthread_sigmask(signal.SIG_BLOCK, _FOR_TASKS)
        self._bell, ring = socket.socketpair()
        self._ring = ring
        for end in (self._bell, ring):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(ring.fileno())
        self._selector.register(self._bell, selectors.EVENT_READ, lambda: self._bell.recv(_MOST_BYTES))

    def run(self) -> None:
        """Fork, pass signals on, and say how children ended; the last ones end with the server."""
        while self._open and os.getppid() == self._parent:
            for key, _ in self._selector.select(LOOK_S):
                key.data()
            self._reap()
        for pid in self._children:
            os.killpg(pid, signal.SIGKILL)

    def _take(self) -> None:
        """Fork a process for a task."""
        request, files, _, _ = socket.recv_fds(self._control, _MOST_BYTES, _MOST_FILES, socket.MSG_CMSG_CLOEXEC)
        if not request:
            self._open = False
            return
        warm_up = json.loads(request)
        if warm_up:
            _load_once(warm_up)
        *own, far = files
        line = socket.socket(fileno=far)
        try:
            pid = os.fork()
        except OSError as error:  # too many processes, or no memory for one more
            os.write(own[2], f"cannot fork: {error}".encode())
            _answer(line, 1)
        else:
            if pid == 0:
                self._become_task(own, line)
            os.setpgid(pid, pid)
            self._children[pid] = line
            self._selector.register(line, selectors.EVENT_READ, partial(self._pass_on, pid))
        for file in own:
            os.close(file)

    def _pass_on(self, pid: int) -> None:
        """Send a child the signal that was asked for."""
        line = self._children[pid]
        asked = line.recv(1)
        if asked:
            os.kill(pid, asked[0])  # it has not been waited for: the number is still its own
        else:
            self._selector.unregister(line)

    def _reap(self) -> None:
        """Say of the children that have ended how they did."""
        for pid, line in list(self._children.items()):
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
                continue
            os.killpg(pid, signal.SIGKILL)  # a program that the task started does not outlive it
            _, status = os.waitpid(pid, 0)
            del self._children[pid]
            with contextlib.suppress(KeyError):
                self._selector.unregister(line)
            _answer(line, os.waitstatus_to_exitcode(status))

    def _become_task(self, files: list[int], line: socket.socket) -> NoReturn:
        """Turn the forked process into one that runs a task and ends."""
        try:
            os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for number in _FOR_TASKS:
                signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
            for end in (self._control, self._bell, self._ring, line, *self._children.values()):
                end.close()
            self._selector.close()
            _die_with(os.getppid())
            request, reply, printed, folder = files
            os.fchdir(folder)
            for file, descriptor in ((request, 0), (printed, 1), (printed, 2)):
                os.dup2(file, descriptor)
            for file in (request, printed, folder):
                os.close(file)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _FOR_TASKS)
            serve(reply)
        finally:
            os._exit(1)


def _answer(line: socket.socket, exit_code: int) -> None:
    with line, contextlib.suppress(OSError):  # nobody listens any more
        line.send(STATUS.pack(exit_code))


def _die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends; give it the name of a task."""
    kernel = ctypes.CDLL(None)
    kernel.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    kernel.prctl(_PR_SET_NAME, NAME_OF_TASK.encode())
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)


@cache
def _load_once(warm_up: str) -> None:
    """Load what tasks need by a function, and their module; what cannot be loaded, a task will miss and say so."""
    module, function, own = warm_up.split(":")
    with contextlib.suppress(Exception):
        getattr(import_module(module), function)()
        import_module(own)
    sys.stdout.flush()
    sys.stderr.flush()
