"""What a potential says of configurations, and where they lie in descriptor space: quippy, in processes of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from deckgen.cells import in_large_cell
from deckgen.errors import RunError
from deckgen.processes.executor import TaskExecutor, WorkerError, use_executor
from deckgen.processes.shares import share_out
from deckgen.quip.gapfile import read_gap
from deckgen.quip.quippy import average_soap, evaluate
from deckgen.training.fit.arguments import soap_arguments
from deckgen.training.recipe.fit import Soap

__all__ = ["Prediction", "predict", "soap_vectors"]

T = TypeVar("T")
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a potential says of one configuration.

    Parameters
    ----------
    energy_eV
        Potential energy, those of the isolated atoms included.
    forces_eV_A : (N, 3)
        Forces.
    """

    energy_eV: float
    forces_eV_A: Array


def predict(
    xml: Path, frames: Sequence[Atoms], *, workers: int | None = None, executor: TaskExecutor | None = None
) -> list[Prediction]:
    """Return a GAP's energy and forces of each frame. Free clusters are put into a large cell.

    Parameters
    ----------
    xml
        The GAP, its sparseX files beside it.
    frames
        Configurations; what labels they carry plays no role.
    workers
        Processes at once; None: as many as cores.
    executor
        Runs them; None: one that is opened for this call.

    Raises
    ------
    InputError
        If the GAP is incomplete.
    RunError
        If QUIP fails on the potential or on a frame.
    """
    gap = read_gap(xml)
    boxed = [in_large_cell(atoms, gap.cutoff_A) for atoms in frames]
    answers = _by_quip(boxed, workers, executor, evaluate, gap.path.resolve(), gap.label)
    return [Prediction(energy_eV, forces_eV_A) for energy_eV, forces_eV_A in answers]


def soap_vectors(
    frames: Sequence[Atoms],
    soap: Soap | None = None,
    *,
    workers: int | None = None,
    executor: TaskExecutor | None = None,
) -> Array:
    """Return each frame's SOAP vector averaged over its atoms, (K, D).

    Parameters
    ----------
    frames
        Configurations.
    soap
        The descriptor; by default that of the default fit.
    workers
        Processes at once; None: as many as cores.
    executor
        Runs them; None: one that is opened for this call.

    Raises
    ------
    RunError
        If QUIP fails.
    """
    soap = soap or Soap()
    elements = sorted({int(number) for atoms in frames for number in atoms.numbers})
    descriptor = soap_arguments(soap, elements)
    boxed = [in_large_cell(atoms, soap.cutoff_A) for atoms in frames]
    return np.array(_by_quip(boxed, workers, executor, average_soap, descriptor))


def _by_quip(
    frames: list[Atoms],
    workers: int | None,
    executor: TaskExecutor | None,
    function: Callable[..., Sequence[T]],
    *settings: Any,
) -> list[T]:
    if not frames:
        return []
    try:
        with use_executor(executor, workers) as pool:
            return share_out(pool, frames, function, *settings)
    except (WorkerError, RuntimeError) as error:  # QUIP ends its process, or quippy says what QUIP said
        raise RunError(f"QUIP failed: {error}") from error
