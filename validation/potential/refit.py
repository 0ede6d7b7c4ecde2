"""What new frames do to na-gap: its bias between solid and liquid after a fit with the frames that showed it.

The frames of `bias.py` are divided by trajectory in two parts. A fit to na-gap's data and the frames of one part is
tried on those of the other, so that each frame is predicted by a fit that has not seen its trajectory. Recipes:
na-gap's own; energies weighted more, as befits labels that are converged to 5e-6 eV per electron; the same with more
sparse points and a finer SOAP.

    python -m validation.potential.refit

The last column is the correlation of the errors of liquid Na55, frame by frame, with those of the last recipe: what
different recipes leave alike is not in a sum of local energies, or not in the labels' precision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deckgen.decks.potentials import BUILTIN
from deckgen.training.curate import Curation, curate
from deckgen.training.dataset import Dataset, LabelledFrame
from deckgen.training.e0 import e0_of
from deckgen.training.fit.fit import fit
from deckgen.training.predict import Prediction, predict
from deckgen.training.read import read_data
from deckgen.training.recipe import Recipe
from deckgen.training.validation.errors import error_table
from validation.common import record, work_folder
from validation.potential.bias import CLUSTERS, labelled
from validation.potential.phases import MOST_MEV_ATOM, Bias, PhaseError, phase_errors

PARTS = 2
WEIGHTED: dict[str, Any] = {"sigma": {"energy_eV_atom": 0.001}}
RECIPES: dict[str, dict[str, Any]] = {
    "na-gap's recipe": {},
    "energies to 1 meV/atom": WEIGHTED,
    "the same, n 10, l 6, 1,500 sparse points": WEIGHTED | {"soap": {"n_max": 10, "l_max": 6, "n_sparse": 1500}},
}
HEAD = (
    *("recipe", "cluster", "solid: mean error / meV/atom", "liquid", "liquid less solid"),
    *("rmse solid", "liquid", "F rmse solid / meV/Å", "liquid", "correlation"),
)

Array = NDArray[np.float64]
Frames = dict[str, list[LabelledFrame]]


@dataclass(frozen=True, eq=False)
class Refit:
    """Predictions of fits that did not see the trajectory, by cluster, and errors on na-gap's held-out frames."""

    new: Mapping[str, Sequence[Prediction]]
    held_out: Mapping[int, Mapping[str, Any]]
    seconds: float


def main() -> None:
    """Fit each recipe to each part, and record."""
    recipe = Recipe.read(BUILTIN["na-gap"].file.parent)
    dataset = read_data(recipe.data, recipe.folder).dataset
    e0 = e0_of(dataset, recipe.data.e0)
    frames = {cluster: labelled(cluster) for cluster in CLUSTERS}
    with work_folder(__doc__) as arguments:
        curation = curate(recipe, dataset, workers=arguments.workers)
        made = {
            name: refit(_changed(recipe, changes), curation, frames, e0, arguments.folder / f"{k}", arguments.workers)
            for k, (name, changes) in enumerate(RECIPES.items())
        }
    errors = {
        name: {cluster: tuple(phase_errors(cluster, frames[cluster], one.new[cluster])) for cluster in CLUSTERS}
        for name, one in made.items()
    }
    alike = correlations(frames["na55"], {name: one.new["na55"] for name, one in made.items()})
    biases = {name: {cluster: Bias.between(*of[cluster]) for cluster in CLUSTERS} for name, of in errors.items()}
    record(
        "potential/refit",
        "na-gap fitted with frames of its own dynamics: errors on trajectories that were left out",
        {
            f"{name}, {cluster}: |bias| + 2 standard errors below {MOST_MEV_ATOM:g} meV/atom": bias.small
            for name, of in biases.items()
            for cluster, bias in of.items()
        },
        [HEAD, *(row for name, of in errors.items() for row in rows(name, of, biases[name], alike[name]))],
        errors=errors,
        bias=biases,
        correlations=alike,
        held_out={name: one.held_out for name, one in made.items()},
        seconds={name: one.seconds for name, one in made.items()},
    )


def _changed(recipe: Recipe, changes: Mapping[str, Mapping[str, Any]]) -> Recipe:
    tables = {name: getattr(recipe.fit, name).model_copy(update=dict(table)) for name, table in changes.items()}
    return recipe.model_copy(update={"fit": recipe.fit.model_copy(update={"engine": "native", **tables})})


def refit(
    recipe: Recipe, curation: Curation, frames: Frames, e0: Mapping[str, float], folder: Path, workers: int | None
) -> Refit:
    """Fit without each part in turn and predict that part; na-gap's held-out frames by the first of the fits."""
    new: dict[str, dict[int, Prediction]] = {cluster: {} for cluster in frames}
    held_out, seconds = {}, 0.0
    for part in range(PARTS):
        left_out = {cluster: _of_part(some, part) for cluster, some in frames.items()}
        added = [f for cluster, some in frames.items() for k, f in enumerate(some) if k not in left_out[cluster]]
        made = fit(recipe, curation.train + Dataset(tuple(added)), folder / f"{part}", threads=workers, progress=print)
        seconds += made.seconds
        for cluster, chosen in left_out.items():
            answers = predict(made.xml, [frames[cluster][k].atoms for k in chosen], workers=workers)
            new[cluster] |= dict(zip(chosen, answers, strict=True))
        if part == 0:
            answers = predict(made.xml, [frame.atoms for frame in curation.holdout.frames], workers=workers)
            by_size = error_table(curation.holdout, answers, e0).by_size
            held_out = {size: asdict(errors) for size, errors in by_size.items()}
    in_order = {cluster: [some[k] for k in range(len(frames[cluster]))] for cluster, some in new.items()}
    return Refit(in_order, held_out, seconds)


def _of_part(frames: Sequence[LabelledFrame], part: int) -> list[int]:
    """Return the frames of every other trajectory of each phase: temperatures alternate."""
    chosen = set()
    for phase in ("solid", "liquid"):
        trajectories = sorted({frame.trajectory for frame in frames if frame.atoms.info["phase"] == phase})
        chosen |= set(trajectories[part::PARTS])
    return [k for k, frame in enumerate(frames) if frame.trajectory in chosen]


def correlations(frames: Sequence[LabelledFrame], predictions: Mapping[str, Sequence[Prediction]]) -> dict[str, float]:
    """Return the correlation of each recipe's errors of the energy of liquids with those of the last recipe."""
    liquid = [k for k, frame in enumerate(frames) if frame.atoms.info["phase"] == "liquid"]
    errors = {
        name: np.array([some[k].energy_eV - frames[k].energy_eV for k in liquid]) for name, some in predictions.items()
    }
    last = list(errors.values())[-1]
    return {name: float(np.corrcoef(one, last)[0, 1]) for name, one in errors.items()}


def rows(
    name: str, errors: Mapping[str, tuple[PhaseError, ...]], biases: Mapping[str, Bias], alike: float
) -> list[tuple[str, ...]]:
    """Return the rows of a recipe."""
    return [
        (
            *(name, cluster, solid.cells[3], liquid.cells[3], biases[cluster].words),
            *(solid.cells[4], liquid.cells[4], solid.cells[5], liquid.cells[5]),
            f"{alike:.2f}" if cluster == CLUSTERS[0] else "",
        )
        for cluster, (solid, liquid) in errors.items()
    ]


if __name__ == "__main__":
    main()
