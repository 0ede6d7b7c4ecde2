"""Exact comparison of two structures: the rotation, reflection and permutation that bring one onto the other.

Structures that are the same differ by little, so nothing has to be searched for blindly. Two atoms of the one, with its
centre, fix a frame; their images in the other lie at the same distances from the centre and from each other. The two
atoms with the fewest such images are taken, and every pair of images is tried. If there is a match within the
tolerance, it is among them, also for icosahedra, where inertia tensors give no frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from deckgen.analysis.isomers.geometry import centred

__all__ = ["Alignment", "Shape", "align", "alignments", "base_pair", "matches"]

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

LEVER = 0.5
"""Least distance of a frame's first atom from the centre and of its second from their axis, in cluster radii."""

FRAME_ERROR = 6.0
"""How far, in tolerances, atoms may be off in the frame of two atoms that are off by one tolerance each."""

PROBES = 8
"""Atoms that must fit before all are looked at."""

ROUNDS = 5
"""Rounds of assignment and fit at most; the second usually changes nothing."""


@dataclass(frozen=True, eq=False)
class Shape:
    """A structure to compare: atoms about their centre.

    Parameters
    ----------
    kinds : (N,)
        Chemical symbol of each atom.
    positions_A : (N, 3)
        Positions, their mean at the origin.
    radii_A : (N,)
        Distances from the centre.
    """

    kinds: NDArray[np.str_]
    positions_A: Array
    radii_A: Array

    @classmethod
    def of(cls, symbols: Sequence[str], positions_A: ArrayLike) -> Shape:
        """Return the shape of a cluster, wherever it lies."""
        positions = centred(positions_A)
        return cls(np.asarray(symbols), positions, np.linalg.norm(positions, axis=1))

    def scaled_to(self, other: Shape) -> Shape:
        """Return the shape with the radius of gyration of another."""
        factor = float(np.sqrt((other.radii_A**2).mean() / (self.radii_A**2).mean()))
        return Shape(self.kinds, factor * self.positions_A, factor * self.radii_A)


@dataclass(frozen=True, eq=False)
class Alignment:
    """How one structure lies on another.

    Parameters
    ----------
    rotation : (3, 3)
        Orthogonal matrix R: a.positions_A @ R lies on b.positions_A; its determinant is -1 with a reflection.
    permutation : (N,)
        Atom i of a lies on atom permutation[i] of b.
    deviation_A
        Largest distance of an atom from its counterpart.
    rmsd_A
        Root mean square of these distances.
    """

    rotation: Array
    permutation: Indices
    deviation_A: float
    rmsd_A: float

    @property
    def reflected(self) -> bool:
        """Whether a reflection is part of it."""
        return bool(np.linalg.det(self.rotation) < 0)


def align(a: Shape, b: Shape, *, tolerance_A: float, reflection: bool = True, scale: bool = False) -> Alignment | None:
    """Return the closest alignment of two structures, or None if no atom-by-atom match lies within the tolerance.

    Parameters
    ----------
    a, b
        The structures.
    tolerance_A
        Largest distance of an atom from its counterpart. All matches are found for tolerances that are small beside a
        bond; with large ones some may be missed.
    reflection
        Whether mirror images count as equal.
    scale
        Bring `a` to the radius of gyration of `b` first: for minima of two potentials.
    """
    found = alignments(a.scaled_to(b) if scale else a, b, tolerance_A=tolerance_A, reflection=reflection)
    return min(found, key=lambda alignment: alignment.rmsd_A, default=None)


def matches(a: Shape, b: Shape, *, tolerance_A: float, reflection: bool = True) -> bool:
    """Return whether two structures are the same within a tolerance, as `align` does."""
    return next(alignments(a, b, tolerance_A=tolerance_A, reflection=reflection), None) is not None


def alignments(a: Shape, b: Shape, *, tolerance_A: float, reflection: bool = True) -> Iterator[Alignment]:
    """Yield every alignment of two structures within the tolerance; some may come twice."""
    if len(a.kinds) != len(b.kinds) or not _radii_agree(a, b, tolerance_A):
        return
    compatible = (a.kinds[:, None] == b.kinds) & (np.abs(a.radii_A[:, None] - b.radii_A) <= tolerance_A)
    for rotation in _frames(a, b, compatible, tolerance_A, reflection):
        alignment = _refined(a, b, rotation)
        if alignment.deviation_A <= tolerance_A:
            yield alignment


