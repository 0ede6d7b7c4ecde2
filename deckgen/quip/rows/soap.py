"""SOAP: the vectors of atoms, their derivatives, and their rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from deckgen.errors import InputError
from deckgen.quip.library import last_error, library
from deckgen.quip.rows.cluster import Cluster, Cutoff, require_columns

__all__ = ["SoapBasis", "SoapVectors", "n_components"]

Array = NDArray[np.float64]

CENTRES_AT_ONCE = 4
POINTS_AT_ONCE = 512
"""How much of a product of derivatives and sparse points is made before it is used: what fits the cache."""


class SoapBasis(Cutoff, Protocol):
    """The basis in which the neighbourhoods of atoms are expanded."""

    @property
    def n_max(self) -> int:
        """Number of radial functions."""

    @property
    def l_max(self) -> int:
        """Highest angular momentum."""

    @property
    def atom_sigma_A(self) -> float:
        """Width of the Gaussian that represents an atom."""

    @property
    def central_weight(self) -> float:
        """Weight of the central atom in its own neighbourhood."""


def n_components(basis: SoapBasis, n_elements: int) -> int:
    """Return the number of components of a SOAP vector, without gap_fit's last one."""
    functions = basis.n_max * n_elements
    return functions * (functions + 1) // 2 * (basis.l_max + 1)


def _atoms_of(cluster: Cluster, element: int) -> NDArray[np.int32]:
    return np.flatnonzero(cluster.numbers == element).astype(np.int32)


class SoapVectors:
    """SOAP vectors of the atoms of clusters, normalised, in gap_fit's order without its last component, which is 0.

    Parameters
    ----------
    basis
        The basis of a neighbourhood's density.
    elements
        Atomic numbers of the elements that have a density each.

    Raises
    ------
    InputError
        If the radial basis is nearly linearly dependent.
    """

    def __init__(self, basis: SoapBasis, elements: Sequence[int]) -> None:
        self.n_components = n_components(basis, len(elements))
        densities = np.array(elements, dtype=np.int32)
        self._handle = library().deckgen_soap_new(
            basis.n_max,
            basis.l_max,
            basis.cutoff_A,
            basis.transition_A,
            basis.atom_sigma_A,
            basis.central_weight,
            len(densities),
            densities.ctypes.data,
        )
        if not self._handle:
            raise InputError(f"[fit.soap]: {last_error()}", hint="a smaller n_max, or a smaller atom_sigma_A")

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            library().deckgen_soap_delete(self._handle)

    def values(self, cluster: Cluster, element: int) -> Array:
        """Return the vector of each atom of an element, (n, n_components)."""
        centres = _atoms_of(cluster, element)
        x = np.empty((len(centres), self.n_components))
        library().deckgen_soap_values(
            self._handle,
            cluster.positions_A.ctypes.data,
            cluster.numbers.ctypes.data,
            len(cluster),
            len(centres),
            centres.ctypes.data,
            x.ctypes.data,
        )
        return x

    def gradients(self, cluster: Cluster, centre: int) -> tuple[NDArray[np.int32], Array]:
        """Return one atom's neighbours (K,), and its vector followed by its derivatives, (1 + 3 K, n_components).

        The derivatives with respect to the x, y and z of each neighbour are in 1/angstrom.
        """
        atoms = np.empty(len(cluster), dtype=np.int32)
        out = np.empty((1 + 3 * len(cluster), self.n_components))
        count = self._gradients(cluster, centre, atoms, out)
        return atoms[:count], out[: 1 + 3 * count]

    def _gradients(self, cluster: Cluster, centre: int, atoms: NDArray[np.int32], out: Array) -> int:
        return int(
            library().deckgen_soap_gradients(
                self._handle,
                cluster.positions_A.ctypes.data,
                cluster.numbers.ctypes.data,
                len(cluster),
                centre,
                atoms.ctypes.data,
                out.ctypes.data,
            )
        )

    def add_rows(self, cluster: Cluster, element: int, points: Array, weights: Array, zeta: float, rows: Array) -> None:
        """Add the atoms of an element to the rows of their cluster.

        Parameters
        ----------
        cluster
            The cluster.
        element
            Atomic number.
        points : (n_sparse, n_components)
            Sparse points.
        weights : (n_sparse,)
            delta^2, in eV^2.
        zeta
            Exponent of the kernel.
        rows : (1 + 3 N, n_sparse), Fortran-ordered
            A view of the design matrix.
        """
        all_centres = _atoms_of(cluster, element)
        n, width = len(cluster), min(CENTRES_AT_ONCE, max(1, len(all_centres)))
        require_columns(rows, n, len(points))
        atoms = np.empty(width * n, dtype=np.int32)
        gradients = np.empty((width * (1 + 3 * n), self.n_components))
        products = np.empty((min(POINTS_AT_ONCE, len(points)), len(gradients)))
        for first in range(0, len(all_centres), width):
            centres = all_centres[first : first + width]
            counts, n_rows = np.zeros(len(centres), dtype=np.int32), 0
            for i, centre in enumerate(centres):
                counts[i] = self._gradients(cluster, int(centre), atoms[counts.sum() :], gradients[n_rows:])
                n_rows += 1 + 3 * int(counts[i])
            for begin in range(0, len(points), POINTS_AT_ONCE):
                block = points[begin : begin + POINTS_AT_ONCE]
                np.dot(block, gradients[:n_rows].T, out=products.ravel()[: len(block) * n_rows].reshape(len(block), -1))
                library().deckgen_soap_rows(
                    products.ctypes.data,
                    n_rows,
                    len(centres),
                    centres.ctypes.data,
                    counts.ctypes.data,
                    atoms.ctypes.data,
                    len(block),
                    weights[begin:].ctypes.data,
                    zeta,
                    rows[:, begin:].ctypes.data,
                    rows.strides[1] // rows.itemsize,
                )
