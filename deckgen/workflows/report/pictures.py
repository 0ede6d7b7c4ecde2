"""Clusters as pictures: shaded spheres and bonds, the far ones paler, as SVG."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
from ase import Atoms
from ase.data.colors import jmol_colors
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from deckgen.workflows.html import data_uri

__all__ = ["Picture", "draw_cluster", "picture_of"]

Array = NDArray[np.float64]

SIZE = 240.0
"""Width and height of a picture in its own units."""

SPHERE = 0.42
BOND = 1.25
"""Radius of a sphere, and the longest bond, in nearest-neighbour distances."""

PALEST = 0.55
"""How far an atom at the back fades into the white of the page."""

TILT = np.radians((-14.0, 18.0))


ROUND = 1.15
"""Largest ratio of two principal moments of inertia that are called equal."""


@dataclass(frozen=True)
class Picture:
    """A cluster on the page: an address that holds its SVG, what to say below it, and to who does not see it."""

    address: str
    caption: str
    alt: str


class _Piece(NamedTuple):
    depth: float
    svg: str


def picture_of(atoms: Atoms, caption: str) -> Picture:
    """Return the picture of a cluster; its alternative text says what one would see: the atoms, the shape, the size."""
    reach = float(cdist(atoms.positions, atoms.positions).max())
    alt = f"Drawing of {atoms.get_chemical_formula()}: a {_shape(atoms)} cluster, {reach:.1f} Å from end to end."
    return Picture(data_uri(draw_cluster(atoms)), caption, alt)


def _shape(atoms: Atoms) -> str:
    low, middle, high = atoms.get_moments_of_inertia()
    if high <= ROUND * low:
        return "nearly round"
    if high <= ROUND * middle:
        return "long"  # a rod: two large moments
    return "flat" if middle <= ROUND * low else "uneven"


def draw_cluster(atoms: Atoms) -> str:
    """Return the SVG of a cluster, seen along its z axis, slightly tilted, scaled to fill the picture."""
    positions = (atoms.positions - atoms.positions.mean(axis=0)) @ _rotation()
    distances = cdist(positions, positions) + np.diag(np.full(len(atoms), np.inf))
    bond = float(np.median(distances.min(axis=1)))
    reach = float(np.abs(positions[:, :2]).max()) + SPHERE * bond
    scale = SIZE / 2 / reach
    depth = positions[:, 2]
    nearness = (depth - depth.min()) / max(float(np.ptp(depth)), 1e-9)
    xy = SIZE / 2 + scale * positions[:, :2] * (1, -1)
    pieces = [
        _Piece((depth[i] + depth[j]) / 2, _bond(xy[i], xy[j], (nearness[i] + nearness[j]) / 2, scale * bond))
        for i, j in combinations(range(len(atoms)), 2)
        if distances[i, j] < BOND * bond
    ]
    pieces += [
        _Piece(depth[i], _sphere(symbol, xy[i], nearness[i], scale * bond)) for i, symbol in enumerate(atoms.symbols)
    ]
    body = "".join(piece.svg for piece in sorted(pieces))
    gradients = "".join(_gradient(symbol) for symbol in sorted(set(atoms.symbols)))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE:g} {SIZE:g}" width="{SIZE:g}" height="{SIZE:g}">'
        f"<defs>{gradients}</defs>{body}</svg>"
    )


def _rotation() -> Array:
    (cx, cy), (sx, sy) = np.cos(TILT), np.sin(TILT)
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    return np.asarray(about_x @ about_y)


def _gradient(symbol: str) -> str:
    number = Atoms(symbol).numbers[0]
    colour = jmol_colors[number]
    stops = ((0, 0.25 * colour + 0.75), (45, colour), (100, 0.45 * colour))
    inner = "".join(f'<stop offset="{at}%" stop-color="{_hex(shade)}"/>' for at, shade in stops)
    return f'<radialGradient id="{symbol}" cx="35%" cy="32%" r="75%">{inner}</radialGradient>'


def _hex(colour: Array) -> str:
    return "#" + "".join(f"{round(255 * float(part)):02x}" for part in np.clip(colour, 0, 1))


def _bond(a: Array, b: Array, nearness: float, bond_px: float) -> str:
    grey = _hex(np.full(3, 0.45 + (1 - nearness) * PALEST * 0.55))
    return (
        f'<line x1="{a[0]:.1f}" y1="{a[1]:.1f}" x2="{b[0]:.1f}" y2="{b[1]:.1f}" '
        f'stroke="{grey}" stroke-width="{0.09 * bond_px:.1f}"/>'
    )


def _sphere(symbol: str, centre: Array, nearness: float, bond_px: float) -> str:
    place = f'cx="{centre[0]:.1f}" cy="{centre[1]:.1f}" r="{SPHERE * bond_px:.1f}"'
    ball = f'<circle {place} fill="url(#{symbol})"/>'
    fog = (1 - nearness) * PALEST
    return ball + (f'<circle {place} fill="#fff" fill-opacity="{fog:.2f}"/>' if fog > 0.01 else "")
