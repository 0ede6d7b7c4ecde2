"""The melting of LJ55 in a container of 3 sigma: examples/lj55, all runs from the icosahedron and all from the melt.

Two ladders of eight rungs of 4 ns each, T* = 0.26 to 0.35, that exchange configurations every 5 ps. The criteria, set
before the run: both starts have their peak at one temperature and of one height, within the 95 % intervals of the
differences; the runs of both together have it where it is published to be, "near 0.30" read as 5 % about it, with a
standard error below 1 %.

Where it lies: the complete Mackay icosahedron of 55 atoms has the largest peak of all sizes from 25 to 60 (Frantz,
"Magic number behavior for heat capacities of medium-sized classical Lennard-Jones clusters", J. Chem. Phys. 115, 6136
(2001)). The paper's tables were not at hand, so none of their numbers is repeated here. The peak depends on the
container: what evaporates in a larger one is held together in this.
"""

from __future__ import annotations

from deckgen.analysis.figures.style import save
from validation.common import HERE, pooled, record, run_study, work_folder
from validation.melting.lj.argon import HEAD, ReducedPeak, begun_with, figure_of

PUBLISHED_T, NEAR = 0.30, 0.05
LARGEST_RELATIVE_ERROR = 0.01
STARTS = {"minimum": "the icosahedron", "melted": "the melt"}


def main() -> None:
    """Run both studies and record what they say."""
    with work_folder(__doc__) as arguments:
        folders = {start: arguments.folder / start for start in STARTS}
        found = {
            STARTS[start]: run_study(folder, begun_with("lj55", start), arguments.workers)
            for start, folder in folders.items()
        }
        peaks = {name: ReducedPeak.of(thermo) for name, thermo in found.items()}
        both = ReducedPeak.of(pooled(list(folders.values())))
    save(figure_of(found), HERE / "melting" / "lj" / "lj55")
    same_position, same_height = peaks["the icosahedron"].agrees(peaks["the melt"])
    record(
        "melting/lj/lj55",
        "LJ55 in a container of 3 sigma",
        {
            "both starts have the peak at one temperature (95 %)": same_position,
            "both starts have a peak of one height (95 %)": same_height,
            f"both together within {NEAR:.0%} of {PUBLISHED_T:.2f}": abs(both.T / PUBLISHED_T - 1) <= NEAR,
            f"with a standard error below {LARGEST_RELATIVE_ERROR:.0%}": (
                both.T_error is not None and both.T_error / both.T < LARGEST_RELATIVE_ERROR
            ),
        },
        [HEAD, *(peak.row(name) for name, peak in peaks.items()), both.row("either: all runs together")],
        peaks=peaks,
        both=both,
    )


if __name__ == "__main__":
    main()
