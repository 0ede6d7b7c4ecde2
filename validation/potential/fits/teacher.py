"""Many labelled configurations for nothing: frames of the Gupta potential, 50 to 400 K, labelled by na-gap.

What they show is a fit's memory and time, and how well it learns its teacher; not how well it learns nature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from ase.io import iread
from numpy.typing import NDArray

import deckgen
from deckgen.decks.potentials import BUILTIN
from deckgen.quip.native import evaluate_natively
from deckgen.training.dataset import Dataset, LabelledFrame, bare
from deckgen.training.recipe.folder import FRAMES, SAMPLED
from deckgen.training.recipe.sampling import Sample

__all__ = ["E0", "clusters", "labelled"]

TEACHER = BUILTIN["na-gap"].file
E0 = {"Na": -0.0811}
EVERY_PS = 0.1


def labelled(folder: Path, sizes: Sequence[int], count: int, seed: int, workers: int | None) -> Dataset:
    """Sample frames of clusters at eleven temperatures, as many of each size, and label them; resumed where it stopped.

    Parameters
    ----------
    folder
        Where the runs are.
    sizes
        Numbers of atoms.
    count
        Number of frames, of all sizes together.
    seed
        Of the runs.
    workers
        Runs at once; None: as many as cores.
    """
    per_run = -(-count // (len(sizes) * len(Sample().temperatures_K)))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gap.toml").write_text(
        f"[sample]\nsizes = {list(sizes)}\nduration_ps = {per_run * EVERY_PS:g}\nframes = {per_run}\nseed = {seed}\n"
    )
    if not (folder / FRAMES / SAMPLED).exists():
        deckgen.train.sample(folder, workers=workers)
    frames = [bare(atoms, atoms.info) for atoms in iread(folder / FRAMES / SAMPLED)]
    chosen = [frames[k] for k in np.linspace(0, len(frames) - 1, count).round().astype(int)]
    unlabelled = [
        LabelledFrame(atoms, 0.0, np.zeros((len(atoms), 3)), f"{seed}:{k}", str(atoms.info.get("trajectory")))
        for k, atoms in enumerate(chosen)
    ]
    answers = evaluate_natively(TEACHER, clusters(unlabelled))
    return Dataset(
        tuple(
            replace(frame, energy_eV=energy_eV, forces_eV_A=forces)
            for frame, (energy_eV, forces) in zip(unlabelled, answers, strict=True)
        ),
        dict(E0),
    )


def clusters(frames: Sequence[LabelledFrame]) -> list[tuple[NDArray[np.int_], NDArray[np.float64]]]:
    """Return what the evaluator takes of each frame."""
    return [(frame.atoms.numbers, frame.atoms.positions) for frame in frames]
