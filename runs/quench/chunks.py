"""Frames to quench, in chunks, and which of several workers takes which."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deckgen.minima import find_minima
from deckgen.runs.quench.frames import FrameSource
from deckgen.runs.quench.hopping import HopSource

__all__ = ["Chunk", "ChunkQueue"]


@dataclass(frozen=True)
class Chunk:
    """Frames `first` to `last` (without it) of a source; their minima go to `file`, in their order."""

    source: FrameSource | HopSource
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

    A chunk is taken by making a link, which succeeds once on every file system, also where locks do not reach from one
    machine to the other.

    Parameters
    ----------
    folder
        Its link n points to the number of the worker that took the n-th chunk.
    chunks
        The chunks.
    """

    folder: Path
    chunks: tuple[Chunk, ...]

    def chunks_for(self, worker: int) -> Iterator[Chunk]:
        """Yield chunks for a worker: first the one at which a worker of the same number died, then new ones."""
        last = self.last_of(worker)
        if last is not None:
            yield last
        for number, chunk in enumerate(self.chunks):
            if self._take(number, worker):
                yield chunk

    def last_of(self, worker: int) -> Chunk | None:
        """Return the chunk that a worker took last; None before its first."""
        places = {place.name: place for place in self.folder.iterdir()} if self.folder.exists() else {}
        numbers = (n for n in reversed(range(len(self.chunks))) if str(n) in places)
        return next((self.chunks[n] for n in numbers if os.readlink(places[str(n)]) == str(worker)), None)

    def clear(self) -> None:
        """Forget who took what."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _take(self, number: int, worker: int) -> bool:
        """Take a chunk for a worker; return False where it is taken."""
        self.folder.mkdir(exist_ok=True)
        try:
            os.symlink(str(worker), self.folder / str(number))
        except FileExistsError:
            return False
        return True
