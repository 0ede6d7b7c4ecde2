"""The jobs of a cluster, event by event: how long many decks take where jobs wait, end at their walltime and are lost.

A job takes decks one after the other on each of its cores. At its walltime, or where it is preempted, its decks write
their restarts and return to the queue: each costs one more start. Where a node dies, its decks fall back to their last
restart. What a deck costs beside its steps is what docs/scale.md has measured.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np

from benchmarks.scale.meter import say

__all__ = ["Cluster", "Jobs", "simulate_jobs"]

START_S = 0.17
"""Processor time of a deck beside its steps, on its node and through Parsl."""
HEAD_S = 0.005
"""Processor time that the head takes for each deck that ends."""
CALLS = 300
"""Calls that name a file, of each deck."""
HOUR_S = 3600.0
RESTART_EVERY_S = 300.0
NEVER = float("inf")


@dataclass(frozen=True)
class Cluster:
    """What is asked of a scheduler, and what it does with it.

    Parameters
    ----------
    jobs, cores
        Jobs at once, and the cores of each.
    walltime_s
        Of a job.
    wait_s
        Mean wait of a job in the queue; waits are distributed exponentially, as are the next two.
    preempted_s, dies_s
        Mean time after which a job is preempted, or its node dies.
    """

    jobs: int
    cores: int
    walltime_s: float
    wait_s: float
    preempted_s: float = NEVER
    dies_s: float = NEVER


class Jobs:
    """Works decks off as `deckgen run` does: the longest first; those that were stopped come again after the others.

    Parameters
    ----------
    cluster
        The jobs.
    decks_s
        How long each deck's own steps take on a core.

    Attributes
    ----------
    wall_s
        When the last deck is done.
    n_jobs, n_starts
        Jobs that began, and starts of decks.
    lost_s, idle_s
        Steps that were made twice, and time of cores in jobs that no deck used.
    """

    def __init__(self, cluster: Cluster, decks_s: Sequence[float], seed: int = 1) -> None:
        self.cluster, self._rng, self._numbers = cluster, np.random.default_rng(seed), count()
        self._waiting, self._n_left = deque(sorted(decks_s, reverse=True)), len(decks_s)
        self._events = list[tuple[float, int, str, tuple[float, bool] | float]]()
        self._idle = list[tuple[float, float, bool]]()
        self._ends = dict[int, int]()
        self.wall_s = self.lost_s = self.idle_s = 0.0
        self.n_jobs = self.n_starts = 0
        for _ in range(cluster.jobs):
            self._in("job", self._some(cluster.wait_s), 0.0)
        while self._n_left:
            self.wall_s, _, kind, what = heapq.heappop(self._events)
            getattr(self, f"_{kind}")(what)
        self.idle_s += sum(min(end, self.wall_s) - since for since, end, _ in self._idle)

    @property
    def most_ends(self) -> int:
        """Return how many decks ended in the busiest minute."""
        return max(self._ends.values())

    def _in(self, kind: str, at_s: float, what: tuple[float, bool] | float) -> None:
        heapq.heappush(self._events, (at_s, next(self._numbers), kind, what))

    def _some(self, mean_s: float) -> float:
        return NEVER if mean_s == NEVER else float(self._rng.exponential(mean_s))

    def _job(self, _: float) -> None:
        """Begin a job; the next one is asked for when it has ended."""
        dies = self._some(self.cluster.dies_s)
        lasts = min(self.cluster.walltime_s, self._some(self.cluster.preempted_s), dies)
        end = self.wall_s + lasts
        self.n_jobs += 1
        for _core in range(self.cluster.cores):
            self._in("core", self.wall_s, (end, dies == lasts))
        self._in("job", end + self._some(self.cluster.wait_s), 0.0)

    def _core(self, job: tuple[float, bool]) -> None:
        """Take the next deck on a core that is free."""
        end, dies = job
        if end <= self.wall_s + START_S:
            return
        if not self._waiting:
            self._idle.append((self.wall_s, end, dies))
            return
        left = self._waiting.popleft()
        self.n_starts += 1
        done = min(end - self.wall_s - START_S, left)
        if done == left:
            self._in("done", self.wall_s + START_S + left, (end, dies))
        else:
            lost = done % RESTART_EVERY_S if dies else 0.0
            self.lost_s += lost
            self._in("back", end, left - done + lost)

    def _done(self, job: tuple[float, bool]) -> None:
        self._n_left -= 1
        minute = int(self.wall_s // 60)
        self._ends[minute] = self._ends.get(minute, 0) + 1
        self._core(job)

    def _back(self, left_s: float) -> None:
        """Put a deck back, for a core that idles, if there is one."""
        self._waiting.append(left_s)
        while self._idle:
            since, end, dies = self._idle.pop()
            self.idle_s += min(end, self.wall_s) - since
            if end > self.wall_s:
                self._core((end, dies))
                return


def simulate_jobs(n_decks: int) -> None:
    """Print what decks of an hour or so take on three clusters."""
    decks_s = np.random.default_rng(2).uniform(0.5, 1.5, n_decks) * HOUR_S
    for name, cluster in {
        "10 jobs of 64 cores for a day": Cluster(10, 64, 24 * HOUR_S, HOUR_S),
        "20 jobs of 128 cores for 4 hours, preempted every 6 hours, a node dies every 30 days": Cluster(
            20, 128, 4 * HOUR_S, HOUR_S, preempted_s=6 * HOUR_S, dies_s=720 * HOUR_S
        ),
        "100 jobs of 4 cores for half an hour": Cluster(100, 4, HOUR_S / 2, HOUR_S / 4),
    }.items():
        jobs, used_h = Jobs(cluster, decks_s.tolist()), decks_s.sum() / HOUR_S
        least_d, ends = used_h / cluster.jobs / cluster.cores / 24, jobs.most_ends / 60
        words = [
            f"{jobs.wall_s / 86400:.1f} d (without waits and losses {least_d:.1f} d)",
            f"{jobs.n_jobs} jobs, {jobs.n_starts} starts of {jobs.n_starts * START_S / HOUR_S:.0f} h in all",
            f"{jobs.lost_s / HOUR_S:.0f} h made twice and {jobs.idle_s / HOUR_S:.0f} h idle of {used_h:.0f} h",
            f"in the busiest minute {ends:.1f} decks a second end: {100 * ends * HEAD_S:.1f} % of a core of the head, "
            f"{ends * CALLS:.0f} calls a second to the file system",
        ]
        say(f"{n_decks} decks of an hour, {name}", "; ".join(words))
