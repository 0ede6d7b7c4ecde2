"""The isomers of the paper's sizes with the built-in GAP, from fewer frames than the paper's 12,000.

Na147, Na200, Na201 and Na252 at four temperatures, 60 ps each, a quench every 0.5 ps: 480 a cluster. The paper has six
temperatures up to 300 K, 400 ps each, a quench every 0.2 ps, and about 40 distinct isomers. In runs as short as these
only what is hot enough leaves the first minimum's surroundings, so the temperatures reach to 350 K, where all melt.
Na147 starts from its icosahedron, the others from icosahedra that are truncated to their size.
"""

from __future__ import annotations

from validation.common import record, work_folder
from validation.isomers.lists import HEAD, Outcome, study_text

SIZES = (147, 200, 201, 252)
TEMPERATURES_K = (200, 250, 300, 350)
PAPER = 40
"""Distinct isomers of each size, about."""


def main() -> None:
    """Run all sizes and record what they say."""
    outcomes = {}
    with work_folder(__doc__) as arguments:
        for size in SIZES:
            text = study_text(size, "na-gap", duration_ps=60, frame_every=250, temperatures_K=TEMPERATURES_K)
            outcomes[f"Na{size}"] = Outcome.of(arguments.folder / f"na{size}", text, arguments.workers)
    found = outcomes.values()
    record(
        "isomers/na_gap",
        "Isomers of Na147, Na200, Na201 and Na252, na-gap",
        {
            f"at least the paper's {PAPER} distinct isomers of each": all(o.n_distinct >= PAPER for o in found),
            "the lowest of Na147 is the icosahedron": outcomes["Na147"].lowest_point_group == "Ih",
            "no quench failed or fell apart": not any(o.n_failed for o in found),
            "the isomers do not depend on the order of the quenches": all(o.same_when_shuffled for o in found),
        },
        [HEAD, *(outcome.row(name) for name, outcome in outcomes.items())],
        outcomes=outcomes,
    )


if __name__ == "__main__":
    main()
