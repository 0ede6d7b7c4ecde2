"""Curating: which labelled frames are fitted, which are held out, which wait in the pool, and which go, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deckgen.errors import InputError
from deckgen.files import write_json
from deckgen.training.dataset import Dataset
from deckgen.training.extxyz import write_dataset
from deckgen.training.predict import soap_vectors
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.data import Curate
from deckgen.training.recipe.folder import CURATION, HOLDOUT, POOL, TRAIN
from deckgen.training.selection import farthest_points, hold_out, share, twins, uniform_in_energy

__all__ = ["Curation", "Dropped", "curate", "write_curation"]

DEFAULT_FRACTION = 0.1


@dataclass(frozen=True)
class Dropped:
    """A frame that is not used.

    Attributes
    ----------
    source, trajectory
        Which one.
    reason
        Why.
    """

    source: str
    trajectory: str
    reason: str


@dataclass(frozen=True, eq=False)
class Curation:
    """The frames by their use; no two sets share a trajectory but `train` and `pool`.

    Attributes
    ----------
    train
        To be fitted, by size and rising energy.
    holdout
        Never fitted.
    pool
        Neither: what `select` left. Augmenting draws from it.
    dropped
        Frames that repeat another one.
    holdout_trajectories
        The trajectories held out.
    """

    train: Dataset
    holdout: Dataset
    pool: Dataset
    dropped: tuple[Dropped, ...]
    holdout_trajectories: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return what was done, as JSON has it."""
        sets = {"train": self.train, "holdout": self.holdout, "pool": self.pool}
        return {
            "n_frames": {name: len(dataset) for name, dataset in sets.items()} | {"dropped": len(self.dropped)},
            "by_size": {name: _by_size(dataset) for name, dataset in sets.items()},
            "holdout_trajectories": list(self.holdout_trajectories),
            "dropped": [asdict(frame) for frame in self.dropped],
        }


def curate(recipe: Recipe, dataset: Dataset, *, workers: int | None = None) -> Curation:
    """Drop repetitions, hold trajectories out, and select what is fitted.

    Parameters
    ----------
    recipe
        Its table [curate], and the SOAP descriptor of [fit] where frames are selected by it.
    dataset
        Labelled frames.
    workers
        Processes for the descriptors; None: as many as cores.

    Raises
    ------
    InputError
        If a trajectory to hold out does not exist, or nothing is left to fit.
    """
    settings = recipe.curate
    repeated = twins(
        [frame.atoms for frame in dataset.frames],
        [frame.energy_eV for frame in dataset.frames],
        settings.energy_window_eV,
    )
    held = _held_out(settings, dataset)
    kept = [index for index in range(len(dataset)) if index not in repeated]
    outside = dataset.select(index for index in kept if dataset.frames[index].trajectory in held)
    inside = dataset.select(index for index in kept if dataset.frames[index].trajectory not in held)
    if not len(inside):
        raise InputError(
            f"[curate] leaves no frame to fit: of {len(dataset)}, {len(repeated)} repeat another and {len(outside)} "
            "are held out",
            hint="hold fewer trajectories out",
        )
    chosen = _selected(recipe, inside, workers)
    return Curation(
        train=_sorted(inside.select(chosen)),
        holdout=_sorted(outside),
        pool=_sorted(inside.select(sorted(set(range(len(inside))) - set(chosen)))),
        dropped=tuple(_dropped(dataset, index, twin) for index, twin in sorted(repeated.items())),
        holdout_trajectories=tuple(sorted(held)),
    )


def write_curation(curation: Curation, folder: Path) -> None:
    """Write train.extxyz, holdout.extxyz, pool.extxyz and curation.json; each is there whole or not at all."""
    write_dataset(folder / TRAIN, curation.train)
    write_dataset(folder / HOLDOUT, curation.holdout)
    write_dataset(folder / POOL, curation.pool)
    write_json(folder / CURATION, curation.to_json())


def _held_out(settings: Curate, dataset: Dataset) -> set[str]:
    trajectories = [frame.trajectory for frame in dataset.frames]
    if not settings.holdout_trajectories:
        fraction = DEFAULT_FRACTION if settings.holdout_fraction is None else settings.holdout_fraction
        return hold_out(trajectories, [frame.n_atoms for frame in dataset.frames], fraction, settings.seed)
    if missing := sorted(set(settings.holdout_trajectories) - set(trajectories)):
        raise InputError(
            f"[curate] holdout_trajectories: no frame is of {', '.join(missing)}",
            hint=f"there are {', '.join(sorted(set(trajectories)))}",
        )
    return set(settings.holdout_trajectories)


def _selected(recipe: Recipe, dataset: Dataset, workers: int | None) -> list[int]:
    """Choose `select` frames of those that are not held out: of each size its share."""
    settings = recipe.curate
    everything = list(range(len(dataset)))
    if settings.select in range(1, len(dataset)):
        if settings.by == "soap":
            vectors = soap_vectors([frame.atoms for frame in dataset.frames], recipe.fit.soap, workers=workers)
            return sorted(farthest_points(vectors, settings.select))
        of_size = [[k for k in everything if dataset.frames[k].n_atoms == size] for size in dataset.sizes]
        parts = share([len(members) for members in of_size], settings.select)
        return sorted(
            members[k]
            for members, part in zip(of_size, parts, strict=True)
            for k in uniform_in_energy([dataset.frames[m].energy_eV for m in members], part)
        )
    return everything


def _dropped(dataset: Dataset, index: int, twin: int) -> Dropped:
    frame, other = dataset.frames[index], dataset.frames[twin]
    apart_meV = 1000 * (frame.energy_eV - other.energy_eV)
    return Dropped(frame.source, frame.trajectory, f"{apart_meV:.2f} meV from {other.source}, the same structure")


def _sorted(dataset: Dataset) -> Dataset:
    frames = dataset.frames
    return dataset.select(sorted(range(len(frames)), key=lambda k: (frames[k].n_atoms, frames[k].energy_eV)))


def _by_size(dataset: Dataset) -> dict[str, int]:
    sizes = Counter(frame.n_atoms for frame in dataset.frames)
    return {str(size): count for size, count in sorted(sizes.items())}
