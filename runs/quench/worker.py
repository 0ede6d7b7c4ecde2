"""Quenches in one process: one LAMMPS, fed with frame after frame."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deckgen.minima import Minimum, append_minima
from deckgen.processes.signals import StopRequest
from deckgen.processes.worker import warmed_by
from deckgen.runs.opening import load_lammps
from deckgen.runs.quench.chunks import ChunkQueue
from deckgen.runs.quench.frames import StartFrame
from deckgen.runs.quench.hessian import downhill_mode
from deckgen.runs.quench.quencher import Minimised, Quencher

__all__ = ["ForceTolerance", "failed_minimum", "quench_chunks"]

DISPLACEMENT_A = 0.1
MOST_DISPLACEMENTS = 10


@dataclass(frozen=True)
class ForceTolerance:
    """When a quench has converged.

    Parameters
    ----------
    max_force_eV_A
        Tolerance of the deck: a minimum whose largest force is above it has not converged.
    escape_saddles
        Show by the lowest curvature (some hundred evaluations) that each is a minimum; displace a saddle along its
        downhill mode, and minimise again.
    """

    max_force_eV_A: float
    escape_saddles: bool = False


@warmed_by(load_lammps)
def quench_chunks(deck: Path, queue: ChunkQueue, tolerance: ForceTolerance, worker: int) -> None:
    """Quench chunk after chunk of a queue as one of its workers, until it is empty or SIGTERM or SIGINT comes.

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
            for chunk in queue.chunks_for(worker):
                todo = chunk.source.frames(chunk.first + chunk.n_done(), chunk.last)
                append_minima(chunk.file, _quench(quencher, todo, chunk.source.symbols, tolerance, stop))
                if stop.requested:
                    return

        failure = stop.watch(work, quencher.cut_short)
        if failure is not None:
            raise failure


def failed_minimum(start: StartFrame, symbols: tuple[str, ...]) -> Minimum:
    """Return what stands for a frame at which LAMMPS failed."""
    nan = float("nan")
    return Minimum(symbols, start.positions_A, nan, nan, 0, False, start.temperature_K, start.source, start.frame)


def _quench(
    quencher: Quencher,
    starts: Iterator[StartFrame],
    symbols: tuple[str, ...],
    tolerance: ForceTolerance,
    stop: StopRequest,
) -> Iterator[Minimum]:
    """Yield the minima of frames until a stop is requested; the one that was under way then is dropped."""
    for start in starts:
        if stop.requested:
            return
        try:
            minimum = _quench_one(quencher, start, symbols, tolerance)
        except Exception:  # LAMMPS raises nothing more precise
            minimum = failed_minimum(start, symbols)
            quencher.renew()
        if stop.requested:
            return
        yield minimum


def _quench_one(quencher: Quencher, start: StartFrame, symbols: tuple[str, ...], tolerance: ForceTolerance) -> Minimum:
    end, n_steps, is_minimum = quencher.minimise(start.positions_A), 0, True
    if tolerance.escape_saddles and end.max_force_eV_A <= tolerance.max_force_eV_A:
        end, n_steps, is_minimum = _escape_saddles(quencher, end, tolerance.max_force_eV_A)
    return Minimum(
        symbols=symbols,
        positions_A=end.positions_A,
        energy_eV=end.energy_eV,
        max_force_eV_A=end.max_force_eV_A,
        n_steps=end.n_steps + n_steps,
        converged=is_minimum and end.max_force_eV_A <= tolerance.max_force_eV_A,
        temperature_K=start.temperature_K,
        source=start.source,
        frame=start.frame,
    )


def _escape_saddles(quencher: Quencher, end: Minimised, max_force_eV_A: float) -> tuple[Minimised, int, bool]:
    """Displace a structure off saddles until it is at a minimum.

    A dip that is shallower than the force tolerance can resolve counts as a minimum: its two sides are one structure.

    Returns
    -------
    Where it ends, the steps of the minimisations before that, whether it is a minimum.
    """
    n_steps, shallow_eV = 0, max_force_eV_A * DISPLACEMENT_A
    for _ in range(MOST_DISPLACEMENTS):
        mode = downhill_mode(quencher.curvature(end.positions_A), end.positions_A)
        if mode is None:
            return end, n_steps, True
        displacement, saddle = DISPLACEMENT_A / abs(mode).max() * mode, end
        for side in (displacement, -displacement):
            n_steps += end.n_steps
            end = quencher.minimise(saddle.positions_A + side)
            if end.energy_eV < saddle.energy_eV - shallow_eV:
                break
        else:
            return saddle, n_steps + end.n_steps - saddle.n_steps, True
    return end, n_steps, False
