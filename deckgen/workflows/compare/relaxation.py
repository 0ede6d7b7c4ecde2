"""What a reference says of one structure and of its relaxation, step by step, in a folder."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import iread
from ase.optimize import BFGS
from numpy.typing import NDArray

from deckgen.errors import InputError
from deckgen.files import append, write_whole
from deckgen.structures import read_structures
from deckgen.training.dataset import ISOLATED, LabelledFrame, bare
from deckgen.training.extxyz import labelled_frame, labelled_text
from deckgen.training.labels.files import atoms_text, repair
from deckgen.training.read import REFERENCE_KEY

__all__ = ["START", "Relaxation", "RelaxationLimit"]

START, STEPS, FAILED = "start.extxyz", "steps.extxyz", "failed.extxyz"
RELAXED = "relaxed"
"""The config_type of the steps."""


class RelaxationLimit(NamedTuple):
    """A relaxation ends after `max_steps` steps, or when no force on an atom exceeds the tolerance."""

    max_steps: int
    max_force_eV_A: float


class Relaxation:
    """A free cluster or a single atom, and what the reference has said of it so far.

    Attributes
    ----------
    folder
        Holds start.extxyz, steps.extxyz (labelled frames, which can be trained on), and failed.extxyz where the last
        calculation failed.
    start
        The structure.
    steps
        What is known, the start first; of clusters they are all in one place, whatever box they were computed in.
    failure
        Why the last calculation failed; empty where it did not.

    Raises
    ------
    InputError
        If a file in the folder is not what it should be.
    """

    def __init__(self, folder: Path, reference: str) -> None:
        self.folder, self.reference = folder, reference
        repair(folder / STEPS)
        self.start = bare(_frames(folder / START)[0])
        self.steps = [labelled_frame(atoms) for atoms in _frames(folder / STEPS)]
        failed = [str(atoms.info["reason"]) for atoms in _frames(folder / FAILED)]
        self.failure = failed[0] if failed else ""

    @classmethod
    def begin(cls, folder: Path, start: Atoms, reference: str) -> Relaxation:
        """Begin with a structure in a new folder."""
        write_whole(folder / START, atoms_text(bare(start), {}))
        return cls(folder, reference)

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def n_steps(self) -> int:
        """Steps taken from the start; -1 where not even that is known."""
        return len(self.steps) - 1

    def max_force_eV_A(self, step: int = -1) -> float:
        """Return the length of the largest force on an atom at a step, by default the last."""
        return float(np.linalg.norm(self.steps[step].forces_eV_A, axis=1).max())

    def converged(self, limit: RelaxationLimit) -> bool:
        """Return whether the forces after the last step are below the tolerance."""
        return bool(self.steps) and self.max_force_eV_A() < limit.max_force_eV_A

    def is_done(self, limit: RelaxationLimit) -> bool:
        """Return whether nothing is left to compute; what failed is not tried again by itself."""
        most = 0 if len(self.start) == 1 else limit.max_steps
        return bool(self.failure) or self.n_steps >= most or self.converged(limit)

    def next_structure(self) -> Atoms:
        """Return what is to be computed next: the start, or where ASE's BFGS goes from the last step.

        The optimizer is led through all known steps anew, so that it knows what it knew when they were made.
        """
        if not self.steps:
            return bare(self.start)
        atoms = bare(self.start)
        optimizer = BFGS(atoms, logfile=None)
        for step in self.steps:
            atoms.positions = step.atoms.positions
            atoms.calc = SinglePointCalculator(atoms, energy=step.energy_eV, forces=step.forces_eV_A)
            optimizer.step()
        return bare(atoms)

    def add(self, atoms: Atoms, energy_eV: float, forces_eV_A: NDArray[np.float64], energy_kind: str) -> None:
        """Keep the next step, with the digits that the file has: whoever reads it again goes on the same way."""
        text = labelled_text(self._step(len(self.steps), atoms, energy_eV, forces_eV_A, energy_kind))
        append(self.folder / STEPS, text)
        self.steps += map(labelled_frame, iread(io.StringIO(text), index=":", format="extxyz"))

    def replace_steps(self, steps: Sequence[tuple[Atoms, float, NDArray[np.float64]]]) -> None:
        """Keep the free energies and forces of a run made elsewhere in place of what was known."""
        self.steps = [self._step(index, *step, "free_energy") for index, step in enumerate(steps)]
        write_whole(self.folder / STEPS, "".join(map(labelled_text, self.steps)))
        self.forget_failure()

    def fail(self, atoms: Atoms, reason: str, *, for_good: bool = True) -> None:
        """Take no more steps; if `for_good`, keep aside the structure at which it failed, with the reason in one line.

        Otherwise the next command tries again.
        """
        self.failure = " ".join(reason.replace('"', "'").replace("\\", "/").split())
        if for_good:
            write_whole(self.folder / FAILED, atoms_text(bare(atoms), {"reason": self.failure}))

    def forget_failure(self) -> None:
        """Let the calculation that failed be tried again."""
        (self.folder / FAILED).unlink(missing_ok=True)
        self.failure = ""

    def _step(
        self, index: int, atoms: Atoms, energy_eV: float, forces_eV_A: NDArray[np.float64], energy_kind: str
    ) -> LabelledFrame:
        info = {REFERENCE_KEY: self.reference, "energy_kind": energy_kind}
        source, trajectory = f"{self.name}:{index}", f"{RELAXED}-{atoms.get_chemical_formula()}-{self.name}"
        kind = ISOLATED if len(atoms) == 1 else RELAXED
        return LabelledFrame(bare(atoms, info), energy_eV, forces_eV_A, source, trajectory, kind)


def _frames(path: Path) -> list[Atoms]:
    try:
        return list(read_structures(path, kind="extxyz")) if path.is_file() else []
    except InputError as error:
        raise InputError(error.message, hint="move its folder aside") from error
