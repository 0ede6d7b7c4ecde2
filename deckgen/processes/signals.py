"""Requests to stop: Ctrl-C, and SIGTERM as a queueing system sends it.

Two sides of one stop. A program that waits for tasks takes both as `KeyboardInterrupt` (`sigterm_as_ctrl_c`). A task,
which must write its restart before it ends and mostly is inside C, takes both as a request (`StopRequest`).
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType

__all__ = ["StopRequest", "sigterm_as_ctrl_c"]

Handler = Callable[[int, FrameType | None], object]

_LISTEN_S = 0.2
_STACK_BYTES = 64 * 2**20  # as roomy as a main thread's: Fortran keeps its automatic arrays there


@contextlib.contextmanager
def _handled(handler: Handler, *numbers: signal.Signals) -> Iterator[None]:
    """Let a handler hear some signals, and give them back to their handlers at the end. In the main thread only."""
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)


@contextlib.contextmanager
def sigterm_as_ctrl_c() -> Iterator[None]:
    """Let SIGTERM raise `KeyboardInterrupt`, as Ctrl-C does: for a program that waits for its tasks.

    Python delivers signals to the main thread only; in another thread nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with _handled(signal.default_int_handler, signal.SIGTERM):
        yield


class StopRequest:
    """Takes SIGTERM and Ctrl-C as a request, while it is entered: for a task that ends by itself once it is asked to.

    In the main thread only.

    Attributes
    ----------
    requested : bool
        Whether a signal has come.
    """

    def __init__(self) -> None:
        self.requested = False
        self._pass_on: Callable[[], object] | None = None
        self._handling = _handled(self._heard, signal.SIGTERM, signal.SIGINT)

    def __enter__(self) -> StopRequest:
        self._handling.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._handling.__exit__(kind, value, trace)

    def _heard(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True
        if self._pass_on is not None:
            self._pass_on()

    def watch(
        self, work: Callable[[], object], pass_on: Callable[[], object], look: Callable[[], object] = lambda: None
    ) -> Exception | None:
        """Call `work` in a thread, and `pass_on` here once a stop is requested; return the exception of `work`.

        For work inside C, such as LAMMPS: Python runs signal handlers in its main thread only, and never while that is
        inside C. Work in Python can simply ask `requested` now and then. `look` is called here a few times a second;
        what it raises ends the work as a request does, and is returned.
        """
        failures, seen = list[Exception](), list[Exception]()

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
            if not seen:
                try:
                    look()
                except Exception as error:
                    seen.append(error)
                    pass_on()
        self._pass_on = None
        return next(iter(seen + failures), None)
