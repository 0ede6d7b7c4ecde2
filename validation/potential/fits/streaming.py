"""The memory of a native fit does not grow with the number of configurations: 200 of Na13, and 1,000 of them.

The study's descriptors with 100 sparse points of SOAP; labels by na-gap.

    python -m validation.potential.fits.streaming
"""

from __future__ import annotations

from deckgen.training.fit.fit import fit
from deckgen.training.recipe import Recipe
from validation.common import record, work_folder
from validation.potential.fits.teacher import labelled

COUNTS = (200, 1000)
MOST_GROWTH = 0.05
RECIPE = """
[fit]
engine = "native"
preset = "paper"
[fit.soap]
n_sparse = 100
"""


def main() -> None:
    """Fit both, one process each, and record their memory."""
    with work_folder(__doc__) as arguments:
        frames = labelled(arguments.folder / "frames", (13,), COUNTS[-1], 1, arguments.workers)
        (arguments.folder / "gap.toml").write_text(RECIPE)
        recipe = Recipe.read(arguments.folder)
        made = [
            fit(recipe, frames.select(range(0, len(frames), len(frames) // count)), folder, threads=1, progress=print)
            for count in COUNTS
            for folder in (arguments.folder / f"fit-{count}",)
        ]
    growth = made[-1].peak_bytes / made[0].peak_bytes - 1
    record(
        "potential/fits/streaming",
        "The memory of a native fit against the number of configurations",
        {f"memory grows by less than {100 * MOST_GROWTH:g} %": growth < MOST_GROWTH},
        [
            ("configurations", "targets", "memory / MB", "said before / MB", "time / s"),
            *(
                (
                    f"{one.n_frames:,}",
                    f"{one.n_targets:,}",
                    f"{one.peak_bytes / 1e6:.0f}",
                    f"{one.estimated_bytes / 1e6:.0f}",
                    f"{one.seconds:.0f}",
                )
                for one in made
            ),
        ],
        growth=growth,
    )


if __name__ == "__main__":
    main()
