"""Tuning: hyperparameters of the fit compared on trajectories that are left out; into tune.json."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from deckgen.errors import InputError
from deckgen.files import write_json
from deckgen.processes.executor import open_executor
from deckgen.processes.lock import LOCK, lock
from deckgen.training.e0 import e0_of
from deckgen.training.fit.native.tune import Trial, tune_fit
from deckgen.training.fit.scales import with_scales
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.folder import TUNED
from deckgen.workflows.train.curate import curated_sets

__all__ = ["Tuned", "tune"]


@dataclass(frozen=True)
class Tuned:
    """The trials, and where they were written.

    Attributes
    ----------
    trials
        In the order of [tune] values, then of the values.
    file
        tune.json.
    """

    trials: tuple[Trial, ...]
    file: Path


def tune(
    recipe: Recipe | Path | str = ".",
    *,
    workers: int | None = None,
    show: Callable[[Trial], None] | None = None,
) -> Tuned:
    """Compare the hyperparameters that gap.toml's [tune] names, on the curated frames; into tune.json.

    The frames that are held out take no part. gap.toml is left as it is: the best values are for you to put in.

    Parameters
    ----------
    recipe
        The training project: its recipe, its folder or its gap.toml.
    workers
        Processes at once; None: as many as cores.
    show
        Called with every trial as it ends.

    Raises
    ------
    InputError
        If no frames are curated, no values are given, or the fit is not one of engine = "native".
    """
    recipe = recipe if isinstance(recipe, Recipe) else Recipe.read(recipe)
    if not recipe.tune.values or recipe.fit.engine != "native":
        raise InputError(
            f"{recipe.file}: no values to try, or another engine",
            hint='[fit] engine = "native", and [tune.values] "soap.delta_eV" = [0.5, 2.0]',
        )
    with lock(recipe.folder / LOCK, f"the training project {recipe.folder}"), open_executor(workers) as executor:
        train = curated_sets(recipe)["train"]
        e0 = e0_of(train, recipe.data.e0)
        fit = with_scales(recipe.fit, train, e0)
        _, trials = tune_fit(fit, recipe.tune, train, e0, executor=executor, show=show or _silent)
        write_json(recipe.folder / TUNED, {"trials": [asdict(trial) for trial in trials]})
    return Tuned(tuple(trials), recipe.folder / TUNED)


def _silent(trial: Trial) -> None:
    """Show nothing."""
