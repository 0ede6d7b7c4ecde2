"""What a round of dynamics adds to the fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ase import Atoms

from deckgen.training.dataset import Dataset, LabelledFrame
from deckgen.training.extxyz import write_dataset
from deckgen.training.recipe import Recipe
from deckgen.workflows.train.explore import explored


def test_frames_beyond_the_largest_force_are_not_added(tmp_path: Path) -> None:
    """Also where the largest component points downwards; the limit itself is allowed."""
    dimer = Atoms("Na2", positions=[(0, 0, 0), (0, 0, 3.0)])
    frames = []
    for force in (0.4, 5.0, 5.1, -7.0):
        forces = np.array([(0, 0, force), (0, 0, -1.0)])
        frames.append(LabelledFrame(dimer, -1.0, forces, f"run:{force}", "run"))
    write_dataset(tmp_path / "labels" / "labelled.extxyz", Dataset(tuple(frames)))
    added = explored(Recipe(), tmp_path)
    assert [frame.source for frame in added.frames] == ["run:0.4", "run:5.0"]
