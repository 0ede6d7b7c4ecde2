"""Augmenting: rounds of fitting, finding the worst frames and adding them, until the potential is good enough."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deckgen.errors import InputError
from deckgen.processes.display import Display
from deckgen.processes.executor import TaskExecutor, use_executor
from deckgen.processes.lock import LOCK, lock
from deckgen.training.dataset import Dataset
from deckgen.training.e0 import e0_of
from deckgen.training.extxyz import read_dataset
from deckgen.training.fit.fit import fit
from deckgen.training.predict import soap_vectors
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.folder import AUGMENT, CURATED, POOL, XML
from deckgen.training.selection import pick_diverse
from deckgen.training.validation.errors import error_table, frame_errors
from deckgen.training.validation.model import predict_groups
from deckgen.workflows.train.curate import curated_sets
from deckgen.workflows.train.explore import explore, explored
from deckgen.workflows.train.rounds import Round, RoundLog, SetErrors, best_round, why_stop

__all__ = ["Augmented", "augment"]

Array = NDArray[np.float64]

NOT_IDENTITY = {"target_eV_A", "max_rounds", "patience"}


@dataclass(frozen=True)
class Augmented:
    """The rounds, and why they ended.

    Attributes
    ----------
    best
        The round with the lowest force error on the held-out frames; the last one if the target was reached.
    xml
        Its potential.
    """

    rounds: tuple[Round, ...]
    outcome: str
    best: Round
    xml: Path


def augment(
    recipe: Recipe | Path | str = ".",
    *,
    workers: int | None = None,
    executor: TaskExecutor | None = None,
    progress: bool = True,
    show: Callable[[Round], None] | None = None,
) -> Augmented:
    """Improve a potential round by round as gap.toml's [augment] says; into augment/.

    Started again, it resumes in the round that was stopped: no run or label is made twice, nor a fit that had ended.

    Parameters
    ----------
    recipe
        The training project: its recipe, its folder or its gap.toml.
    workers
        Processes at once; None: as many as cores.
    executor
        Runs, labels and predicts, in place of one of its own; the fits run here.
    progress
        Show the progress of runs and fits on standard error.
    show
        Called with every round, including those of earlier calls.

    Raises
    ------
    InputError
        If no frames are curated or held out, or augment/ belongs to other frames or settings.
    RunError
        If a fit fails, a round finds no frames or labels, or another process augments this project.
    """
    recipe = recipe if isinstance(recipe, Recipe) else Recipe.read(recipe)
    with (
        lock(recipe.folder / LOCK, f"the training project {recipe.folder}"),
        use_executor(executor, workers) as pool,
    ):
        return _rounds(_Loop(recipe, workers, pool, progress), show)


def _rounds(loop: _Loop, show: Callable[[Round], None] | None) -> Augmented:
    """Run rounds, or take them from the log, until there is a reason to stop."""
    recipe = loop.recipe
    while True:
        number = loop.number
        row = loop.log.rounds[number] if number < len(loop.log.rounds) else loop.run()
        if show:
            show(row)
        rounds = loop.log.rounds[: number + 1]
        if outcome := why_stop(rounds, recipe.augment):
            break
        loop.grow(row)
    loop.log.write(outcome)
    reached = row.max_force_error_eV_A < recipe.augment.target_eV_A
    best = row if reached else best_round(rounds)
    return Augmented(tuple(rounds), outcome, best, recipe.folder / best.xml)


class _Loop:
    """The rounds, one after the other, and the frames of the current one."""

    def __init__(self, recipe: Recipe, workers: int | None, executor: TaskExecutor, progress: bool) -> None:
        self.recipe, self.workers, self.executor, self.progress = recipe, workers, executor, progress
        sets = curated_sets(recipe)
        self.train, self.holdout = sets["train"], sets["holdout"]
        if not len(self.holdout):
            raise InputError("no frames are held out", hint="[curate] holdout_fraction or holdout_trajectories")
        self.folder = recipe.folder / AUGMENT
        file = recipe.folder / CURATED / POOL
        self.by_pool = recipe.augment.by == "pool"
        self.pool = read_dataset(file) if self.by_pool and file.is_file() else Dataset(())
        if self.by_pool and not len(self.pool):
            raise InputError(
                f"{file}: no frames to add: all labelled ones are in the fit or held out",
                hint='begin with fewer ([curate] select = 100), or explore: [augment] by = "committee"',
            )
        self.e0 = e0_of(self.train + self.pool, recipe.data.e0)
        self.log = RoundLog(self.folder, _identity(recipe))
        self.number = 0

    @property
    def round_folder(self) -> Path:
        """Folder of the current round."""
        return self.folder / f"round-{self.number:02d}"

    def run(self) -> Round:
        """Fit, find frames, compare and pick."""
        xml = self.round_folder / XML
        fit(self.recipe, self.train, self.round_folder, threads=self.workers, progress=self._say)
        if not self.by_pool:
            self.pool = explore(
                self.recipe, self.round_folder, self.train, self.number, self.executor, progress=self.progress
            )
        sets = {"train": self.train, "holdout": self.holdout, "pool": self.pool}
        sets = {name: dataset for name, dataset in sets.items() if len(dataset)}
        groups = [[frame.atoms for frame in dataset.frames] for dataset in sets.values()]
        predictions = dict(zip(sets, predict_groups(xml, groups, executor=self.executor), strict=True))
        errors = {name: error_table(sets[name], predictions[name], self.e0).overall for name in sets}
        picks = list(range(len(self.pool)))
        if self.by_pool and len(self.pool):
            picks = self._worst(frame_errors(self.pool.frames, predictions["pool"]).max_force_eV_A)
        row = Round(
            number=self.number,
            n_train=len(self.train),
            xml=str(xml.relative_to(self.recipe.folder)),
            sets={name: SetErrors.of(found) for name, found in errors.items()},
            picks=tuple(picks),
        )
        self.log.add(row)
        return row

    def _say(self, stage: str) -> None:
        Display(quiet=not self.progress).say(f"round {self.number}: {stage}")

    def _worst(self, scores: Array) -> list[int]:
        settings = self.recipe.augment
        return pick_diverse(
            scores,
            soap_vectors([frame.atoms for frame in self.pool.frames], self.recipe.fit.soap, executor=self.executor),
            [frame.trajectory for frame in self.pool.frames],
            count=settings.add_per_round,
            spread=settings.spread,
            per_trajectory=settings.per_trajectory,
        )

    def grow(self, row: Round) -> None:
        """Add a round's picks to the fitted frames and go to the next round."""
        if not self.by_pool:
            self.pool = explored(self.recipe, self.round_folder)
        self.train += self.pool.select(row.picks)
        taken = set(row.picks)
        self.pool = self.pool.select(k for k in range(len(self.pool)) if k not in taken)
        self.number += 1


def _identity(recipe: Recipe) -> str:
    """Hash all that determines the rounds: the curated frames, the fit, how frames are picked."""
    digest = hashlib.sha256()
    for path in sorted((recipe.folder / CURATED).glob("*.extxyz")):
        digest.update(path.read_bytes())
    settings = {
        "fit": recipe.fit.model_dump(mode="json"),
        "data": recipe.data.model_dump(mode="json"),
        "augment": recipe.augment.model_dump(mode="json", exclude=NOT_IDENTITY),
    }
    if recipe.augment.by != "pool":
        settings |= {
            "sample": recipe.sample.model_dump(mode="json"),
            "reference": recipe.reference.model_dump(mode="json", exclude={"python", "timeout_s"}),
        }
    digest.update(json.dumps(settings, sort_keys=True).encode())
    return digest.hexdigest()
