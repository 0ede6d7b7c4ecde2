"""The isomers of Na55 and Na147 with the Gupta potential: 12,000 quenches each, from six temperatures of 400 ps.

The icosahedra are the lowest minima of this potential at both sizes (Reyes-Nava, Garzon, Beltran, Michaelian, "Melting
of sodium clusters", Rev. Mex. Fis. 48, 450 (2002), arXiv:physics/0207068). The list of isomers must not depend on the
order in which the quenches come: they are shuffled and distinguished once more.
"""

from __future__ import annotations

from validation.common import record, work_folder
from validation.isomers.lists import HEAD, Outcome, study_text

SIZES = (55, 147)


def main() -> None:
    """Run both clusters and record what they say."""
    outcomes = {}
    with work_folder(__doc__) as arguments:
        for size in SIZES:
            text = study_text(size, "na-gupta", duration_ps=400, frame_every=100)
            outcomes[f"Na{size}"] = Outcome.of(arguments.folder / f"na{size}", text, arguments.workers)
    found = outcomes.values()
    record(
        "isomers/gupta",
        "Isomers of Na55 and Na147, Gupta potential",
        {
            "at least 12,000 quenches each": all(o.n_quenched >= 12_000 for o in found),
            "the icosahedron is the lowest minimum": all(o.lowest_point_group == "Ih" for o in found),
            "the isomers do not depend on the order of the quenches": all(o.same_when_shuffled for o in found),
        },
        [HEAD, *(outcome.row(name) for name, outcome in outcomes.items())],
        outcomes=outcomes,
    )


if __name__ == "__main__":
    main()
