"""The lines between a ladder and the processes of its rungs: a socket in a folder of its own; each calls once."""

from __future__ import annotations

import contextlib
import socket
import tempfile
from collections.abc import Callable
from multiprocessing.connection import Client, Connection
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

__all__ = ["Line", "Listener", "call"]

if TYPE_CHECKING:
    Line = Connection[Any, Any]
else:
    Line = Connection

_LISTEN_S = 0.2


class Listener:
    """Waits for processes of rungs that call; in a `with` block, which ends once all have.

    Attributes
    ----------
    address : str
        Where they call.
    """

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Listener:
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="deckgen-"))
        self.address = str(Path(folder) / "line")
        self._socket = self._stack.enter_context(socket.socket(socket.AF_UNIX))
        self._socket.bind(self.address)
        self._socket.listen(1024)
        self._socket.settimeout(_LISTEN_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def accept(self, n: int, look: Callable[[], object]) -> list[tuple[Line, dict[int, int]]]:
        """Return the line to each of n processes, and the steps that its rungs stand at; `look` is called meanwhile."""
        found = list[tuple[Line, dict[int, int]]]()
        while len(found) < n:
            try:
                caller, _ = self._socket.accept()
            except TimeoutError:
                look()
                continue
            caller.setblocking(True)
            line = Line(caller.detach())
            found.append((line, line.recv()))
        return found


def call(address: str) -> Line:
    """Return the line to the ladder that listens at an address."""
    line: Line = Client(address, "AF_UNIX")
    return line
