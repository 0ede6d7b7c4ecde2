"""The start structure and final frames of a study, for its report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms

from deckgen.decks.clusters import start_structure
from deckgen.decks.manifest import FRAMES, QUENCHED, Manifest
from deckgen.decks.protocols import MINIMIZE
from deckgen.frames import read_frames
from deckgen.study import Study

__all__ = ["Structure", "structures"]

MOST_FRAMES, FEWEST_FRAMES, SPHERES = 24, 5, 1500
"""Pictures at most; of large clusters fewer, so that they have about so many atoms in all. At even distances."""


@dataclass(frozen=True, eq=False)
class Structure:
    """A cluster and what to say of it."""

    caption: str
    atoms: Atoms


def structures(study: Study, decks: Sequence[tuple[Path, Manifest]]) -> Iterator[Structure]:
    """Yield the start structure, relaxed where it has been, then the last frame at each temperature."""
    start = _start(study, decks)
    yield start
    folders = [
        (folder, manifest) for folder, manifest in decks if (folder / FRAMES).is_file() and manifest.replica == 1
    ]
    most = min(MOST_FRAMES, max(FEWEST_FRAMES, SPHERES // len(start.atoms)), len(folders))
    chosen = np.unique(np.linspace(0, len(folders) - 1, most).round().astype(int))
    for folder, manifest in (folders[k] for k in chosen):
        *_, last = [None, *read_frames(folder / FRAMES)]
        if last is not None:
            caption = f"{manifest.temperature_K:g} K, after {last.step * manifest.timestep_fs / 1000:g} ps"
            yield Structure(caption, last.atoms())


def _start(study: Study, decks: Sequence[tuple[Path, Manifest]]) -> Structure:
    for folder, manifest in decks:
        if manifest.protocol == MINIMIZE.name and (folder / QUENCHED).is_file():
            for frame in read_frames(folder / QUENCHED):
                caption = f"start, relaxed: {frame.potential_energy_eV:.4f} eV"
                return Structure(caption, frame.atoms())
    return Structure("start, not relaxed", start_structure(study.cluster, study.folder))
