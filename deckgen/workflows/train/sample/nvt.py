"""Frames from the dynamics of clusters with a potential, one study per size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from ase import Atoms

from deckgen.decks.clusters import build
from deckgen.decks.environment import project_environment
from deckgen.decks.manifest import FRAMES
from deckgen.decks.protocols import NVT, nvt_id
from deckgen.files import write_whole
from deckgen.frames import read_frames
from deckgen.processes.executor import TaskExecutor
from deckgen.runs.batch import run
from deckgen.study.folder import StudyFolder
from deckgen.training.recipe.sampling import Sample

__all__ = ["last_frames", "named", "sample_nvt"]

DAMPING_STEPS = 100
ROWS = 100


def sample_nvt(
    settings: Sample,
    folder: Path,
    *,
    workers: int | None = None,
    executor: TaskExecutor | None = None,
    force: bool = False,
    progress: bool = True,
    prefix: str = "",
) -> tuple[list[Atoms], list[str]]:
    """Run one study per size in `folder`/studies and take the last frames of every run.

    Returns
    -------
    The frames, with `trajectory` (beginning with `prefix`), `temperature_K` and `sampler` in `info`; and what failed.
    """
    frames, failed = list[Atoms](), list[str]()
    for size in settings.sizes:
        study = folder / "studies" / f"{settings.element}{size}"
        write_whole(StudyFolder(study).study_file, _study(settings, size))
        result = run(study, workers=workers, executor=executor, force=force, progress=progress)
        failed += [f"{deck.folder.name} of {study.name}: {deck.message.splitlines()[0]}" for deck in result.failed]
        for temperature in settings.temperatures_K:
            known = last_frames(NVT.folder(study) / nvt_id(temperature, 1) / FRAMES, settings)
            frames += named(known, Path(settings.potential).stem, study.name, temperature, prefix)
    return frames, failed


def _study(settings: Sample, size: int) -> str:
    """Return the study.toml of one size."""
    start = build(settings.element, size, settings.structure)
    radius = float(np.linalg.norm(start.positions - start.get_center_of_mass(), axis=1).max())
    is_file = settings.potential.endswith(".xml")
    every = next(n for n in (10, 5, 4, 2, 1) if settings.n_steps % n == 0 and settings.n_steps // n >= ROWS)
    return (
        project_environment()
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


def last_frames(path: Path, settings: Sample) -> list[Atoms]:
    """Return the frames to take from a run, oldest first."""
    known = list(read_frames(path))[-settings.frames :] if path.is_file() else []
    return [frame.atoms() for frame in known]


def named(
    frames: Iterable[Atoms], sampler: str, formula: str, temperature_K: float, prefix: str = ""
) -> Iterator[Atoms]:
    """Yield the frames with their origin in `info`."""
    for atoms in frames:
        trajectory = f"{prefix}{sampler}-{formula}-{temperature_K:g}K"
        atoms.info = {"trajectory": trajectory, "temperature_K": temperature_K, "sampler": sampler}
        yield atoms
