"""Labels from VASP, run elsewhere: a folder for each frame, and what VASP left in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from deckgen.cells import freed
from deckgen.errors import InputError, RunError
from deckgen.files import named, write_whole
from deckgen.reference.calculator import boxed
from deckgen.reference.settings import ReferenceChoice
from deckgen.reference.vasp import OUTPUTS, is_of, write_folder
from deckgen.reference.vasp_output.read import read_output
from deckgen.training.findings import about_net_forces
from deckgen.training.labels.files import KEY, atoms_text, read_infos
from deckgen.training.labels.jobs import FailedFrame, Job, LabelResult, LabelStore

__all__ = ["VASP_FILES", "label_by_folders"]

VASP_FILES = "vasp-files"
"""The [reference] calculator whose folders are run by hand."""

FRAME = "frame.extxyz"


def label_by_folders(folder: Path, choice: ReferenceChoice, jobs: list[Job]) -> LabelResult:
    """Write `folder`/vasp/<nnnnn>/ for the frames that have none; collect what VASP left in the others.

    A frame that failed is looked at again each time: its folder can be run anew.

    Raises
    ------
    InputError
        If the folder has labels of other settings, or VASP_PP_PATH lacks a potential.
    """
    store = LabelStore(folder, choice, {})
    store.failed_file.unlink(missing_ok=True)  # written anew
    result = LabelResult(store.labelled_file, n_known=sum(job.key in store.labelled for job in jobs))
    places = {str(read_infos(path)[0][KEY]): path.parent for path in sorted((folder / "vasp").glob(f"*/{FRAME}"))}
    frames = []
    for job in [job for job in jobs if job.key not in store.labelled]:
        if job.key not in places:
            places[job.key] = folder / "vasp" / f"{len(places):05d}"
            _write(places[job.key], job, choice)
        output = _output(places[job.key])
        if output is None:
            result.n_waiting += 1
            continue
        try:
            atoms, energy_eV, forces_eV_A = _single_point(output, job.atoms)
        except (InputError, RunError) as error:
            store.add_failed(job, str(error))
            result.failed.append(FailedFrame(job.source, str(error)))
        else:
            frames.append(store.add(job, atoms, energy_eV, forces_eV_A))
    result.n_labelled = len(frames)
    result.findings = about_net_forces(frames)
    return result


def _write(place: Path, job: Job, choice: ReferenceChoice) -> None:
    keywords: Mapping[str, object] = choice.keywords | (choice.isolated_keywords if len(job.atoms) == 1 else {})
    with named(place):
        write_folder(place, boxed(job.atoms, choice), keywords)
    write_whole(place / FRAME, atoms_text(job.atoms, {KEY: job.key, "source": job.source}))  # last: it is all there


def _output(place: Path) -> Path | None:
    """Return what VASP left in a folder; None where it has not been run."""
    return next((place / name for name in OUTPUTS if (place / name).is_file()), None)


def _single_point(output: Path, given: Atoms) -> tuple[Atoms, float, NDArray[np.float64]]:
    """Return configuration, energy and forces, if they are of the given frame.

    Raises
    ------
    InputError, RunError
        If it cannot be read, did not converge, or belongs to another frame.
    """
    step = read_output(output).steps[-1]
    if step.fault or step.energy_eV is None or step.forces_eV_A is None:
        raise RunError(f"{output}: the electronic steps {step.fault or 'have no forces'}")
    found = freed(step.atoms) or step.atoms
    if not is_of(found, given):
        raise RunError(f"{output}: is not of the frame in {output.parent / FRAME}")
    return found, step.energy_eV, step.forces_eV_A
