"""Relaxations by VASP, run elsewhere: a folder for each structure, and what VASP left in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from deckgen.cells import freed
from deckgen.errors import InputError, RunError
from deckgen.reference.calculator import boxed
from deckgen.reference.settings import ReferenceChoice
from deckgen.reference.vasp import OUTPUTS, is_of, write_folder
from deckgen.reference.vasp_output.read import read_output
from deckgen.workflows.compare.relaxation import START, Relaxation, RelaxationLimit

__all__ = ["relax_by_folders"]

STATIC, RELAXATION = "static", "relaxation"
WRITTEN = ("POTCAR", "POTCAR.txt")
"""One of them is the last file of a folder to be written."""


def relax_by_folders(relaxations: Sequence[Relaxation], choice: ReferenceChoice, limit: RelaxationLimit) -> list[Path]:
    """Write VASP's folders where there are none, collect what VASP has left in the others.

    The folder of a structure is static/ or relaxation/ (IBRION = 2, the first ionic step is the start itself); that of
    a single atom is static. Nothing is failed for good: a folder may be run anew.

    Returns
    -------
    Folders that VASP has still to be run in.

    Raises
    ------
    InputError
        If VASP_PP_PATH lacks a potential.
    """
    waiting = []
    for relaxation in relaxations:
        n_steps = 0 if len(relaxation.start) == 1 else limit.max_steps
        place = relaxation.folder / (RELAXATION if n_steps else STATIC)
        if not any((place / name).is_file() for name in WRITTEN):
            _write(place, relaxation.start, choice, n_steps, limit.max_force_eV_A)
        outputs = [relaxation.folder / kind / name for kind in (RELAXATION, STATIC) for name in OUTPUTS]
        output = next((path for path in outputs if path.is_file()), None)
        if output is None or (n_steps and output.parent != place):
            waiting.append(place)
        if output is not None:
            _collect(relaxation, output)
    return waiting


def _write(place: Path, start: Atoms, choice: ReferenceChoice, n_steps: int, max_force_eV_A: float) -> None:
    own = choice.isolated_keywords if len(start) == 1 else {}
    tags = {"IBRION": 2, "ISIF": 2, "NSW": n_steps + 1, "EDIFFG": -max_force_eV_A} if n_steps else {}
    write_folder(place, boxed(start, choice), tags | choice.keywords | own)


def _collect(relaxation: Relaxation, output: Path) -> None:
    try:
        steps = _steps(output, relaxation.start)
    except (InputError, RunError) as error:
        relaxation.fail(relaxation.start, str(error))
    else:
        relaxation.replace_steps(steps)


def _steps(output: Path, start: Atoms) -> list[tuple[Atoms, float, NDArray[np.float64]]]:
    """Return structures, free energies and forces of the ionic steps, the start first.

    Raises
    ------
    InputError, RunError
        If it cannot be read, begins with another structure, or its first or last step did not converge.
    """
    steps = read_output(output).steps
    if steps[0].fault or steps[-1].fault:
        raise RunError(f"{output}: the electronic steps of the first or the last ionic step did not converge (NELM)")
    found = [
        (freed(step.atoms) or step.atoms, step.energy_eV, step.forces_eV_A)
        for step in steps
        if step.energy_eV is not None and step.forces_eV_A is not None
    ]
    if len(found) < len(steps):
        raise RunError(f"{output}: there are ionic steps without forces")
    if not is_of(found[0][0], start):
        raise RunError(f"{output}: does not begin with the structure in {START}")
    return found
