"""What the isomer checks share: a study's isomers, counted, and whether the order of the quenches decides them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from deckgen.workflows.isomers.result import StudyIsomers
from deckgen.workflows.isomers.study import distinguish, isomers

PAPER_TEMPERATURES_K = (100, 140, 180, 220, 260, 300)
STUDY = """
[cluster]
element = "Na"
size = {size}
[potential]
name = "{potential}"
[isomers]
temperatures_K = {temperatures_K}
duration_ps = {duration_ps}
frame_every = {frame_every}
"""
HEAD = (
    "cluster",
    "quenches",
    "kept aside",
    "isomers",
    "after energy",
    "of them distinct",
    "lowest",
    "next / eV",
)


def study_text(
    size: int,
    potential: str,
    *,
    duration_ps: float,
    frame_every: int,
    temperatures_K: Sequence[float] = PAPER_TEMPERATURES_K,
) -> str:
    """Return the study.toml of sodium clusters whose isomers are looked for in runs of their own."""
    return STUDY.format(
        size=size,
        potential=potential,
        temperatures_K=list(temperatures_K),
        duration_ps=duration_ps,
        frame_every=frame_every,
    )


@dataclass(frozen=True)
class Outcome:
    """What one cluster's quenches led to."""

    n_quenched: int
    n_failed: int
    n_groups: int
    n_distinct: int
    n_after_energy: int
    n_representatives: int
    lowest_eV: float
    lowest_point_group: str
    second_relative_eV: float
    lowest_fraction: tuple[float, ...]
    same_when_shuffled: bool

    @classmethod
    def of(cls, folder: Path, text: str, workers: int | None) -> Self:
        """Look for the isomers of the study that `text` describes in `folder`, or go on with it."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "study.toml").write_text(text)
        result = isomers(folder, workers=workers)
        found, lowest = result.found, result.found.isomers[0]
        return cls(
            n_quenched=found.n_quenched,
            n_failed=found.n_failed,
            n_groups=found.n_groups,
            n_distinct=found.n_distinct,
            n_after_energy=found.n_after_energy,
            n_representatives=found.n_representatives,
            lowest_eV=lowest.minimum.energy_eV,
            lowest_point_group=lowest.point_group.name,
            second_relative_eV=found.isomers[1].relative_eV,
            lowest_fraction=tuple(found.occupation(lowest).tolist()),
            same_when_shuffled=_same_when_shuffled(result, workers),
        )

    def row(self, name: str) -> tuple[str, ...]:
        """Return the line of a table that `HEAD` heads."""
        numbers = (self.n_quenched, self.n_failed, self.n_distinct, self.n_after_energy, self.n_representatives)
        lowest = f"{self.lowest_point_group}, {self.lowest_eV:.4f} eV"
        return (name, *map(str, numbers), lowest, f"+{self.second_relative_eV:.4f}")


def _same_when_shuffled(result: StudyIsomers, workers: int | None) -> bool:
    """Say whether the same quenches in another order lead to the same isomers, each seen as often."""
    shuffled = list(result.quenches.minima())
    np.random.default_rng(1).shuffle(shuffled)  # type: ignore[arg-type]
    again = distinguish(result.study, lambda: iter(shuffled), workers=workers)
    first, second = ([(i.minimum.energy_eV, *i.counts) for i in one.isomers] for one in (result.found, again))
    return first == second
