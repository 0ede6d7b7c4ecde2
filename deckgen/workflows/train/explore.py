"""One round of active learning: dynamics with the current potential, its least certain frames, and their labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms

from deckgen.errors import RunError
from deckgen.files import write_whole
from deckgen.processes.executor import TaskExecutor
from deckgen.training.dataset import Dataset
from deckgen.training.e0 import e0_of
from deckgen.training.extxyz import frames_text, read_dataset
from deckgen.training.fit.committee import disagreement, fit_committee
from deckgen.training.fit.native.uncertainty import uncertainties
from deckgen.training.fit.scales import with_scales
from deckgen.training.predict import soap_vectors
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.folder import LABELLED, LABELS, XML
from deckgen.training.selection import nearest_distance, pick_diverse
from deckgen.workflows.train.label import label_under_lock
from deckgen.workflows.train.sample.nvt import sample_nvt

__all__ = ["explore", "explored"]

PICKED = "picked.extxyz"


def explore(
    recipe: Recipe, folder: Path, train: Dataset, number: int, executor: TaskExecutor, *, progress: bool = True
) -> Dataset:
    """Run dynamics with `folder`/gap.xml as [sample] says, pick frames, and label them with [reference].

    Existing runs, picks and labels are not made again.

    Parameters
    ----------
    recipe
        The training project.
    folder
        The round's folder.
    train
        The frames that the potential was fitted to.
    number
        Number of the round; every round has runs of its own.
    executor
        Runs the dynamics, the labels, the descriptors and the committee's forces.

    Raises
    ------
    RunError
        If no run gave a frame, no frame got a usable label, or labels are to be made elsewhere.
    """
    picked = folder / PICKED
    if not picked.is_file():
        settings = recipe.sample.model_copy(
            update={"potential": str((folder / XML).resolve()), "seed": recipe.sample.seed + number}
        )
        frames, failed = sample_nvt(
            settings, folder, executor=executor, progress=progress, prefix=f"round-{number:02d}-"
        )
        if not frames:
            raise RunError("the dynamics with the current potential gave no frame: " + "; ".join(failed))
        write_whole(picked, frames_text(_pick(recipe, folder, train, frames, number, executor)))
    result = label_under_lock(recipe, picked, folder / LABELS, executor=executor, progress=progress)
    if result.n_waiting:
        raise RunError(
            f"{result.n_waiting} folders under {folder / LABELS} have no result yet",
            hint="run VASP in them, then give the same command again: it resumes",
        )
    found = explored(recipe, folder)
    if not len(found):
        raise RunError(
            f"{folder}: no frame of the dynamics has a label worth adding",
            hint=f"see {folder / LABELS}; begin with a better potential, or at lower temperatures",
        )
    return found


def explored(recipe: Recipe, folder: Path) -> Dataset:
    """Return a round's new labels, without those with forces beyond [augment] largest_force_eV_A."""
    found = read_dataset(folder / LABELS / LABELLED)
    limit = recipe.augment.largest_force_eV_A
    return found.select(k for k, frame in enumerate(found.frames) if abs(frame.forces_eV_A).max() <= limit)


def _pick(
    recipe: Recipe, folder: Path, train: Dataset, frames: Sequence[Atoms], number: int, executor: TaskExecutor
) -> list[Atoms]:
    """Return the frames of which a committee or the fit is least certain, or that lie farthest from the fitted ones."""
    settings = recipe.augment
    vectors = soap_vectors(frames, recipe.fit.soap, executor=executor)
    if settings.by == "committee":
        xmls = fit_committee(recipe, train, folder / "committee", size=settings.committee, seed=number)
        scores = disagreement(xmls, frames, executor=executor)
    elif settings.by == "variance":
        fit = with_scales(recipe.fit, train, e0_of(train, recipe.data.e0))
        found = uncertainties(folder / XML, fit, frames, executor=executor)
        scores = np.array([one.largest_eV_A for one in found])
    else:
        known = soap_vectors([frame.atoms for frame in train.frames], recipe.fit.soap, executor=executor)
        scores = nearest_distance(vectors, known)
    chosen = pick_diverse(
        scores,
        vectors,
        [str(atoms.info["trajectory"]) for atoms in frames],
        count=settings.add_per_round,
        spread=settings.spread,
        per_trajectory=settings.per_trajectory,
    )
    return [frames[k] for k in chosen]
