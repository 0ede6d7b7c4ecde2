"""The progress of quenches: a bar in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.text import Text

from deckgen.runs.progress import LINE_EVERY_S, duration
from deckgen.runs.quench_worker import Chunk

__all__ = ["QuenchProgress"]

_MARK = b" quench_steps="


class QuenchProgress:
    """Shows on standard error how many frames have been quenched."""

    def __init__(self, chunks: Sequence[Chunk], workers: int, *, quiet: bool = False) -> None:
        self.workers = workers
        self.console = Console(stderr=True, quiet=quiet, soft_wrap=True)
        self._live = (
            Live(console=self.console, auto_refresh=False, transient=True) if self.console.is_terminal else None
        )
        self._done = {chunk: chunk.n_done() for chunk in chunks}
        self._total = sum(chunk.size for chunk in chunks)
        self._at_first = self._total - self.n_left
        self._began = self._last_line = time.monotonic()

    def __enter__(self) -> QuenchProgress:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    @property
    def n_left(self) -> int:
        """Number of frames that were not quenched when it was last looked."""
        return sum(chunk.size - self.n_done(chunk) for chunk in self._done)

    def n_done(self, chunk: Chunk) -> int:
        """Return how many frames of a chunk were quenched when it was last looked."""
        return min(self._done[chunk], chunk.size)

    def say(self, message: str) -> None:
        """Print a line that stays."""
        self.console.print(Text(message))

    def update(self) -> None:
        """Look how far the chunks are that were not done."""
        for chunk, done in self._done.items():
            if done < chunk.size and chunk.file.exists():
                self._done[chunk] = chunk.file.read_bytes().count(_MARK)

    def show(self) -> None:
        """Look, and show it; elsewhere than in a terminal at most every ten seconds."""
        self.update()
        if self._live:
            self._live.update(Text(self._words()), refresh=True)
        elif time.monotonic() - self._last_line > LINE_EVERY_S:
            self._last_line = time.monotonic()
            self.say(self._words())

    def _words(self) -> str:
        done = self._total - self.n_left
        words = f"{done:,} of {self._total:,} frames quenched, {100 * done / max(self._total, 1):.0f} %"
        fresh, seconds = done - self._at_first, time.monotonic() - self._began
        if not fresh:
            return words
        left = duration(seconds * self.n_left / fresh)
        return f"{words}, {fresh / seconds:.3g} a second, about {left} left on {self.workers} workers"
