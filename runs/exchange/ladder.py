"""A ladder: its rungs run side by side, and at every exchange it decides which of them swap configurations.

The rungs are divided among as many processes as the ladder may run at once, and those of a process run one after the
other; with QUIP, which keeps one potential per process, each has its own and waits for its turn. A rung takes part
while it is at the step of the ladder's clock. The clock begins where the rung that is farthest behind stands, so that a
rung that is new, or shorter than others, or longer, needs no rule of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from select import POLLIN, poll
from typing import Any

import numpy as np

from deckgen.decks.manifest import Manifest, read_manifest
from deckgen.errors import RunError
from deckgen.processes.executor import TaskExecutor, open_executor
from deckgen.processes.lock import UNTIL_DEAD_S, lock
from deckgen.processes.signals import StopRequest
from deckgen.processes.tasks import why_failed
from deckgen.runs.engine import RunRecord
from deckgen.runs.exchange.host import serve_rungs
from deckgen.runs.exchange.line import Line, Listener
from deckgen.runs.exchange.plan import Ladder
from deckgen.runs.exchange.state import RungState, append_walkers, read_state, walkers_file, write_state
from deckgen.runs.exchange.swaps import exchange

__all__ = ["run_ladder"]


def run_ladder(ladder: Ladder) -> list[RunRecord]:
    """Run a ladder until all its rungs have their length, or this process is asked to stop; in its main thread.

    At a stop all rungs end at the step of the next exchange, with restarts of that step. However this process dies, its
    rungs die with it, and the ladder stands where it was when all had written their restarts last.

    Raises
    ------
    RunError
        If a rung fails, another process runs the ladder, or its files do not fit together.
    """
    with (
        StopRequest() as stop,
        lock(
            ladder.state.with_name(f".{ladder.state.stem}.lock"), f"the ladder {ladder.state}", patience_s=UNTIL_DEAD_S
        ),
        open_executor(len(ladder.hosts)) as executor,
    ):
        try:
            return _Running(ladder, executor, stop).run()
        except BaseException:
            executor.stop(grace_s=0)
            raise


class _Running:
    """A ladder while its processes run."""

    def __init__(self, ladder: Ladder, executor: TaskExecutor, stop: StopRequest) -> None:
        self.ladder, self.stop = ladder, stop
        self.manifests: list[Manifest] = [read_manifest(deck) for deck in ladder.decks]
        self.names = [deck.name for deck in ladder.decks]
        self.state = append_walkers(walkers_file(ladder.state), read_state(ladder.state), [])
        with Listener() as listener:
            self.futures: list[Future[list[RunRecord]]] = [
                executor.submit(
                    serve_rungs,
                    {k: (ladder.decks[k], self.state.step_of(ladder.decks[k].name)) for k in host},
                    listener.address,
                )
                for host in ladder.hosts
            ]
            callers = listener.accept(len(ladder.hosts), self._look)
        found = sorted(callers, key=lambda one: min(one[1]))  # a process is numbered as its first rung
        self.lines: list[Line] = [line for line, _ in found]
        steps = {k: step for _, at in found for k, step in at.items()}
        self.at: list[int] = [steps[k] for k in range(len(ladder.decks))]
        self.calls, self.hosts = poll(), {line.fileno(): h for h, line in enumerate(self.lines)}
        for number in self.hosts:
            self.calls.register(number, POLLIN)
        self.state = self.state.with_rungs(self.names)
        self.held: list[tuple[float, bytes]] = []
        self.moves = dict[int, tuple[bytes, float]]()
        self.rows, self.shown = list[str](), tuple[str, ...]()

    def run(self) -> list[RunRecord]:
        everyone = range(len(self.ladder.decks))
        self.held = list(self._ask(dict.fromkeys(everyone, ("begin",))).values())
        stopping = self.stop.requested
        while (active := self._active()) and not stopping:
            self._exchange(active)
            to = self._next(active)
            answers = self._ask({k: ("run", to, *self.moves.pop(k, (None, 1.0))) for k in active})
            for k, answer in answers.items():
                self.held[k], self.at[k] = answer, to
            stopping = self.stop.requested
            if stopping or self._stands(to, active):
                self._commit(active)
        outcome = "interrupted" if stopping else "done"
        for line in self.lines:
            line.send(outcome)
        return [record for future in self.futures for record in future.result()]

    def _active(self) -> list[int]:
        """Return the rungs that are at the step of the clock."""
        behind = [k for k, manifest in enumerate(self.manifests) if self.at[k] < manifest.n_steps]
        clock = min((self.at[k] for k in behind), default=0)
        return [k for k in behind if self.at[k] == clock]

    def _next(self, active: Sequence[int]) -> int:
        """Return the step at which they stop next: an exchange, a restart, an end, or where others wait for them."""
        clock = self.at[active[0]]
        regular = [(clock // every + 1) * every for every in (self.ladder.every, self.manifests[0].restart_every)]
        others = [step for step in self.at if step > clock]
        return min([*regular, *others, *(self.manifests[k].n_steps for k in active)])

    def _stands(self, step: int, active: Sequence[int]) -> bool:
        """Return whether a step is one to write restarts at."""
        ends = any(self.manifests[k].n_steps == step for k in active)
        return ends or step % self.manifests[0].restart_every == 0

    def _exchange(self, active: Sequence[int]) -> None:
        """Swap configurations, if it is time, and note the walkers that the rungs hold from this step on."""
        clock, names = self.at[active[0]], tuple(self.names[k] for k in active)
        due = clock > 0 and clock % self.ladder.every == 0 and len(active) > 1
        if due:
            self._swap(clock, active)
        if names != self.shown:
            self.rows.append(f"# step {' '.join(names)}")
        if due or names != self.shown:
            self.rows.append(f"{clock} {' '.join(str(self.state.rungs[name].walker) for name in names)}")
        self.shown = names

    def _swap(self, clock: int, active: Sequence[int]) -> None:
        """Draw the swaps of this step; what a rung gets goes with its next order."""
        kelvins = [self.manifests[k].temperature_K or 0.0 for k in active]
        energies = [self.held[k][0] for k in active]
        generator = np.random.default_rng([self.ladder.seed, self.ladder.replica, clock])
        source = exchange(kelvins, energies, self.ladder.pairs, clock // self.ladder.every, generator)
        walkers = [self.state.rungs[self.names[k]].walker for k in active]
        for place, origin in enumerate(source):
            name = self.names[active[place]]
            self.state.rungs[name] = RungState(self.state.rungs[name].step, walkers[origin])
            if origin != place:
                factor = (kelvins[place] / kelvins[origin]) ** 0.5
                self.moves[active[place]] = self.held[active[origin]][1], factor

    def _commit(self, active: Sequence[int]) -> None:
        """Have the ladder stand at this step, with the restarts of all rungs that are at it."""
        self._ask(dict.fromkeys(active, ("save",)))
        self.state = append_walkers(walkers_file(self.ladder.state), self.state, self.rows)
        self.rows.clear()
        reached = {self.names[k]: replace(self.state.rungs[self.names[k]], step=self.at[k]) for k in active}
        self.state.rungs.update(reached)
        write_state(self.ladder.state, self.state)
        self._ask(dict.fromkeys(active, ("keep",)))

    def _ask(self, orders: Mapping[int, tuple[Any, ...]]) -> dict[int, Any]:
        """Give rungs their orders, in as many processes at once as may run; return the answers in the same order."""
        of_host = [{k: orders[k] for k in host if k in orders} for host in self.ladder.hosts]
        waiting = deque(h for h, own in enumerate(of_host) if own)
        busy, answers = set[int](), dict[int, Any]()
        while waiting or busy:
            while waiting and len(busy) < self.ladder.at_once:
                h = waiting.popleft()
                busy.add(h)
                self._spoken(h, partial(self.lines[h].send, of_host[h]))
            for number, _ in self.calls.poll():
                h = self.hosts[number]
                busy.discard(h)
                answers |= self._spoken(h, self.lines[h].recv)
        return {k: answers[k] for k in orders}

    def _spoken(self, h: int, speak: Callable[[], Any]) -> Any:
        try:
            return speak()
        except (EOFError, OSError):
            self.futures[h].exception()  # wait for its last words
            self._look()
            raise RunError(f"{self.ladder.decks[self.ladder.hosts[h][0]]}: it ended before its ladder did") from None

    def _look(self) -> None:
        """Raise what a rung has failed of."""
        for host, future in zip(self.ladder.hosts, self.futures, strict=True):
            error = future.exception() if future.done() else None
            if error is not None:
                words, decks = why_failed(error), [str(self.ladder.decks[k]) for k in host]
                raise RunError(words if words.startswith(tuple(decks)) else f"{decks[0]}: {words}") from error
