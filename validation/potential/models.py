"""Two models from the data of na-gap, on the same held-out trajectories: M1 of Na55 alone, M2 of all sizes.

M2 is the recipe that ships. The frames of other sizes are there for what they do to other sizes; they must not cost
Na55 its accuracy. The fits take some minutes each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from deckgen.decks.potentials import BUILTIN
from deckgen.training.curate import Curation, curate
from deckgen.training.dataset import Dataset
from deckgen.training.e0 import e0_of
from deckgen.training.fit.fit import fit
from deckgen.training.read import read_data
from deckgen.training.recipe import Recipe
from deckgen.training.validation.errors import PERCENT_NOTE, PotentialErrors
from deckgen.training.validation.model import ModelReport, validate_model
from validation.common import record, work_folder

SHIPPED = BUILTIN["na-gap"].file
GOAL_MEV_ATOM, GOAL_MEV_A = 1.0, 20.0
SAME = 0.05
HEAD = (
    *("frames", "atoms", "number"),
    *("E rmse / meV/atom, M1", "M2", "F rmse / meV/Å, M1", "M2", "F max / eV/Å, M1", "M2"),
)


def main() -> None:
    """Fit both models and record their errors."""
    recipe = Recipe.read(SHIPPED.parent)
    dataset = read_data(recipe.data, recipe.folder).dataset
    e0 = e0_of(dataset, recipe.data.e0)
    with work_folder(__doc__) as arguments:
        curation = curate(recipe, dataset, workers=arguments.workers)
        sets = {"held out": curation.holdout, "fitted by M2": curation.train}
        fits, reports = {}, {}
        for name, frames in (("M1", curation.train.of_size(55)), ("M2", curation.train)):
            made = fit(recipe, frames, arguments.folder / name, threads=arguments.workers, progress=print)
            fits[name] = {key: getattr(made, key) for key in ("n_frames", "n_targets", "seconds", "peak_bytes")}
            reports[name] = validate_model(made.xml, sets, e0, recipe.validation, workers=arguments.workers)
        held_out = {"held out": curation.holdout}
        shipped = validate_model(SHIPPED, held_out, e0, recipe.validation, workers=arguments.workers)
    na55 = shipped.errors["held out"].by_size[55]
    record(
        "potential/models",
        "na-gap: M1 fitted to Na55 alone, M2 to all sizes",
        _checks(reports["M1"], reports["M2"], na55),
        [HEAD, *(row for kind in sets for row in _rows(kind, reports))],
        frames=_counts(curation),
        fits=fits,
        errors={name: {kind: table.to_json() for kind, table in r.errors.items()} for name, r in reports.items()},
        shipped={"sha256": shipped.sha256, "held_out_na55": asdict(na55)},
        findings={name: report.findings for name, report in reports.items()},
        minima={name: [asdict(order) for order in report.minima] for name, report in reports.items()},
        note=PERCENT_NOTE,
    )


def _checks(one: ModelReport, two: ModelReport, shipped_na55: PotentialErrors) -> dict[str, bool]:
    first, second = (report.errors["held out"] for report in (one, two))
    pairs = [(first.by_size[n], second.by_size[n]) for n in first.by_size if n != 55]
    na55 = second.by_size[55]
    return {
        f"M2, held-out Na55: below {GOAL_MEV_ATOM:g} meV/atom and {GOAL_MEV_A:g} meV/Å": _reaches(na55),
        "held out, M2's energies of every other size are better than M1's": all(
            m2.energy_rmse_meV_atom < m1.energy_rmse_meV_atom for m1, m2 in pairs
        ),
        "held out, its forces over all sizes are better": second.overall.force_rmse_meV_A
        < first.overall.force_rmse_meV_A,
        f"the file that ships has M2's errors on held-out Na55, within {100 * SAME:g} %": _same(na55, shipped_na55),
        "M2: dimer and stretched cluster sane, the lowest minimum of the labels is its lowest": not two.findings,
    }


def _reaches(errors: PotentialErrors) -> bool:
    return errors.energy_rmse_meV_atom < GOAL_MEV_ATOM and errors.force_rmse_meV_A < GOAL_MEV_A


def _same(one: PotentialErrors, other: PotentialErrors) -> bool:
    pairs = (
        (one.energy_rmse_meV_atom, other.energy_rmse_meV_atom),
        (one.force_rmse_meV_A, other.force_rmse_meV_A),
    )
    return all(abs(mine - its) <= SAME * its for mine, its in pairs)


def _counts(curation: Curation) -> dict[str, dict[int, int]]:
    def by_size(frames: Dataset) -> dict[int, int]:
        return {size: len(frames.of_size(size)) for size in frames.sizes}

    return {
        "M1": by_size(curation.train.of_size(55)),
        "M2": by_size(curation.train),
        "held out": by_size(curation.holdout),
    }


def _rows(kind: str, reports: Mapping[str, ModelReport]) -> list[tuple[str, ...]]:
    """Table 3: the models side by side, by cluster size and over all."""
    first, second = (report.errors[kind] for report in reports.values())
    pairs = [(str(n), first.by_size[n], second.by_size[n]) for n in first.by_size]
    return [
        (
            kind,
            size,
            str(m1.n_frames),
            f"{m1.energy_rmse_meV_atom:.2f}",
            f"{m2.energy_rmse_meV_atom:.2f}",
            f"{m1.force_rmse_meV_A:.1f}",
            f"{m2.force_rmse_meV_A:.1f}",
            f"{m1.max_force_error_eV_A:.3f}",
            f"{m2.max_force_error_eV_A:.3f}",
        )
        for size, m1, m2 in [*pairs, ("all", first.overall, second.overall)]
    ]


if __name__ == "__main__":
    main()
