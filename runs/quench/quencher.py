"""One LAMMPS that the script of a quench deck has set up, fed with structures of the deck's cluster."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from deckgen.decks.manifest import SCRIPT
from deckgen.runs.opening import lammps_errors, open_for_script

__all__ = ["Minimised", "Quencher"]

Array = NDArray[np.float64]

STEP_A = 2e-3


class Minimised(NamedTuple):
    """Where a minimisation ended: positions (N, 3), energy, largest force on an atom, number of steps."""

    positions_A: Array
    energy_eV: float
    max_force_eV_A: float
    n_steps: int


class Quencher:
    """Minimises structures, and differentiates their forces.

    Atoms come and go in the order of their numbers in the deck's data file.

    Parameters
    ----------
    deck
        The deck, whose folder must be the working folder.

    Raises
    ------
    RunError
        With LAMMPS' message if the script fails.
    """

    def __init__(self, deck: Path) -> None:
        self._deck = deck
        self._open()

    def _open(self) -> None:
        self._lmp = open_for_script("none")
        with lammps_errors(self._deck / SCRIPT):
            self._lmp.command("variable n_frames index 0")
            self._lmp.file(SCRIPT)
        self._n_atoms = int(self._lmp.get_natoms())

    def renew(self) -> None:
        """Begin with a new LAMMPS: one that has lost atoms would fail at every structure from then on."""
        self._lmp.close()
        self._open()

    def cut_short(self) -> None:
        """End the minimisation that is under way, from another thread or a signal's handler."""
        self._lmp.lib.lammps_force_timeout(self._lmp.lmp)

    def minimise(self, positions_A: Array) -> Minimised:
        """Minimise as the deck says from positions (N, 3)."""
        self._put(positions_A)
        self._lmp.command("reset_timestep 0")
        self._lmp.command("${quench}")
        return Minimised(
            positions_A=self._take("x"),
            energy_eV=float(self._lmp.get_thermo("pe")),
            max_force_eV_A=float(np.sqrt((self._take("f") ** 2).sum(axis=1).max())),
            n_steps=int(self._lmp.extract_global("ntimestep")),
        )

    def second_derivatives(self, positions_A: Array) -> Array:
        """Return the Hessian (3N, 3N) in eV/A^2 at positions (N, 3), by central differences of the forces."""
        along = self.curvature(positions_A)
        directions = np.eye(positions_A.size).reshape(-1, *positions_A.shape)
        rows = np.array([along(direction).ravel() for direction in directions])
        return np.asarray((rows + rows.T) / 2)

    def curvature(self, positions_A: Array) -> Callable[[Array], Array]:
        """Return the function that multiplies the Hessian (eV/A^2) at positions (N, 3) with a vector (N, 3)."""
        self._put(positions_A)
        self._lmp.command("run 0 post no")

        def along(direction: Array) -> Array:
            shift = STEP_A * direction / np.linalg.norm(direction, axis=1).max()
            change = self._forces(positions_A - shift) - self._forces(positions_A + shift)
            return np.asarray(change * (np.linalg.norm(direction) / np.linalg.norm(shift) / 2))

        return along

    def _forces(self, positions_A: Array) -> Array:
        """Return the forces near positions that a run was set up for."""
        self._put(positions_A)
        self._lmp.command("run 1 pre no post no")  # nothing integrates: the atoms stay
        return self._take("f")

    def _rows(self) -> NDArray[np.intp]:
        """Return for each of LAMMPS' atoms, whose order changes, its place in the data file."""
        return np.asarray(self._lmp.numpy.extract_atom("id")[: self._n_atoms], dtype=np.intp) - 1

    def _put(self, positions_A: Array) -> None:
        self._lmp.numpy.extract_atom("x")[: self._n_atoms] = positions_A[self._rows()]

    def _take(self, what: str) -> Array:
        values = np.empty((self._n_atoms, 3))
        values[self._rows()] = self._lmp.numpy.extract_atom(what)[: self._n_atoms]
        return values
