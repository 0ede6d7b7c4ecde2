"""The double funnel of LJ38 in a container of 2.25 sigma: examples/lj38, from the octahedron and from the melt.

Two ladders of twelve rungs of 10 ns each, T* = 0.08 to 0.24, that exchange configurations every 5 ps; then the isomers
of their frames. The criteria, set before the run:

- the start is the truncated octahedron, -173.928427 epsilon (Wales and Doye, J. Phys. Chem. A 101, 5111 (1997));
- both starts melt at one temperature, within the 95 % interval of the difference, and near 0.17, read as 10 % about it;
- the harmonic superposition of the isomers, which needs no way from funnel to funnel, has a peak near 0.11, read as
  0.10 to 0.13, where the octahedron gives way to the icosahedra;
- at every rung both starts have the same part of their frames in the octahedron's funnel, to 0.1.

The last is what makes LJ38 hard: of long annealing runs 2 % end in the octahedron, 80 % at the bottom of the
icosahedral funnel, and the superposition has two peaks, of which the lower is the transition between the funnels (Doye,
"The effect of compression on the global optimization of atomic clusters", Phys. Rev. E 62, 8753 (2000)). Where it
fails, the table says what was seen for which cost. Parallel tempering has brought the funnels into equilibrium:
Neirotti, Calvo, Freeman, Doll, J. Chem. Phys. 112, 10340 (2000), arXiv:physics/0003068; the temperatures of the paper
were not at hand.

A minimum counts as the octahedron's if no pair of neighbours has the five-fold surroundings of icosahedra (common
neighbours 555).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

import deckgen
from deckgen.analysis.figures.style import save
from deckgen.analysis.results import Thermodynamics
from validation.common import HERE, record, run_study, work_folder
from validation.melting.lj.argon import EPSILON_EV, EPSILON_K, HEAD, ReducedPeak, begun_with, figure_of

OCTAHEDRON, CLOSE = -173.928427, 1e-4
"""Energy of the lowest minimum and how near the start must be to it, in epsilon."""
MELTING_T, NEAR = 0.17, 0.10
TRANSITION_T = (0.10, 0.13)
SAME = 0.1
"""Of the frames of a rung in the octahedron's funnel."""
FIVE_FOLD = "555"
STARTS = {"minimum": "the octahedron", "melted": "the melt"}


@dataclass(frozen=True)
class Funnels:
    """Where the frames of a study quench to.

    Parameters
    ----------
    lowest
        Energy of its lowest isomer, in epsilon.
    temperatures
        Of the rungs, reduced.
    octahedral
        The part of each rung's frames that quench to minima of the octahedron's funnel.
    n_quenched
        Frames.
    """

    lowest: float
    temperatures: tuple[float, ...]
    octahedral: tuple[float, ...]
    n_quenched: int

    @classmethod
    def of(cls, folder: Path, workers: int | None) -> Self:
        """Quench the frames of a study that has run."""
        found = deckgen.isomers(folder, workers=workers).found
        counts = sum((isomer.counts for isomer in found.isomers if FIVE_FOLD not in isomer.cna), np.zeros(1))
        return cls(
            found.isomers[0].minimum.energy_eV / EPSILON_EV,
            tuple(T / EPSILON_K for T in found.temperatures_K),
            tuple((counts / np.asarray(found.quenched)).tolist()),
            found.n_quenched,
        )

    def head(self) -> str:
        """Return the head of a column of the table."""
        return f"frames in the octahedron's funnel, in %, at T* = {', '.join(f'{T:.2f}' for T in self.temperatures)}"

    def cell(self) -> str:
        """Return what the column says."""
        return ", ".join(f"{100 * part:.0f}" for part in self.octahedral)


def main() -> None:
    """Run both studies and record what they say."""
    with work_folder(__doc__) as arguments:
        found, funnels = dict[str, Thermodynamics](), dict[str, Funnels]()
        for start, name in STARTS.items():
            folder, text = arguments.folder / start, begun_with("lj38", start)
            run_study(folder, text, arguments.workers)
            funnels[name] = Funnels.of(folder, arguments.workers)
            found[name] = deckgen.analyse(folder)
    solid, melt = (ReducedPeak.of(thermo) for thermo in found.values())
    lowest, shares = funnels["the octahedron"].lowest, [one.octahedral for one in funnels.values()]
    low_T = _low_peak(found["the octahedron"])
    save(figure_of(found, found["the octahedron"]), HERE / "melting" / "lj" / "lj38")
    low, high = TRANSITION_T
    record(
        "melting/lj/lj38",
        "LJ38 in a container of 2.25 sigma",
        {
            f"the lowest minimum is the octahedron's, {OCTAHEDRON}": abs(lowest - OCTAHEDRON) < CLOSE,
            "both starts melt at one temperature (95 %)": solid.agrees(melt)[0],
            f"both within {NEAR:.0%} of {MELTING_T:.2f}": all(
                abs(peak.T / MELTING_T - 1) <= NEAR for peak in (solid, melt)
            ),
            f"the superposition of the isomers has a peak from {low:.2f} to {high:.2f}": (
                low_T is not None and low <= low_T <= high
            ),
            f"both starts are in the octahedron's funnel equally often at every rung, to {SAME}": bool(
                np.max(np.abs(np.subtract(*shares))) <= SAME
            ),
        },
        [
            (*HEAD, funnels["the melt"].head()),
            (*solid.row("the octahedron"), funnels["the octahedron"].cell()),
            (*melt.row("the melt"), funnels["the melt"].cell()),
        ],
        peaks={"the octahedron": solid, "the melt": melt},
        funnels=funnels,
        superposition_peak=low_T,
    )


def _low_peak(thermo: Thermodynamics) -> float | None:
    """Return the reduced temperature of the first maximum of the harmonic superposition; None without one."""
    curve = thermo.superposition
    if curve is None:
        return None
    tops = np.flatnonzero((curve[1:-1] > curve[:-2]) & (curve[1:-1] > curve[2:])) + 1
    return float(thermo.temperatures_K[tops[0]]) / EPSILON_K if len(tops) else None


if __name__ == "__main__":
    main()
