"""Cu42Au13 from a study to its report: examples/cuau55.

Thirteen gold atoms in an icosahedron with copper, by the Gupta potential, in random order at the start; swaps of unlike
atoms bring the chemical order into equilibrium. Recorded are the melting temperature, the accepted swaps, what the
order is at each temperature (gold atoms at the surface, bonds between unlike atoms) and the lowest isomers. All
clusters of 55 copper and gold atoms but Au55 are icosahedra with this potential (Wu, Cai, Shao, J. Comput. Chem. 30,
1992 (2009)).
`--report` also writes report.html into the folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

import deckgen
from deckgen.analysis.isomers.chemical_order import chemical_order
from deckgen.frames import read_frames
from deckgen.runs.harvest import harvest
from deckgen.study.folder import StudyFolder
from deckgen.workflows.isomers.read import IsomerEntry, read_isomers
from validation.common import EXAMPLES, Peak, interval, record, run_study, work_folder

EVERY = 5  # of the frames of a run
SHOWN = 5  # isomers


@dataclass(frozen=True)
class Order:
    """The chemical order at a rung: means over every fifth frame of the second half of its runs."""

    temperature_K: float
    accepted: float
    gold_at_surface: float
    unlike_bonds: float


def main() -> None:
    """Run the example, its isomers and its report, and record them."""
    example = (EXAMPLES / "cuau55" / "study.toml").read_text()
    with work_folder(__doc__, report="write the report, too") as arguments:
        thermo = run_study(arguments.folder, example, arguments.workers)
        deckgen.isomers(arguments.folder, workers=arguments.workers)
        found = read_isomers(StudyFolder(arguments.folder).results)
        orders = _orders(arguments.folder)
        if arguments.report:
            deckgen.report(arguments.folder)
    peak, isomers = Peak.of(thermo), found.isomers
    lowest = isomers[0]
    record(
        "melting/cuau55",
        "Cu42Au13, Gupta potential, 21 temperatures of 500 ps, atoms swapped",
        {
            "with an interval": peak.temperature_ci95_K is not None,
            "swaps are accepted at every rung": all(order.accepted > 0 for order in orders),
            "gold goes to the surface as it gets colder": orders[0].gold_at_surface > orders[-1].gold_at_surface,
            "the lowest isomer has the bonds of an icosahedron": _is_icosahedron(lowest),
        },
        _rows(peak, orders, isomers),
        peak=peak,
        orders=orders,
        n_isomers=len(isomers),
        n_geometries=len({isomer.geometry for isomer in isomers}),
        lowest=lowest,
    )


def _orders(folder: Path) -> list[Order]:
    found = []
    for run in harvest(folder).series:
        frames = list(read_frames(run.frames))
        late = frames[len(frames) // 2 :: EVERY]
        orders = [chemical_order(frame.symbols, frame.positions_A) for frame in late]
        tried, accepted = run.swaps
        surface = np.mean([order.shells[-1].get("Au", 0) for order in orders])
        unlike = np.mean([order.unlike_bonds for order in orders])
        found.append(Order(run.temperature_K, accepted / tried, float(surface), float(unlike)))
    return found


def _is_icosahedron(isomer: IsomerEntry) -> bool:
    """Return whether it has the Mackay icosahedron's neighbours: 12 atoms of 6, 30 of 8, 13 of 12."""
    return isomer.coordination == {"6": 12, "8": 30, "12": 13}


def _rows(peak: Peak, orders: list[Order], isomers: tuple[IsomerEntry, ...]) -> list[tuple[str, ...]]:
    rows = [
        ("", "", "", ""),
        ("**Tm / K**, 95 %", f"{peak.temperature_K:.1f}", interval(peak.temperature_ci95_K, 1), ""),
        ("**height / C0**, 95 %", f"{peak.height_over_c0:.2f}", interval(peak.height_ci95_over_c0, 2), ""),
        ("**T / K**", "swaps accepted", "gold atoms at the surface", "bonds of unlike atoms"),
    ]
    for order in orders:
        numbers = (f"{100 * order.accepted:.1f} %", f"{order.gold_at_surface:.2f}", f"{order.unlike_bonds:.1f}")
        rows.append((f"{order.temperature_K:.0f}", *numbers))
    rows.append(("**isomers**, by energy / eV", "geometry", "shells", "bonds of unlike atoms"))
    for isomer in isomers[:SHOWN]:
        shells = " \\| ".join(" ".join(f"{symbol}{n}" for symbol, n in shell.items()) for shell in isomer.shells)
        words = (f"{isomer.geometry}, {isomer.point_group}", shells, str(isomer.unlike_bonds))
        rows.append((f"{isomer.rank}: {isomer.relative_eV:.4f}", *words))
    geometries = len({isomer.geometry for isomer in isomers})
    rows.append((f"{len(isomers)} in all", f"{geometries} geometries", "", ""))
    return rows


if __name__ == "__main__":
    main()
