"""A committee of potentials: where they disagree, the data do not determine the potential."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from deckgen.processes.executor import TaskExecutor
from deckgen.training.dataset import Dataset
from deckgen.training.fit.fit import fit
from deckgen.training.predict import predict
from deckgen.training.recipe import Recipe

__all__ = ["disagreement", "fit_committee"]

SHARE = 2 / 3


def fit_committee(recipe: Recipe, train: Dataset, folder: Path, *, size: int, seed: int) -> list[Path]:
    """Fit `size` potentials, each to other random two thirds of the frames, in `folder`/1, 2 ...; return their xml.

    Existing fits are not made again.
    """
    xmls = []
    for number in range(1, size + 1):
        rng = np.random.default_rng((seed, number))
        chosen = rng.permutation(len(train))[: max(1, round(SHARE * len(train)))]
        xmls.append(fit(recipe, train.select(sorted(chosen.tolist())), folder / str(number)).xml)
    return xmls


def disagreement(
    xmls: Sequence[Path], frames: Sequence[Atoms], *, workers: int | None = None, executor: TaskExecutor | None = None
) -> NDArray[np.float64]:
    """Return the disagreement of potentials on each frame, (K,), in eV/A.

    It is the largest over the atoms of sqrt(mean over the potentials of |F - mean F|^2).
    """
    predictions = [predict(xml, frames, workers=workers, executor=executor) for xml in xmls]
    worst = []
    for k in range(len(frames)):
        forces = np.array([of_one[k].forces_eV_A for of_one in predictions])
        variance = np.square(forces - forces.mean(axis=0)).sum(axis=2).mean(axis=0)
        worst.append(float(np.sqrt(variance.max())))
    return np.array(worst)