def base_pair(shape: Shape, n_images: Indices) -> tuple[int, int]:
    """Return the two atoms whose images fix a frame: away from the centre, not in line with it, with few images.

    Parameters
    ----------
    shape
        The structure.
    n_images : (N,)
        How many atoms may be the image of each.
    """
    radius = float(shape.radii_A.max())
    first = _fewest(n_images, shape.radii_A, LEVER * radius)
    axis = shape.positions_A[first] / shape.radii_A[first]
    levers = np.linalg.norm(np.cross(shape.positions_A, axis), axis=1)
    levers[first] = -1.0
    return first, _fewest(n_images, levers, LEVER * radius)


def _fewest(n_images: Indices, levers: Array, least: float) -> int:
    """Return the atom with the fewest images among those with a long lever, or the one with the longest."""
    far = np.flatnonzero(levers >= min(least, float(levers.max())))
    return int(far[np.argmin(n_images[far])])


def _radii_agree(a: Shape, b: Shape, tolerance_A: float) -> bool:
    """Return whether kinds and sorted distances from the centre agree: no match could do without."""
    order_a, order_b = np.lexsort((a.radii_A, a.kinds)), np.lexsort((b.radii_A, b.kinds))
    if not np.array_equal(a.kinds[order_a], b.kinds[order_b]):
        return False
    return bool(np.abs(a.radii_A[order_a] - b.radii_A[order_b]).max() <= tolerance_A)


def _frames(a: Shape, b: Shape, compatible: NDArray[np.bool_], tolerance_A: float, reflection: bool) -> Iterator[Array]:
    """Yield the rotations (3, 3) that bring the base pair of a onto a pair of b, if some other atoms fit as well."""
    n_images = compatible.sum(axis=1)
    i, j = base_pair(a, n_images)
    k, l = (index.ravel() for index in np.meshgrid(np.flatnonzero(compatible[i]), np.flatnonzero(compatible[j])))  # noqa: E741
    apart = np.linalg.norm(b.positions_A[k] - b.positions_A[l], axis=1)
    wanted = np.linalg.norm(a.positions_A[i] - a.positions_A[j])
    fits = (np.abs(apart - wanted) <= 2 * tolerance_A) & (k != l)
    covariance = (
        a.positions_A[i][:, None] * b.positions_A[k[fits]][:, None, :]
        + a.positions_A[j][:, None] * b.positions_A[l[fits]][:, None, :]
    )
    probes = np.argsort(n_images, kind="stable")[:PROBES]
    for handedness in (1.0, -1.0) if reflection else (1.0,):
        rotations = _rotations(covariance, handedness)
        moved = (a.positions_A[probes] @ rotations).reshape(-1, 3)
        distances = cdist(moved, b.positions_A).min(axis=1).reshape(len(rotations), len(probes))
        yield from rotations[distances.max(axis=1, initial=0.0) <= FRAME_ERROR * tolerance_A]


def _rotations(covariance: Array, handedness: float) -> Array:
    """Return the orthogonal matrices (..., 3, 3) of a determinant that bring points closest to others.

    `covariance` is the sum of the points' outer products (Kabsch, Acta Cryst. A 32, 922 (1976)).
    """
    u, _, vt = np.linalg.svd(covariance)
    u[..., 2] *= (handedness * np.linalg.det(u) * np.linalg.det(vt))[..., None]
    return np.asarray(u @ vt)


def _refined(a: Shape, b: Shape, rotation: Array) -> Alignment:
    """Assign atoms to atoms and fit the rotation to the assignment, until the assignment stays."""
    handedness = np.sign(np.linalg.det(rotation))
    permutation = _assigned(a, b, rotation)
    for _ in range(ROUNDS):
        rotation = _rotations(a.positions_A.T @ b.positions_A[permutation], handedness)
        previous, permutation = permutation, _assigned(a, b, rotation)
        if np.array_equal(previous, permutation):
            break
    distances = np.linalg.norm(a.positions_A @ rotation - b.positions_A[permutation], axis=1)
    return Alignment(rotation, permutation, float(distances.max()), float(np.sqrt((distances**2).mean())))


def _assigned(a: Shape, b: Shape, rotation: Array) -> Indices:
    """Return the atom of b that each rotated atom of a belongs to: the nearest of its kind, each taken once."""
    squares = cdist(a.positions_A @ rotation, b.positions_A, "sqeuclidean")
    squares[a.kinds[:, None] != b.kinds] = np.inf
    nearest = squares.argmin(axis=1)
    if len(np.unique(nearest)) == len(nearest):
        return np.asarray(nearest)  # then no assignment is better
    return np.asarray(linear_sum_assignment(squares)[1])
