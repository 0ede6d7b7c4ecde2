"""Harmonic frequencies of a minimum, from its Hessian."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deckgen.analysis.isomers.geometry import centred, masses_u
from deckgen.errors import AnalysisError

__all__ = ["frequencies_rad_ps", "log_frequency_product"]

Array = NDArray[np.float64]

EV_A2_U = 9648.5332157
"""1 eV/(A^2 u) in (rad/ps)^2."""


def frequencies_rad_ps(hessian_eV_A2: ArrayLike, symbols: Sequence[str], positions_A: ArrayLike) -> Array:
    """Return the angular frequencies (3N - 6,) of a minimum in rad/ps, ascending; its rigid motions are projected out.

    Parameters
    ----------
    hessian_eV_A2 : (3N, 3N)
        Second derivatives of the energy, coordinates in the order x1, y1, z1, x2 ...
    symbols
        Chemical symbol of each atom.
    positions_A : (N, 3)
        The minimum, N >= 3, its atoms not in line.

    Raises
    ------
    AnalysisError
        If the atoms lie in line, or a curvature is not positive: then it is a saddle, or not converged.
    """
    root_mass = np.sqrt(np.repeat(masses_u(symbols), 3))
    hessian = np.asarray(hessian_eV_A2, dtype=float)
    weighted = (hessian + hessian.T) / 2 / np.outer(root_mass, root_mass)
    vibrations = _vibrational_basis(root_mass, centred(positions_A))
    squares = np.linalg.eigvalsh(vibrations.T @ weighted @ vibrations) * EV_A2_U
    if squares[0] <= 0:
        raise AnalysisError(
            f"the lowest of {len(squares)} curvatures is {squares[0] / EV_A2_U:.3g} eV/(A^2 u): not a minimum",
            hint="converge it more tightly",
        )
    return np.asarray(np.sqrt(squares))


def log_frequency_product(hessian_eV_A2: ArrayLike, symbols: Sequence[str], positions_A: ArrayLike) -> float:
    """Return the sum of ln(omega ps) over the 3N - 6 vibrations; parameters and errors as of `frequencies_rad_ps`."""
    return float(np.log(frequencies_rad_ps(hessian_eV_A2, symbols, positions_A)).sum())


def _vibrational_basis(root_mass: Array, positions: Array) -> Array:
    """Return an orthonormal basis (3N, 3N - 6) of what neither moves nor turns the cluster, in weighted coordinates."""
    n_atoms = len(positions)
    axes = np.eye(3)
    shifts = [np.tile(axis, n_atoms) for axis in axes]
    turns = [np.cross(axis, positions).ravel() for axis in axes]
    rigid = root_mass[:, None] * np.array(shifts + turns).T
    u, sizes, _ = np.linalg.svd(rigid)
    if sizes[-1] < 1e-6 * sizes[0]:
        raise AnalysisError("the atoms lie in line: they have no 3N - 6 vibrations")
    return np.asarray(u[:, 6:])
