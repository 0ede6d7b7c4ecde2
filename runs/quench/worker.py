"""Quenches in one process: one LAMMPS, fed with frame after frame."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deckgen.minima import Minimum, append_minima, find_minima
from deckgen.processes.signals import StopRequest
from deckgen.runs.quench.frames import FrameSource, StartFrame
from deckgen.runs.quench.hessian import downhill_mode
from deckgen.runs.quench.quencher import Quencher, Rest

__all__ = ["Chunk", "Goal", "failed_minimum", "quench_chunks"]

PUSH_A = 0.1
MOST_PUSHES = 10


@dataclass(frozen=True)
class Goal:
    """When a quench is there.

    Parameters
    ----------
    max_force_eV_A
        Tolerance of the deck: a minimum whose largest force is above it has not converged.
    off_saddles
        Show by the lowest curvature (some hundred evaluations) that each is a minimum; push what is a saddle off it,
        and go on.
    """

    max_force_eV_A: float
    off_saddles: bool = False


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

    @property
    def claim(self) -> Path:
        """The file that says which worker took the chunk."""
        return self.file.with_name(f".{self.file.name}.claim")

    def take(self, worker: int) -> bool:
        """Claim the chunk for a worker; False where another was first."""
        try:
            with self.claim.open("x") as file:
                file.write(str(worker))
        except FileExistsError:
            return False
        return True

    def claimed_by(self) -> int | None:
        """Return which worker took the chunk."""
        try:
            return int(self.claim.read_text() or 0)
        except FileNotFoundError:
            return None


def quench_chunks(deck: Path, chunks: Sequence[Chunk], goal: Goal, worker: int) -> None:
    """Quench what is left of some chunks that no other worker has taken, until SIGTERM or SIGINT.

    Every minimum is written as it comes. To be called in the main thread of a process of its own, whose working folder
    becomes the deck's.

    Raises
    ------
    RunError
        With LAMMPS' message, if the deck's script fails.
    """
    with StopRequest() as stop, contextlib.chdir(deck):
        quencher = Quencher(deck)

        def work() -> None:
            for chunk in chunks:
                if not stop.requested and chunk.take(worker):
                    todo = chunk.source.frames(chunk.first + chunk.n_done(), chunk.last)
                    append_minima(chunk.file, _quench(quencher, todo, chunk.source.symbols, goal, stop))

        failure = stop.watch(work, quencher.cut_short)
        if failure is not None:
            raise failure


def failed_minimum(start: StartFrame, symbols: tuple[str, ...]) -> Minimum:
    """Return what stands for a frame at which LAMMPS failed."""
    nan = float("nan")
    return Minimum(symbols, start.positions_A, nan, nan, 0, False, start.temperature_K, start.source, start.frame)


def _quench(
    quencher: Quencher, starts: Iterator[StartFrame], symbols: tuple[str, ...], goal: Goal, stop: StopRequest
) -> Iterator[Minimum]:
    """Yield the minima of frames until a stop is requested; the one that was under way then is dropped."""
    for start in starts:
        if stop.requested:
            return
        try:
            minimum = _quench_one(quencher, start, symbols, goal)
        except Exception:  # LAMMPS raises nothing more precise; the next frame begins afresh from its own positions
            minimum = failed_minimum(start, symbols)
        if stop.requested:
            return
        yield minimum


def _quench_one(quencher: Quencher, start: StartFrame, symbols: tuple[str, ...], goal: Goal) -> Minimum:
    rest, n_steps, is_minimum = quencher.minimise(start.positions_A), 0, True
    if goal.off_saddles and rest.max_force_eV_A <= goal.max_force_eV_A:
        rest, n_steps, is_minimum = _off_saddles(quencher, rest, goal.max_force_eV_A)
    return Minimum(
        symbols=symbols,
        positions_A=rest.positions_A,
        energy_eV=rest.energy_eV,
        max_force_eV_A=rest.max_force_eV_A,
        n_steps=rest.n_steps + n_steps,
        converged=is_minimum and rest.max_force_eV_A <= goal.max_force_eV_A,
        temperature_K=start.temperature_K,
        source=start.source,
        frame=start.frame,
    )


def _off_saddles(quencher: Quencher, rest: Rest, max_force_eV_A: float) -> tuple[Rest, int, bool]:
    """Push a structure off saddles until it rests on a minimum.

    A dip that is shallower than the force tolerance can resolve counts as one: its two sides are one structure.

    Returns
    -------
    Where it rests, the steps of the minimisations before that, whether it is a minimum.
    """
    n_steps, shallow_eV = 0, max_force_eV_A * PUSH_A
    for _ in range(MOST_PUSHES):
        mode = downhill_mode(quencher.curvature(rest.positions_A), rest.positions_A)
        if mode is None:
            return rest, n_steps, True
        push, before = PUSH_A / abs(mode).max() * mode, rest
        for side in (push, -push):
            n_steps += rest.n_steps
            rest = quencher.minimise(before.positions_A + side)
            if rest.energy_eV < before.energy_eV - shallow_eV:
                break
        else:
            return before, n_steps + rest.n_steps - before.n_steps, True
    return rest, n_steps, False
