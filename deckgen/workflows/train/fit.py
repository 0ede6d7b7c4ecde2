"""Fitting: the curated frames to a potential."""

from __future__ import annotations

from pathlib import Path

from deckgen.processes.display import Display
from deckgen.processes.lock import LOCK, lock
from deckgen.training.fit.fit import fit as fit_frames
from deckgen.training.fit.record import FitResult
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.folder import FIT
from deckgen.workflows.train.curate import curated_sets

__all__ = ["fit"]


def fit(recipe: Recipe | Path | str = ".", *, threads: int | None = None, progress: bool = True) -> FitResult:
    """Fit a potential to the curated frames, as gap.toml's [fit] says; into fit/.

    The same fit of the same frames is not made again; one that was stopped begins anew. Another one there is moved to
    fit.old/N once this one has succeeded.

    Parameters
    ----------
    recipe
        The training project: its recipe, its folder or its gap.toml.
    threads
        Threads of gap_fit, or processes of engine = "native"; None: as many as cores.
    progress
        Show the stages of the fit on standard error.

    Raises
    ------
    InputError
        If no frames have been curated, or an element has no e0.
    RunError
        If there is not enough memory, the fit fails, its potential is broken or useless, or another command trains in
        this project.
    """
    recipe = recipe if isinstance(recipe, Recipe) else Recipe.read(recipe)
    folder = recipe.folder / FIT
    show = Display(quiet=not progress)
    with lock(recipe.folder / LOCK, f"the training project {recipe.folder}"):
        train = curated_sets(recipe)["train"]
        return fit_frames(recipe, train, folder, threads=threads, progress=show.say)
