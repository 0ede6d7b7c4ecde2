"""The queue of chunks: each is taken once, whoever is faster, and the chunk of a worker that died by its successor."""

from __future__ import annotations

from pathlib import Path

import pytest

from deckgen.processes.executor import open_executor
from deckgen.runs.quench.chunks import Chunk, ChunkQueue
from deckgen.runs.quench.frames import FrameSource


@pytest.fixture
def queue(tmp_path: Path) -> ChunkQueue:
    source = FrameSource(tmp_path / "frames", "frames", "key", 10, ("Na",))
    chunks = tuple(Chunk(source, first, min(first + 3, 10), tmp_path / f"{first}.extxyz") for first in range(0, 10, 3))
    return ChunkQueue(tmp_path / ".claims", chunks)


def test_workers_take_every_chunk_once_in_order(queue: ChunkQueue):
    one, two = queue.chunks_for(0), queue.chunks_for(1)
    taken = [next(one), next(two), next(two), next(one)]
    assert [chunk.first for chunk in taken] == [0, 3, 6, 9]
    assert [chunk.size for chunk in taken] == [3, 3, 3, 1]
    assert (list(one), list(two)) == ([], [])
    assert (queue.last_of(0), queue.last_of(1)) == (taken[3], taken[2])


def test_a_worker_begins_with_the_chunk_at_which_its_predecessor_died(queue: ChunkQueue):
    dead, other = queue.chunks_for(0), queue.chunks_for(1)
    next(dead), next(other)
    assert [chunk.first for chunk in queue.chunks_for(0)] == [0, 6, 9]
    assert list(other) == []


def test_a_worker_that_died_before_its_first_chunk_has_none(queue: ChunkQueue):
    assert queue.last_of(0) is None
    next(queue.chunks_for(1))
    assert queue.last_of(0) is None


def test_processes_that_race_for_chunks_share_them_out(queue: ChunkQueue):
    long = ChunkQueue(queue.folder, queue.chunks[:1] * 1000)
    with open_executor(3) as executor:
        counts = [executor.submit(count_chunks, long, worker) for worker in range(3)]
    assert sum(count.result() for count in counts) == 1000


def count_chunks(queue: ChunkQueue, worker: int) -> int:
    return sum(1 for _ in queue.chunks_for(worker))
