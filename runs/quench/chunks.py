"""Frames to quench, in chunks, and which of several workers takes which."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deckgen.minima import find_minima
from deckgen.runs.quench.frames import FrameSource

__all__ = ["Chunk", "ChunkQueue"]


@dataclass(frozen=True)
class Chunk:
    """Frames `first` to `last` (without it) of a source; their minima go to `file`, in their order."""

    source: FrameSource
    first: int
    last: int
    file: Path

    @property
    def size(self) -> int:
        """Number of frames."""
        return self.last - self.first

    def n_done(self) -> int:
        """Return how many of them have been quenched."""
        return len(find_minima(self.file)) if self.file.exists() else 0


@dataclass(frozen=True)
class ChunkQueue:
    """Chunks that workers take in their order, so that a fast worker takes more of them.

    Parameters
    ----------
    file
        Its line n holds the number of the worker that took the n-th chunk.
    chunks
        The chunks.
    """

    file: Path
    chunks: tuple[Chunk, ...]

    def chunks_for(self, worker: int) -> Iterator[Chunk]:
        """Yield chunks for a worker: first the one at which a worker of the same number died, then new ones."""
        chunk = self.last_of(worker) or self._take(worker)
        while chunk is not None:
            yield chunk
            chunk = self._take(worker)

    def last_of(self, worker: int) -> Chunk | None:
        """Return the chunk that a worker took last; None before its first."""
        taken = [int(line) for line in self.file.read_text().split()] if self.file.exists() else []
        return next((self.chunks[n] for n in reversed(range(len(taken))) if taken[n] == worker), None)

    def _take(self, worker: int) -> Chunk | None:
        """Take the next chunk for a worker; None when there is none left."""
        with self.file.open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            n_taken = len(file.readlines())
            if n_taken == len(self.chunks):
                return None
            file.write(f"{worker}\n")
        return self.chunks[n_taken]
