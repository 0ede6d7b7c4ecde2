"""Curating: which labelled frames are fitted, held out, left in the pool or dropped, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deckgen.errors import InputError
from deckgen.files import write_json
from deckgen.findings import Finding
from deckgen.training.dataset import Dataset
from deckgen.training.extxyz import write_dataset
from deckgen.training.predict import soap_vectors
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.data import Curate
from deckgen.training.recipe.folder import CURATION, HOLDOUT, POOL, TRAIN
from deckgen.training.selection import farthest_points, hold_out, share, twins, uniform_in_energy
from deckgen.training.structure_groups import structure_groupings

__all__ = ["Curation", "Dropped", "about_holdout", "curate", "write_curation"]

DEFAULT_FRACTION = 0.1
FINEST = 50
"""Structures are divided into more and more groups, up to this many, until whole ones make up the fraction."""


@dataclass(frozen=True)
class Dropped:
    """A frame that is not used.

    Attributes
    ----------
    source, trajectory
        Its origin.
    reason
        Why it is dropped.
    """

    source: str
    trajectory: str
    reason: str


@dataclass(frozen=True, eq=False)
class Curation:
    """The frames by their use; only `train` and `pool` share trajectories (or groups of structures).

    Attributes
    ----------
    train
        Frames to fit, by size and increasing energy.
    holdout
        Frames that are never fitted.
    pool
        The others, left by `select`; augmenting draws from them.
    dropped
        Duplicates.
    holdout_trajectories
        The trajectories held out, or the groups of structures.
    """

    train: Dataset
    holdout: Dataset
    pool: Dataset
    dropped: tuple[Dropped, ...]
    holdout_trajectories: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the numbers of frames, the trajectories held out and the duplicates, for JSON."""
        sets = {"train": self.train, "holdout": self.holdout, "pool": self.pool}
        return {
            "n_frames": {name: len(dataset) for name, dataset in sets.items()} | {"dropped": len(self.dropped)},
            "by_size": {name: _by_size(dataset) for name, dataset in sets.items()},
            "holdout_trajectories": list(self.holdout_trajectories),
            "dropped": [asdict(frame) for frame in self.dropped],
        }


def curate(recipe: Recipe, dataset: Dataset, *, workers: int | None = None) -> Curation:
    """Drop duplicates, hold trajectories out, and select the frames to fit.

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
    groups, held = _held_out(recipe, dataset, workers)
    kept = [index for index in range(len(dataset)) if index not in repeated]
    outside = dataset.select(index for index in kept if groups[index] in held)
    inside = dataset.select(index for index in kept if groups[index] not in held)
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
    """Write train.extxyz, holdout.extxyz, pool.extxyz and curation.json; each is written whole or not at all."""
    write_dataset(folder / TRAIN, curation.train)
    write_dataset(folder / HOLDOUT, curation.holdout)
    write_dataset(folder / POOL, curation.pool)
    write_json(folder / CURATION, curation.to_json())


def about_holdout(curation: Curation, settings: Curate) -> list[Finding]:
    """Return a warning if nothing is held out, unless that is what the recipe says."""
    if len(curation.holdout) or settings.holdout_fraction == 0:
        return []
    names = {frame.trajectory for frame in (*curation.train.frames, *curation.pool.frames)}
    message = (
        f"nothing is held out, so that no error of the fit on new frames will be known: whole trajectories are held "
        f"out, and there {'is one' if len(names) == 1 else f'are {len(names)}'}; name the key that tells them apart "
        '([data] trajectory_key), or hold out groups of similar structures ([curate] holdout_by = "structure")'
    )
    return [Finding("no_holdout", message)]


def _fraction(settings: Curate) -> float:
    return DEFAULT_FRACTION if settings.holdout_fraction is None else settings.holdout_fraction


def _held_out(recipe: Recipe, dataset: Dataset, workers: int | None) -> tuple[list[str], set[str]]:
    """Return what each frame is held out with (its trajectory, or structures like it), and what is held out."""
    settings = recipe.curate
    trajectories = [frame.trajectory for frame in dataset.frames]
    if missing := sorted(set(settings.holdout_trajectories) - set(trajectories)):
        raise InputError(
            f"[curate] holdout_trajectories: no frame is of {', '.join(missing)}",
            hint=f"there are {', '.join(sorted(set(trajectories)))}",
        )
    if settings.holdout_trajectories:
        return trajectories, set(settings.holdout_trajectories)
    if settings.holdout_by == "structure" and len(dataset) > 1:
        return _structures_held_out(recipe, dataset, workers)
    sizes = [frame.n_atoms for frame in dataset.frames]
    return trajectories, hold_out(trajectories, sizes, _fraction(settings), settings.seed)


def _structures_held_out(recipe: Recipe, dataset: Dataset, workers: int | None) -> tuple[list[str], set[str]]:
    """Return the coarsest groups of structures of which whole ones make up about the fraction, and those held out."""
    fraction, sizes = _fraction(recipe.curate), [frame.n_atoms for frame in dataset.frames]
    vectors = soap_vectors([frame.atoms for frame in dataset.frames], recipe.fit.soap, workers=workers)
    groups, held = list[str](), set[str]()
    for groups in structure_groupings(vectors, min(FINEST, len(dataset))):
        held = hold_out(groups, sizes, fraction, recipe.curate.seed)
        share_held = sum(group in held for group in groups) / len(groups)
        if fraction / 2 <= share_held <= 1.5 * fraction:
            break
    return groups, held


def _selected(recipe: Recipe, dataset: Dataset, workers: int | None) -> list[int]:
    """Choose `select` of the frames that are not held out, in proportion for each size."""
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
