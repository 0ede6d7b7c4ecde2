"""Frames from the dynamics of clusters with the reference calculator, run here, or by VASP elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path

from ase import Atoms

from deckgen.decks.clusters import build
from deckgen.decks.manifest import FRAMES
from deckgen.decks.protocols import nvt_id
from deckgen.errors import InputError, RunError
from deckgen.processes.executor import TaskExecutor, use_executor
from deckgen.processes.shares import ended
from deckgen.reference.calculator import boxed, dynamics
from deckgen.reference.settings import ReferenceChoice
from deckgen.reference.vasp import write_folder
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.sampling import Sample
from deckgen.workflows.train.sample.nvt import last_frames, named

__all__ = ["sample_reference", "write_vasp_folders"]


def sample_reference(
    settings: Sample,
    choice: ReferenceChoice,
    folder: Path,
    workers: int | None = None,
    executor: TaskExecutor | None = None,
) -> tuple[list[Atoms], list[str]]:
    """Run the dynamics with the reference calculator; each run resumes where it stopped."""
    runs, tasks = list[tuple[Path, str, float]](), list[Callable[[], Future[None]]]()
    with use_executor(executor, workers) as pool:
        for size in settings.sizes:
            formula, start = f"{settings.element}{size}", build(settings.element, size, settings.structure)
            for temperature in settings.temperatures_K:
                path = folder / "md" / f"{formula}-{nvt_id(temperature, 1)}" / FRAMES
                path.parent.mkdir(parents=True, exist_ok=True)
                task = partial(
                    pool.submit,
                    dynamics,
                    start,
                    choice,
                    output=path,
                    temperature_K=temperature,
                    timestep_fs=settings.timestep_fs,
                    n_steps=settings.n_steps,
                    frame_every=settings.frame_every,
                    seed=settings.seed,
                )
                runs.append((path, formula, temperature))
                tasks.append(task)
        futures = ended(pool, tasks, lambda number: _size(runs[number][0]))
    frames, failed = list[Atoms](), list[str]()
    for (path, formula, temperature), future in zip(runs, futures, strict=True):
        try:
            future.result()
        except RunError as error:
            failed.append(f"{formula} at {temperature:g} K: {error}")
        frames += named(last_frames(path, settings), choice.calculator, formula, temperature)
    return frames, failed


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def write_vasp_folders(recipe: Recipe, folder: Path) -> int:
    """Write a VASP folder for each run, and return how many; nothing is run here."""
    settings, count = recipe.sample, 0
    if recipe.reference.calculator not in ("", "vasp-files"):
        raise InputError(
            f'{recipe.file}: [sample] by = "vasp" takes [reference] keywords for INCAR tags, but there calculator = '
            f'"{recipe.reference.calculator}"',
            hint='set calculator = "vasp-files", or leave it out',
        )
    for size in settings.sizes:
        start = build(settings.element, size, settings.structure)
        for temperature in settings.temperatures_K:
            tags = {
                "IBRION": 0,
                "MDALGO": 2,
                "SMASS": 0,
                "ISYM": 0,
                "POTIM": settings.timestep_fs,
                "NSW": settings.n_steps,
                "TEBEG": temperature,
                "TEEND": temperature,
            }
            run_folder = folder / f"{settings.element}{size}-{nvt_id(temperature, 1)}"
            write_folder(run_folder, boxed(start, recipe.reference), recipe.reference.keywords | tags)
            count += 1
    return count
