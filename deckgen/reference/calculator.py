"""Reference calculators: the energy and the forces of a cluster by any calculator that ASE can drive.

Every calculation is a process of its own, under an interpreter of its own where one is named: what a calculator does to
its process, or leaves in its folder, concerns that one calculation only.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deckgen.errors import RunError
from deckgen.frames import find_frames
from deckgen.reference.process import call
from deckgen.reference.settings import ReferenceChoice

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["Labels", "boxed", "check", "dynamics", "single_point"]

LARGEST_FORCE_EV_A = 100.0
"""No configuration that is worth a label has a larger force; a calculation that did not converge may."""


@dataclass(frozen=True, eq=False)
class Labels:
    """What a reference calculator says of a configuration.

    Parameters
    ----------
    atoms
        The configuration, in the box that was used.
    energy_eV
        Energy, consistent with the forces.
    energy_kind
        Which of the calculator's energies that is: "free_energy", or "energy" where it knows no other.
    forces_eV_A : (N, 3)
        Forces.
    seconds
        How long it took.
    versions
        Versions of the interpreter, of ASE, and of the calculator's package.
    """

    atoms: Atoms
    energy_eV: float
    energy_kind: str
    forces_eV_A: NDArray[np.float64]
    seconds: float
    versions: dict[str, str]


def boxed(atoms: Atoms, choice: ReferenceChoice) -> Atoms:
    """Return a free cluster in the middle of its vacuum box; a periodic configuration stays in its cell."""
    from ase import Atoms

    if atoms.pbc.any():
        return Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
    extent_A = float(np.ptp(atoms.positions, axis=0).max())
    edge_A = max(float(np.ceil(extent_A + choice.vacuum_A)), choice.min_box_A)
    free = Atoms(atoms.numbers, positions=atoms.positions, cell=[edge_A] * 3)
    free.center()
    return free


def check(choice: ReferenceChoice) -> dict[str, str]:
    """Set the calculator up without computing anything; return the versions of its interpreter, ASE and package.

    Raises
    ------
    InputError
        If no calculator is named, or it refuses its keywords.
    InstallationError
        If the interpreter or the calculator is not there.
    """
    return dict(call(choice, {"keywords": choice.keywords})["versions"])


def single_point(atoms: Atoms, choice: ReferenceChoice) -> Labels:
    """Compute the energy and the forces of a configuration; of a single atom with the `isolated_keywords`.

    Raises
    ------
    InputError
        If no calculator is named, or it refuses its keywords.
    InstallationError
        If the interpreter or the calculator is not there.
    RunError
        If the calculation fails, with the calculator's own words.
    """
    box = boxed(atoms, choice)
    keywords = choice.keywords | (choice.isolated_keywords if len(atoms) == 1 else {})
    reply = call(choice, {"keywords": keywords, "atoms": _values(box)})
    forces = np.array(reply["forces"], dtype=float)
    if not (np.isfinite(reply["energy"]) and np.isfinite(forces).all()):
        raise RunError(f"{choice.calculator}: the energy or a force is not a finite number")
    if (largest := float(np.abs(forces).max())) > LARGEST_FORCE_EV_A:
        raise RunError(
            f"{choice.calculator}: a force of {largest:.0f} eV/A: atoms on top of each other, or not converged"
        )
    return Labels(
        atoms=box,
        energy_eV=reply["energy"],
        energy_kind=reply["energy_kind"],
        forces_eV_A=forces,
        seconds=reply["seconds"],
        versions=reply["versions"],
    )


def dynamics(
    atoms: Atoms,
    choice: ReferenceChoice,
    *,
    output: Path,
    temperature_K: float,
    timestep_fs: float,
    n_steps: int,
    frame_every: int,
    seed: int,
) -> None:
    """Run molecular dynamics (Langevin, 100 fs) in the box of the start, and append every `frame_every`-th to `output`.

    A frame is species, positions and momenta as extended XYZ, with its step as `Timestep`. Where `output` has frames
    already, the dynamics resumes from the last whole one.

    Raises
    ------
    InputError, InstallationError, RunError
        As `single_point`; the frames written before stay.
    """
    box, done = boxed(atoms, choice), 0
    if output.is_file() and (spans := find_frames(output.read_bytes())):
        os.truncate(output, spans[-1].end)
        box, done = _last_frame(output), spans[-1].step
    task = {
        "output": str(output.resolve()),
        "done": done,
        "temperature": temperature_K,
        "timestep": timestep_fs,
        "n_steps": n_steps,
        "frame_every": frame_every,
        "seed": seed,
    }
    if done < n_steps:
        momenta = {"momenta": box.get_momenta().tolist()} if done else {}
        call(choice, {"keywords": choice.keywords, "atoms": _values(box) | momenta, "dynamics": task})


def _last_frame(path: Path) -> Atoms:
    from ase import Atoms
    from ase.io import read

    frame = read(path, index=-1, format="extxyz")
    assert isinstance(frame, Atoms)
    return frame


def _values(box: Atoms) -> dict[str, Any]:
    values = {"numbers": box.numbers, "positions": box.positions, "cell": box.cell.array, "pbc": box.pbc}
    return {key: value.tolist() for key, value in values.items()}
