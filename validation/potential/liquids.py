"""Runs of liquids far above melting, and what each went through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import pdist

from deckgen.analysis.fragments import count_fragments, neighbour_cutoff
from deckgen.analysis.lindemann import lindemann_index
from deckgen.decks.deck import WrittenDeck
from deckgen.decks.manifest import ENERGIES, FRAMES
from deckgen.frames import read_frames
from deckgen.processes.executor import open_executor
from deckgen.runs.engine import run_deck
from deckgen.runs.outputs import is_finished
from deckgen.runs.rows import read_energies
from deckgen.units import KB_EV_K

__all__ = ["HEAD", "Course", "course_of", "run_decks"]

HEAD = (
    *("run", "frames", "kinetic T / K", "U above the lowest minimum / kT an atom", "drift"),
    *("shortest distance / Å", "Lindemann", "in one piece"),
)


@dataclass(frozen=True)
class Course:
    """What one run went through; energies of an atom in kT, above the lowest minimum that was found.

    `drift_kT` is the second half's mean less the first's, the first fifth of the run left out.
    """

    formula: str
    temperature_K: float
    duration_ps: float
    n_frames: int
    kinetic_temperature_K: float
    lowest_kT: float
    mean_kT: float
    highest_kT: float
    drift_kT: float
    shortest_distance_A: float
    lindemann: float
    whole: float

    @property
    def cells(self) -> tuple[str, ...]:
        """Its row of the table."""
        return (
            f"{self.formula}, {self.temperature_K:g} K, {self.duration_ps:g} ps",
            f"{self.n_frames:,}",
            f"{self.kinetic_temperature_K:.1f}",
            f"{self.mean_kT:.2f} ({self.lowest_kT:.2f} to {self.highest_kT:.2f})",
            f"{self.drift_kT:+.3f}",
            f"{self.shortest_distance_A:.2f}",
            f"{self.lindemann:.2f}",
            f"{100 * self.whole:.1f} %",
        )


def run_decks(decks: Sequence[WrittenDeck], workers: int | None) -> None:
    """Run the decks that have not ended."""
    with open_executor(workers) as pool:
        todo = [deck.folder for deck in decks if not is_finished(deck.folder, deck.manifest)]
        for future in [pool.submit(run_deck, folder) for folder in todo]:
            print(future.result(), flush=True)


def course_of(deck: WrittenDeck, lowest_eV: float) -> Course:
    """Return what a run went through; `lowest_eV` is the energy of the lowest minimum that was found."""
    manifest, path = deck.manifest, deck.folder / FRAMES
    assert manifest.temperature_K is not None
    kT = KB_EV_K * manifest.temperature_K
    rows, _ = read_energies(deck.folder / ENERGIES)
    excess = (rows[:, 1] - lowest_eV) / manifest.n_atoms / kT
    first, second = np.array_split(excess[len(excess) // 5 :], 2)
    positions = [frame.positions_A for frame in read_frames(path)]
    pieces = [count_fragments(frame, neighbour_cutoff(frame)) for frame in positions]
    return Course(
        formula=manifest.formula,
        temperature_K=manifest.temperature_K,
        duration_ps=manifest.planned_ps,
        n_frames=len(positions),
        kinetic_temperature_K=float(rows[:, 2].mean()),
        lowest_kT=float(excess.min()),
        mean_kT=float(excess.mean()),
        highest_kT=float(excess.max()),
        drift_kT=float(second.mean() - first.mean()),
        shortest_distance_A=min(float(pdist(frame).min()) for frame in positions),
        lindemann=lindemann_index(positions),
        whole=pieces.count(1) / len(pieces),
    )
