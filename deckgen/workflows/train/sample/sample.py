"""Sampling: unlabelled frames from the dynamics of clusters with a potential or a calculator, scaled and rattled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms

from deckgen.errors import RunError
from deckgen.files import set_aside, write_whole
from deckgen.processes.executor import TaskExecutor
from deckgen.training.extxyz import frames_text
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.folder import FRAMES, SAMPLED
from deckgen.training.recipe.sampling import Sample
from deckgen.workflows.train.sample.nvt import sample_nvt
from deckgen.workflows.train.sample.reference import sample_reference, write_vasp_folders

__all__ = ["Sampled", "sample"]


@dataclass(frozen=True)
class Sampled:
    """What was sampled.

    Attributes
    ----------
    file
        frames/sampled.extxyz, or the folder of the VASP runs that are to be made elsewhere.
    n_frames
        Frames in the file.
    n_runs
        Runs that gave frames, or that are to be made.
    failed
        Messages of the runs that failed; the frames that they wrote before are used.
    """

    file: Path
    n_frames: int
    n_runs: int
    failed: tuple[str, ...] = ()


def sample(
    recipe: Recipe | Path | str = ".",
    *,
    workers: int | None = None,
    executor: TaskExecutor | None = None,
    force: bool = False,
    progress: bool = True,
) -> Sampled:
    """Sample frames as gap.toml's [sample] says, into frames/.

    Started again, it resumes. A frames/sampled.extxyz of other frames is set aside.

    Parameters
    ----------
    recipe
        The training project: its recipe, its folder or its gap.toml.
    workers
        Runs at once; None: as many as cores.
    executor
        Runs them, in place of one of its own.
    force
        Replace decks of other settings; what they computed is kept in decks.old.
    progress
        Show the progress on standard error.

    Raises
    ------
    InputError
        If a table is wrong, or there are decks of other settings.
    RunError
        If no run gave any frame.
    """
    recipe = recipe if isinstance(recipe, Recipe) else Recipe.read(recipe)
    settings, folder = recipe.sample, recipe.folder / FRAMES
    if settings.by == "vasp":
        return Sampled(folder / "vasp", 0, write_vasp_folders(recipe, folder / "vasp"))
    if settings.by == "nvt":
        settings = _absolute(settings, recipe.folder)
        frames, failed = sample_nvt(
            settings, folder, workers=workers, executor=executor, force=force, progress=progress
        )
    else:
        frames, failed = sample_reference(settings, recipe.reference, folder, workers, executor)
    if not frames:
        raise RunError("no run gave a frame: " + "; ".join(failed), hint="see frames/studies/*/decks/nvt/*/log.lammps")
    n_runs = len({atoms.info["trajectory"] for atoms in frames})
    frames = [*_displaced(frames, settings), *_dimers(settings)]
    _write(folder / SAMPLED, frames)
    return Sampled(folder / SAMPLED, len(frames), n_runs, tuple(failed))


def _absolute(settings: Sample, folder: Path) -> Sample:
    """Return the settings with the potential's file, if it is one, found from anywhere."""
    if not settings.potential.endswith(".xml"):
        return settings
    return settings.model_copy(update={"potential": str((folder / settings.potential).resolve())})


def _displaced(frames: Iterable[Atoms], settings: Sample) -> Iterator[Atoms]:
    """Scale each frame about its centre, the factors in turn, and rattle it."""
    rng = np.random.default_rng(settings.seed)
    for k, atoms in enumerate(frames):
        centre = atoms.positions.mean(axis=0)
        atoms.positions = centre + (atoms.positions - centre) * settings.scale[k % len(settings.scale)]
        atoms.positions += rng.normal(0, settings.rattle_A, atoms.positions.shape)
        yield atoms


def _dimers(settings: Sample) -> Iterator[Atoms]:
    for distance in settings.dimers_A:
        info = {"trajectory": "dimer", "temperature_K": 0.0, "sampler": "dimer"}
        yield Atoms([settings.element] * 2, positions=[(0, 0, 0), (0, 0, distance)], info=info)


def _write(path: Path, frames: Iterable[Atoms]) -> None:
    """Write the frames; a file of other frames is set aside."""
    text = frames_text(frames)
    if path.is_file() and path.read_text(encoding="utf-8") != text:
        set_aside(path)
    write_whole(path, text)
