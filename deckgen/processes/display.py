"""How far work is, on standard error: kept up to date in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import re
import time
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

__all__ = ["LINE_EVERY_S", "Display", "duration", "time_left", "visible"]

LINE_EVERY_S = 10.0

_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters but the tab and the end of a line; what turns the direction of writing; bytes of no encoding."""


def visible(text: str) -> str:
    """Return text with the characters that could command a terminal, or cannot be printed, as their escapes."""
    return _INVISIBLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def duration(seconds: float | None) -> str:
    """Return a duration in words: 40 s, 12 min, 3.2 h, 5.1 d."""
    if seconds is None:
        return "?"
    for unit, length, digits in (("d", 86400, 1), ("h", 3600, 1), ("min", 60, 0)):
        if seconds >= 2 * length or (unit == "min" and seconds >= length):
            return f"{seconds / length:.{digits}f} {unit}"
    return f"{seconds:.0f} s"


def time_left(seconds: float, workers: int) -> str:
    """Return how long work will still take, in words: about 12 min left on 2 workers."""
    return f"about {duration(seconds)} left on {workers} worker{'s' * (workers > 1)}"


class Display:
    """Shows how far something is while it is entered; a line that is said stays."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.console = Console(stderr=True, quiet=quiet, soft_wrap=True, emoji=False)
        live = Live(console=self.console, auto_refresh=False, transient=True)
        self._live = live if self.console.is_terminal else None
        self._last_line, self._last_due = "", time.monotonic()

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def say(self, message: str) -> None:
        """Print a line that stays."""
        with contextlib.suppress(OSError):  # nobody reads it, or the disk is full: the work goes on
            self.console.print(Text(visible(message)))

    @property
    def is_due(self) -> bool:
        """Whether `update` shows a line now: in a terminal always, elsewhere every ten seconds."""
        return self._live is not None or time.monotonic() - self._last_due >= LINE_EVERY_S

    def update(self, line: str, *more: RenderableType, at_once: bool = False) -> None:
        """Show a line below `more` in a terminal.

        Elsewhere print the line alone, where it differs from the last one: every ten seconds at most, or at once.
        """
        if self._live:
            with contextlib.suppress(OSError):
                self._live.update(Group(*more, Text(visible(line))), refresh=True)
        elif at_once or self.is_due:
            self._last_due = time.monotonic()
            if line != self._last_line:
                self._last_line = line
                self.say(line)
