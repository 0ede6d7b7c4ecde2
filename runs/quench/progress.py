"""The progress of quenches: a bar in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence

from deckgen.contents import content_of
from deckgen.processes.display import Display, time_left
from deckgen.runs.quench.chunks import Chunk

__all__ = ["QuenchProgress"]

_MARK = b" quench_steps="


class QuenchProgress(Display):
    """Shows on standard error how many frames have been quenched."""

    def __init__(self, chunks: Sequence[Chunk], workers: int, *, quiet: bool = False) -> None:
        super().__init__(quiet=quiet)
        self.workers = workers
        self._done = {chunk: chunk.n_done() for chunk in chunks}
        self._total = sum(chunk.size for chunk in chunks)
        self._at_first = self._total - self.n_left
        self._began = time.monotonic()

    @property
    def n_left(self) -> int:
        """Number of frames that were not quenched when it was last looked."""
        return sum(chunk.size - self.n_done(chunk) for chunk in self._done)

    def n_done(self, chunk: Chunk) -> int:
        """Return how many frames of a chunk were quenched when it was last looked."""
        return min(self._done[chunk], chunk.size)

    def look(self) -> None:
        """Look how far the chunks are that were not done."""
        for chunk, done in self._done.items():
            if done < chunk.size and chunk.file.exists():
                self._done[chunk] = content_of(chunk.file).count(_MARK)

    def show(self) -> None:
        """Look, and show it."""
        self.look()
        self.update(self._line())

    def _line(self) -> str:
        done = self._total - self.n_left
        words = f"{done:,} of {self._total:,} frames quenched, {100 * done / max(self._total, 1):.0f} %"
        fresh, seconds = done - self._at_first, time.monotonic() - self._began
        if not fresh:
            return words
        rate = fresh / seconds
        each = f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"
        return f"{words}, {each} a second, {time_left(self.n_left / rate, self.workers)}"
