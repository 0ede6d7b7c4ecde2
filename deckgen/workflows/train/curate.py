"""Curating: the labelled frames, divided into those to fit, those held out and the pool."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from deckgen.errors import InputError
from deckgen.findings import Finding
from deckgen.processes.lock import alone_in
from deckgen.summaries import Summarised, Summary
from deckgen.training.curate import Curation, about_holdout, write_curation
from deckgen.training.curate import curate as divide
from deckgen.training.dataset import Dataset
from deckgen.training.extxyz import read_dataset
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.folder import CURATED, HOLDOUT, TRAIN
from deckgen.workflows.train.read import read

__all__ = ["Curated", "curate", "curated_sets"]


@dataclass(frozen=True, eq=False, repr=False)
class Curated(Summarised):
    """The frames by their use, and where they were written.

    Attributes
    ----------
    curation
        The frames.
    findings
        Warnings about the frames that were read and divided.
    folder
        The project's curated/.
    """

    curation: Curation
    findings: tuple[Finding, ...]
    folder: Path

    def summary(self) -> Summary:
        """Return how many frames of each formula have which use."""
        sets = (self.curation.train, self.curation.holdout, self.curation.pool)
        counts = [Counter(frame.formula for frame in dataset.frames) for dataset in sets]
        formulae = sorted(sum(counts, Counter()))
        rows = [(formula, *(f"{count[formula]}" for count in counts)) for formula in formulae]
        title = f"{len(sets[0])} frames to fit, {len(sets[1])} held out"
        return Summary(title, ("formula", "to fit", "held out", "pool"), rows, [one.message for one in self.findings])


def curate(recipe: Recipe | Path | str = ".", *, workers: int | None = None) -> Curated:
    """Drop near-duplicates, hold trajectories out and select frames as gap.toml's [curate] says; into curated/.

    Parameters
    ----------
    recipe
        The training project: its recipe, its folder or its gap.toml.
    workers
        Processes for the descriptors; None: as many as cores.

    Raises
    ------
    InputError
        If the frames cannot be read, a trajectory to hold out does not exist, or no frame is left to fit.
    """
    recipe = recipe if isinstance(recipe, Recipe) else Recipe.read(recipe)
    reading = read(recipe)
    curation = divide(recipe, reading.dataset, workers=workers)
    with alone_in(recipe.folder / CURATED):
        write_curation(curation, recipe.folder / CURATED)
    findings = (*reading.findings, *about_holdout(curation, recipe.curate))
    return Curated(curation, findings, recipe.folder / CURATED)


def curated_sets(recipe: Recipe) -> dict[str, Dataset]:
    """Return the curated frames: `train` and `holdout`.

    Raises
    ------
    InputError
        If they have not been curated.
    """
    folder = recipe.folder / CURATED
    if not (folder / TRAIN).is_file():
        raise InputError(f"{folder}: no curated frames", hint="make them: deckgen train curate")
    return {"train": read_dataset(folder / TRAIN), "holdout": read_dataset(folder / HOLDOUT)}
