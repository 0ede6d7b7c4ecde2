"""What a potential that was just fitted says of its own training frames: by the native evaluator, and a few by QUIP."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms

from deckgen.errors import RunError
from deckgen.processes.executor import open_executor
from deckgen.processes.shares import share_out
from deckgen.quip.native import evaluate_natively
from deckgen.training.predict import Prediction, predict

__all__ = ["checked_predictions"]

BY_QUIP = 5
"""Frames that QUIP evaluates as well."""
LARGEST_DIFFERENCE_EV_A = 1e-6


def checked_predictions(xml: Path, frames: Sequence[Atoms], workers: int) -> list[Prediction]:
    """Return a potential's energy and forces of each frame.

    Raises
    ------
    RunError
        If QUIP reads another potential from the files.
    """
    clusters = [(atoms.numbers, atoms.positions) for atoms in frames]
    with open_executor(workers) as executor:
        answers = share_out(executor, clusters, evaluate_natively, xml.resolve())
    predictions = [Prediction(*answer) for answer in answers]
    chosen = np.unique(np.linspace(0, len(frames) - 1, BY_QUIP).round().astype(int)).tolist()
    by_quip = predict(xml, [frames[k] for k in chosen], workers=workers)
    for k, other in zip(chosen, by_quip, strict=True):
        difference = abs(predictions[k].forces_eV_A - other.forces_eV_A).max()
        if not difference <= LARGEST_DIFFERENCE_EV_A:
            raise RunError(
                f"{xml}: QUIP's forces on training frame {k + 1} differ by {difference:.1e} eV/A from the fit's own",
                hint='engine = "gap_fit", and please report it',
            )
    return predictions
