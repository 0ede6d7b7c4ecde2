"""Second derivatives of the potential energy: frequencies, and whether a structure is a minimum."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deckgen.minima import Minimum
from deckgen.processes.executor import TaskExecutor, use_executor
from deckgen.processes.shares import share_out
from deckgen.runs.opening import lammps_errors
from deckgen.runs.quench.quencher import Quencher

__all__ = ["downhill_mode", "hessians"]

Array = NDArray[np.float64]

FLAT = 1e-5
"""A negative curvature counts from this part of the largest curvature on; beneath lie the errors of the differences."""

LINEAR = 1e-6
"""Atoms in a line have one rotation less: it moves them by less than this part of the others."""
CLOSE, BASIS = 0.05, 40
"""The sign of the lowest curvature is asked for, not its digits: tolerance and size of the Lanczos basis."""


def hessians(
    deck: Path, minima: Sequence[Minimum], *, workers: int | None = None, executor: TaskExecutor | None = None
) -> list[Array]:
    """Return the second derivatives (3N, 3N) in eV/A^2 at some structures: 6N evaluations each.

    Symmetric; rows and columns go atom by atom, x, y, z.

    Parameters
    ----------
    deck
        Folder of a quench deck of the same cluster and potential.
    minima
        The structures.
    workers
        Processes at once; None: as many as cores.
    executor
        Runs them, in place of one of its own.

    Raises
    ------
    RunError
        With LAMMPS' message if it fails.
    """
    with use_executor(executor, workers) as pool:
        return share_out(pool, [minimum.positions_A for minimum in minima], _hessians, deck)


def _hessians(deck: Path, structures: Sequence[Array]) -> list[Array]:
    """Return the second derivatives at some structures, in a process of its own."""
    with contextlib.chdir(deck):
        quencher = Quencher(deck)
        with lammps_errors(deck):
            return [quencher.second_derivatives(positions) for positions in structures]


def downhill_mode(curvature: Callable[[Array], Array], positions_A: Array) -> Array | None:
    """Return the direction (N, 3), of length 1, in which the energy of a saddle falls most; None at a minimum.

    By the Lanczos method: some hundred products, fewer than a Hessian takes.

    Parameters
    ----------
    curvature
        Multiplies the Hessian, in eV/A^2, where the forces are zero, with a vector (N, 3).
    positions_A : (N, 3)
        The structure.
    """
    rigid, size = _rigid_motions(positions_A), positions_A.size
    start = np.random.default_rng(size).normal(size=size)
    start -= rigid @ (rigid.T @ start)
    start /= np.linalg.norm(start)
    inside = float(start @ curvature(start.reshape(-1, 3)).ravel())  # where rigid motions are out of the way

    def multiply(vector: Array) -> Array:
        of_rigid = rigid @ (rigid.T @ vector.ravel())
        internal = vector.ravel() - of_rigid
        if np.linalg.norm(internal) < LINEAR * np.linalg.norm(of_rigid):
            return np.asarray(inside * of_rigid)
        curved = curvature(internal.reshape(-1, 3)).ravel()
        return np.asarray(curved - rigid @ (rigid.T @ curved) + inside * of_rigid)

    from scipy.sparse.linalg import LinearOperator, eigsh  # here, because every process of a batch imports this module

    hessian = LinearOperator((size, size), matvec=multiply, dtype=np.float64)
    curvatures, modes = eigsh(hessian, k=2, which="BE", tol=CLOSE, ncv=min(size, BASIS), v0=start)
    if curvatures[0] > -FLAT * curvatures[1]:
        return None
    mode = modes[:, 0] - rigid @ (rigid.T @ modes[:, 0])
    mode /= np.linalg.norm(mode) * np.sign(mode[np.abs(mode).argmax()])  # one direction of the two, always the same
    return np.asarray(mode.reshape(-1, 3))


def _rigid_motions(positions_A: Array) -> Array:
    """Return the translations and rotations of a structure as orthonormal columns (3N, 6); (3N, 5) of a line."""
    centred = positions_A - positions_A.mean(axis=0)
    axes = np.eye(3)
    motions = [np.tile(axis, (len(centred), 1)) for axis in axes] + [np.cross(axis, centred) for axis in axes]
    rigid, sizes, _ = np.linalg.svd(np.stack([motion.ravel() for motion in motions], axis=1), full_matrices=False)
    return np.asarray(rigid[:, sizes > LINEAR * sizes[0]])
