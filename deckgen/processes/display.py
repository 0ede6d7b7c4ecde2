"""Words about work under way, on standard error: kept up to date in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

__all__ = ["LINE_EVERY_S", "Display"]

LINE_EVERY_S = 10.0


class Display:
    """Shows how far something is while it is entered; a line that is said stays."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.console = Console(stderr=True, quiet=quiet, soft_wrap=True)
        live = Live(console=self.console, auto_refresh=False, transient=True)
        self._live = live if self.console.is_terminal else None
        self._last_line = time.monotonic()

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
        self.console.print(Text(message))

    def update(self, line: str, *more: RenderableType, at_once: bool = False) -> None:
        """Show a line below `more` in a terminal; elsewhere the line alone, every ten seconds at most, or at once."""
        if self._live:
            self._live.update(Group(*more, Text(line)), refresh=True)
        elif at_once or time.monotonic() - self._last_line >= LINE_EVERY_S:
            self._last_line = time.monotonic()
            self.say(line)
