"""Requests to stop: SIGTERM, as a queueing system sends it, and Ctrl-C, also while C code runs that ignores them."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Any

__all__ = ["StopRequest", "sigterm_as_ctrl_c"]

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_LISTEN_S = 0.2
_STACK_BYTES = 64 * 2**20  # as roomy as a main thread's: Fortran keeps its automatic arrays there


class StopRequest:
    """Turns SIGTERM and SIGINT into a request, from entering the context to leaving it. In the main thread only."""

    def __init__(self) -> None:
        self.requested = False
        self._pass_on: Callable[[], object] | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> StopRequest:
        self._before = {number: signal.signal(number, self._heard) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _heard(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True
        if self._pass_on is not None:
            self._pass_on()

    def watch(self, work: Callable[[], object], pass_on: Callable[[], object]) -> Exception | None:
        """Call `work` in a thread, and `pass_on` here once a stop is requested; return the exception of `work`.

        Python runs signal handlers in its main thread only, and never while that is inside C: hence the thread.
        """
        failures = list[Exception]()

        def catch() -> None:
            try:
                work()
            except Exception as error:
                failures.append(error)

        self._pass_on = pass_on
        if self.requested:
            pass_on()
        before = threading.stack_size(_STACK_BYTES)
        thread = threading.Thread(target=catch, name="deckgen-lammps")
        thread.start()
        threading.stack_size(before)
        while thread.is_alive():
            thread.join(_LISTEN_S)  # a signal may arrive in another thread: wake up now and then to handle it
        self._pass_on = None
        return failures[0] if failures else None


@contextlib.contextmanager
def sigterm_as_ctrl_c() -> Iterator[None]:
    """Let a queueing system's SIGTERM stop the batch as Ctrl-C does; only the main thread hears signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
