"""The frames to label, and their results."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from deckgen.errors import InputError
from deckgen.files import append, require_file, set_aside, write_json
from deckgen.findings import Finding
from deckgen.reference.settings import ReferenceChoice
from deckgen.structures import read_structures
from deckgen.training.dataset import DEFAULT_TYPE, ISOLATED, LabelledFrame, bare, frame_key
from deckgen.training.extxyz import labelled_text
from deckgen.training.labels.files import KEY, atoms_text, read_infos, repair
from deckgen.training.read import REFERENCE_KEY, read_data
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.folder import FAILED, LABELLED

__all__ = ["FailedFrame", "Job", "LabelResult", "LabelStore", "jobs_of"]

REFERENCE_FILE = "reference.json"


@dataclass(frozen=True, eq=False)
class Job:
    """A frame to label; `key` identifies it."""

    key: str
    atoms: Atoms
    source: str
    trajectory: str
    config_type: str


@dataclass(frozen=True)
class FailedFrame:
    """A frame without a label, and the reason."""

    source: str
    reason: str


@dataclass
class LabelResult:
    """The outcome of labelling.

    Attributes
    ----------
    file
        labels/labelled.extxyz.
    n_labelled
        Frames labelled now.
    failed
        Frames that failed now.
    n_known, n_failed_before
        Frames that were labelled, or had failed, before.
    n_waiting
        VASP folders without a result so far.
    findings
        Warnings.
    """

    file: Path
    n_labelled: int = 0
    failed: list[FailedFrame] = field(default_factory=list)
    n_known: int = 0
    n_failed_before: int = 0
    n_waiting: int = 0
    findings: list[Finding] = field(default_factory=list)


def jobs_of(path: Path, recipe: Recipe) -> list[Job]:
    """Return the isolated atoms that the data lack, then the frames of a file, each once.

    Raises
    ------
    InputError
        If the file cannot be read or has a frame that is not finite.
    """
    require_file(path, hint="sample frames first: deckgen train sample")
    frames = list(read_structures(path))
    name = str(path.relative_to(recipe.folder)) if path.is_relative_to(recipe.folder) else str(path)
    jobs = dict[str, Job]()
    given = [_job(atoms, f"{name}:{index}", name) for index, atoms in enumerate(frames)]
    for job in _isolated_atoms(frames, recipe) + given:
        jobs.setdefault(job.key, job)
    return list(jobs.values())


def _job(atoms: Atoms, source: str, file: str) -> Job:
    if not (len(atoms) and np.isfinite(atoms.positions).all()):
        raise InputError(f"{source}: no atoms, or positions that are not finite")
    info = {name: value for name, value in atoms.info.items() if isinstance(value, str | int | float | bool)}
    trajectory = str(info.pop("trajectory", file))
    kind = ISOLATED if len(atoms) == 1 else DEFAULT_TYPE
    return Job(frame_key(atoms), bare(atoms, info), source, trajectory, str(info.pop("config_type", kind)))


def _isolated_atoms(frames: Iterable[Atoms], recipe: Recipe) -> list[Job]:
    """Return the isolated atom of each element, where e0 needs it and the data do not have it."""
    if recipe.data.e0 != "isolated":
        return []
    try:
        known = set(read_data(recipe.data, recipe.folder).dataset.isolated_eV)
    except InputError:  # not there yet, or without one
        known = set()
    spin = {"spin": recipe.data.isolated_spin} if recipe.data.isolated_spin else {}
    missing = sorted({symbol for atoms in frames for symbol in atoms.symbols} - known)
    return [_job(Atoms(symbol, info=spin), ISOLATED, ISOLATED) for symbol in missing]


class LabelStore:
    """The folder labels/: the labelled and the failed frames, and the reference that labelled them.

    Raises
    ------
    InputError
        If the folder has labels of another reference.
    """

    def __init__(self, folder: Path, choice: ReferenceChoice, versions: dict[str, str]) -> None:
        self.labelled_file, self.failed_file = folder / LABELLED, folder / FAILED
        self.reference = choice.name
        for path in (self.labelled_file, self.failed_file):
            repair(path)
        infos = read_infos(self.labelled_file)
        others = sorted({str(info.get(REFERENCE_KEY)) for info in infos} - {self.reference})
        if others:
            raise InputError(
                f"{self.labelled_file} has labels of another reference: {', '.join(others)}, not {self.reference}",
                hint=f"take [reference] back to what {folder / REFERENCE_FILE} says, or move {folder} aside",
            )
        self.labelled = {str(info.get(KEY)) for info in infos}
        self.failed = {str(info.get(KEY)) for info in read_infos(self.failed_file)} - self.labelled
        said = {"reference": self.reference, "settings": choice.model_dump(mode="json"), "versions": versions}
        write_json(folder / REFERENCE_FILE, said)

    def add(
        self, job: Job, atoms: Atoms, energy_eV: float, forces_eV_A: NDArray[np.float64], kind: str = "free_energy"
    ) -> LabelledFrame:
        """Append a labelled frame; `kind` is the kind of energy: "free_energy" or "energy"."""
        info = job.atoms.info | {KEY: job.key, REFERENCE_KEY: self.reference, "energy_kind": kind}
        frame = LabelledFrame(bare(atoms, info), energy_eV, forces_eV_A, job.source, job.trajectory, job.config_type)
        append(self.labelled_file, labelled_text(frame))
        self.labelled.add(job.key)
        return frame

    def forget_failed(self) -> None:
        """Have the failed frames tried again; the file that lists them is set aside."""
        set_aside(self.failed_file)
        self.failed.clear()

    def add_failed(self, job: Job, reason: str) -> None:
        """Append a frame that failed, with the reason in one line."""
        named = {"source": job.source, "trajectory": job.trajectory, "config_type": job.config_type}
        append(self.failed_file, atoms_text(job.atoms, {KEY: job.key, "reason": reason.replace('"', "'"), **named}))
        self.failed.add(job.key)
