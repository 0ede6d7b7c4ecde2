"""Unlabelled frames from nothing: dynamics of clusters with a potential or a calculator, scaled and rattled."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import write

from deckgen.clusters import build
from deckgen.errors import InputError, RunError
from deckgen.executor import SubprocessExecutor
from deckgen.frames import read_frames
from deckgen.manifest import FRAMES
from deckgen.reference import ReferenceChoice, boxed, dynamics
from deckgen.render import environment, nvt_id
from deckgen.runs.batch import run
from deckgen.study import STUDY_FILE
from deckgen.training.labels_file import set_aside
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.sampling import Sample
from deckgen.vasp import write_folder
from deckgen.workflows.page import write_whole

__all__ = ["SAMPLED", "Sampled", "sample", "sample_nvt"]

FOLDER, SAMPLED = "frames", "sampled.extxyz"
DAMPING_STEPS = 100
ROWS = 100


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
        Runs that failed, in words; the frames that they wrote before are used.
    """

    file: Path
    n_frames: int
    n_runs: int
    failed: tuple[str, ...] = ()


def sample(
    recipe: Recipe | Path | str = ".", *, workers: int | None = None, force: bool = False, progress: bool = True
) -> Sampled:
    """Sample frames as gap.toml's [sample] says, into frames/.

    Started again, it goes on where it was. Another frames/sampled.extxyz than the one to be written is set aside.

    Parameters
    ----------
    recipe
        The training project: its recipe, its folder or its gap.toml.
    workers
        Runs at once; None: as many as cores.
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
    settings, folder = recipe.sample, recipe.folder / FOLDER
    if settings.by == "vasp":
        return _vasp_folders(recipe, folder / "vasp")
    if settings.by == "nvt":
        settings = _absolute(settings, recipe.folder)
        frames, failed = sample_nvt(settings, folder, workers=workers, force=force, progress=progress)
    else:
        frames, failed = _sample_reference(settings, recipe.reference, folder, workers)
    if not frames:
        raise RunError("no run gave a frame: " + "; ".join(failed), hint="see frames/studies/*/decks/nvt/*/log.lammps")
    n_runs = len({atoms.info["trajectory"] for atoms in frames})
    frames = [*_displaced(frames, settings), *_dimers(settings)]
    _write(folder / SAMPLED, frames)
    return Sampled(folder / SAMPLED, len(frames), n_runs, tuple(failed))


def sample_nvt(
    settings: Sample,
    folder: Path,
    *,
    workers: int | None = None,
    force: bool = False,
    progress: bool = True,
    prefix: str = "",
) -> tuple[list[Atoms], list[str]]:
    """Run one study a size in `folder`/studies and take the last frames of every run.

    Returns
    -------
    The frames, with `trajectory` (beginning with `prefix`), `temperature_K` and `sampler` in `info`; and what failed.
    """
    frames, failed = list[Atoms](), list[str]()
    for size in settings.sizes:
        study = folder / "studies" / f"{settings.element}{size}"
        write_whole(study / STUDY_FILE, _study(settings, size))
        result = run(study, workers=workers, force=force, progress=progress)
        failed += [f"{deck.folder.name} of {study.name}: {deck.message.splitlines()[0]}" for deck in result.failed]
        for temperature in settings.temperatures_K:
            known = _last_frames(study / "decks" / "nvt" / nvt_id(temperature, 1) / FRAMES, settings)
            frames += _named(known, Path(settings.potential).stem, study.name, temperature, prefix)
    return frames, failed


def _study(settings: Sample, size: int) -> str:
    """Return the study.toml of one size."""
    start = build(settings.element, size, settings.structure)
    radius = float(np.linalg.norm(start.positions - start.get_center_of_mass(), axis=1).max())
    is_file = settings.potential.endswith(".xml")
    every = next(n for n in (10, 5, 4, 2, 1) if settings.n_steps % n == 0 and settings.n_steps // n >= ROWS)
    return (
        environment()
        .get_template("study.toml.sampling.j2")
        .render(
            sample=settings,
            size=size,
            name=f"{settings.element}{size}, {Path(settings.potential).stem}",
            xml=settings.potential if is_file else "",
            container_radius_A=round(radius + settings.wall_A, 3),
            damping_fs=DAMPING_STEPS * settings.timestep_fs,
            duration_ps=settings.n_steps * settings.timestep_fs / 1000,
            sample_every=every,
        )
    )


def _absolute(settings: Sample, folder: Path) -> Sample:
    """Return the settings with the potential's file, if it is one, found from anywhere."""
    if not settings.potential.endswith(".xml"):
        return settings
    return settings.model_copy(update={"potential": str((folder / settings.potential).resolve())})


def _named(
    frames: Iterable[Atoms], sampler: str, formula: str, temperature_K: float, prefix: str = ""
) -> Iterator[Atoms]:
    for atoms in frames:
        trajectory = f"{prefix}{sampler}-{formula}-{temperature_K:g}K"
        atoms.info = {"trajectory": trajectory, "temperature_K": temperature_K, "sampler": sampler}
        yield atoms


def _sample_reference(
    settings: Sample, choice: ReferenceChoice, folder: Path, workers: int | None
) -> tuple[list[Atoms], list[str]]:
    """Run the dynamics with the reference calculator; each run goes on where it was."""
    runs = dict[Path, tuple[str, float, Future[None]]]()
    with SubprocessExecutor(workers) as executor:
        for size in settings.sizes:
            formula, start = f"{settings.element}{size}", build(settings.element, size, settings.structure)
            for temperature in settings.temperatures_K:
                path = folder / "md" / f"{formula}-{nvt_id(temperature, 1)}" / FRAMES
                path.parent.mkdir(parents=True, exist_ok=True)
                future = executor.submit(
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
                runs[path] = (formula, temperature, future)
    frames, failed = list[Atoms](), list[str]()
    for path, (formula, temperature, future) in runs.items():
        try:
            future.result()
        except RunError as error:
            failed.append(f"{formula} at {temperature:g} K: {error}")
        frames += _named(_last_frames(path, settings), choice.calculator, formula, temperature)
    return frames, failed


def _last_frames(path: Path, settings: Sample) -> list[Atoms]:
    """Return the frames of a run that are to be taken, oldest first."""
    known = list(read_frames(path))[-settings.frames :] if path.is_file() else []
    return [frame.atoms() for frame in known]


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
    """Write the frames; a file that says something else is set aside."""
    text = io.StringIO()
    for atoms in frames:
        write(text, atoms, format="extxyz")
    if path.is_file() and path.read_text(encoding="utf-8") != text.getvalue():
        set_aside(path)
    write_whole(path, text.getvalue())


def _vasp_folders(recipe: Recipe, folder: Path) -> Sampled:
    """Write a VASP folder for each run; nothing is run here."""
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
    return Sampled(folder, 0, count)
