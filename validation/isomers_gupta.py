"""The isomers of Na55 and Na147 with the Gupta potential: 12,000 quenches each, from six temperatures of 400 ps.

The icosahedra are the lowest minima of this potential at both sizes (Reyes-Nava, Garzon, Beltran, Michaelian, "Melting
of sodium clusters", Rev. Mex. Fis. 48, 450 (2002), arXiv:physics/0207068). The list of isomers must not depend on the
order in which the quenches come: they are shuffled and told apart once more.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from common import record, work_folder

from deckgen.analysis.isomers.find import find_isomers
from deckgen.deck import write_quench_deck
from deckgen.minima import Minimum
from deckgen.runs.quench import tighten
from deckgen.runs.quench_worker import Goal
from deckgen.workflows.isomers import StudyIsomers, isomers

SIZES = (55, 147)
DURATION_PS = 400
STUDY = """
[cluster]
element = "Na"
size = {size}
[potential]
name = "na-gupta"
[isomers]
temperatures_K = [100, 140, 180, 220, 260, 300]
duration_ps = {duration_ps}
frame_every = 100
"""


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
    minutes: float


def main() -> None:
    """Run both clusters and record what they say."""
    outcomes = {}
    with work_folder(__doc__) as arguments:
        for size in SIZES:
            outcomes[f"Na{size}"] = _outcome(arguments.folder / f"na{size}", size, arguments.workers)
    record(
        "isomers_gupta",
        "Isomers of Na55 and Na147, Gupta potential",
        {
            "the icosahedron is the lowest minimum": all(o.lowest_point_group == "Ih" for o in outcomes.values()),
            "the isomers do not depend on the order of the quenches": all(
                o.same_when_shuffled for o in outcomes.values()
            ),
        },
        [
            ("cluster", "quenches", "kept aside", "isomers", "after energy", "of them distinct", "lowest", "minutes"),
            *(_row(name, outcome) for name, outcome in outcomes.items()),
        ],
        outcomes={name: asdict(outcome) for name, outcome in outcomes.items()},
    )


def _outcome(folder: Path, size: int, workers: int | None) -> Outcome:
    began = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_text(STUDY.format(size=size, duration_ps=DURATION_PS))
    result = isomers(folder, workers=workers)
    minutes = (time.monotonic() - began) / 60
    found, lowest = result.found, result.found.isomers[0]
    return Outcome(
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
        minutes=minutes,
    )


def _same_when_shuffled(result: StudyIsomers, workers: int | None) -> bool:
    """Say whether the same quenches in another order lead to the same isomers, each seen as often."""
    chosen = result.study.isomers
    deck = write_quench_deck(result.study, "tight", chosen.max_force_eV_A).folder
    goal = Goal(chosen.max_force_eV_A, chosen.off_saddles)

    def converge(minima: Sequence[Minimum]) -> list[Minimum]:
        return tighten(deck, minima, goal, workers=workers)

    shuffled = list(result.quenches.minima())
    np.random.default_rng(1).shuffle(shuffled)  # type: ignore[arg-type]
    again = find_isomers(lambda: iter(shuffled), converge, result.found.tolerances)
    first, second = ([(i.minimum.energy_eV, *i.counts) for i in one.isomers] for one in (result.found, again))
    return first == second


def _row(name: str, outcome: Outcome) -> tuple[str, ...]:
    numbers = (outcome.n_quenched, outcome.n_failed, outcome.n_distinct, outcome.n_after_energy)
    lowest = f"{outcome.lowest_point_group}, {outcome.lowest_eV:.4f} eV"
    return (name, *map(str, numbers), str(outcome.n_representatives), lowest, f"{outcome.minutes:.0f}")


if __name__ == "__main__":
    main()
