"""What a heat capacity curve says of melting: its peaks, their position, height, width and area."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deckgen.units import KB_EV_K, initial_heat_capacity_over_kB

__all__ = ["MIN_PROMINENCE", "Peak", "find_melting", "prominent_peaks"]

Array = NDArray[np.float64]

MIN_PROMINENCE = 0.1
"""A maximum of C_v/C_0 that stands out by less is no peak."""


@dataclass(frozen=True)
class Peak:
    """The highest peak of a heat capacity curve.

    Parameters
    ----------
    temperature_K, height_over_c0
        Its maximum, refined by a parabola.
    fwhm_K
        Full width at (C_peak + C_0)/2; None where the curve does not fall that far on both sides.
    latent_heat_eV
        Area between the peak and the straight line that joins its feet; None at an edge.
    at_edge
        The curve is highest at its first or last temperature: the peak lies there or beyond.
    """

    temperature_K: float
    height_over_c0: float
    fwhm_K: float | None
    latent_heat_eV: float | None
    at_edge: bool


def prominent_peaks(temperatures_K: Array, curve: Array) -> tuple[tuple[float, float], ...]:
    """Return temperature and height of every maximum, edges included, that stands out by more than `MIN_PROMINENCE`."""
    return tuple(refine(temperatures_K, curve, top) for top in _maxima(curve))


def find_melting(temperatures_K: Array, curve: Array, n_atoms: int) -> Peak | None:
    """Return the highest peak of C_v/C_0, or None where there is none.

    Parameters
    ----------
    temperatures_K, curve : (G,)
        The curve, G >= 3.
    n_atoms
        Atoms in the cluster, for the latent heat.
    """
    peaks = _maxima(curve)
    if not peaks:
        return None
    top = max(peaks, key=lambda peak: float(curve[peak]))
    temperature, height = refine(temperatures_K, curve, top)
    if top in (0, len(curve) - 1):
        return Peak(temperature, height, None, None, at_edge=True)
    left, right = _valleys(curve, peaks, top)
    latent = _area_above_feet(temperatures_K[left : right + 1], curve[left : right + 1], top - left)
    return Peak(
        temperature_K=temperature,
        height_over_c0=height,
        fwhm_K=_width(temperatures_K, curve, top, (height + 1) / 2),
        latent_heat_eV=latent * initial_heat_capacity_over_kB(n_atoms) * KB_EV_K,
        at_edge=False,
    )


def refine(x: Array, y: Array, top: int) -> tuple[float, float]:
    """Return the summit of the parabola through a maximum and its two neighbours; an edge stays as it is."""
    if top in (0, len(y) - 1):
        return float(x[top]), float(y[top])
    a, b, c = np.polyfit(x[top - 1 : top + 2] - x[top], y[top - 1 : top + 2], 2)
    if not a < 0:
        return float(x[top]), float(y[top])
    return float(x[top] - b / (2 * a)), float(c - b**2 / (4 * a))


def _maxima(curve: Array) -> list[int]:
    """Return the prominent maxima, ascending, those at the edges included."""
    last = len(curve) - 1
    interior = 1 + np.flatnonzero((curve[1:-1] > curve[:-2]) & (curve[1:-1] >= curve[2:]))
    return [top for top in (0, *interior.tolist(), last) if _prominence(curve, top) > MIN_PROMINENCE]


def _prominence(curve: Array, top: int) -> float:
    """Return how far the curve falls on either side of a point, at least, before it rises above it."""
    sides = (curve[top::-1], curve[top:])
    return min(_fall(side) for side in sides if len(side) > 1)


def _fall(curve: Array) -> float:
    """Return how far the curve falls from its first point before it rises above it."""
    higher = np.flatnonzero(curve > curve[0])
    return float(curve[0] - curve[: higher[0] if len(higher) else None].min())


def _width(x: Array, y: Array, top: int, level: float) -> float | None:
    below_left = np.flatnonzero(y[:top] < level)
    below_right = np.flatnonzero(y[top:] < level)
    if len(below_left) == 0 or len(below_right) == 0:
        return None
    i, j = below_left[-1], top + below_right[0]
    left = np.interp(level, y[[i, i + 1]], x[[i, i + 1]])
    right = np.interp(level, y[[j, j - 1]], x[[j, j - 1]])
    return float(right - left)


def _valleys(y: Array, peaks: list[int], top: int) -> tuple[int, int]:
    """Return the lowest points that part a peak from its neighbours, or the ends of the curve."""
    before = max((peak for peak in peaks if peak < top), default=None)
    after = min((peak for peak in peaks if peak > top), default=None)
    left = 0 if before is None else before + int(np.argmin(y[before:top]))
    right = len(y) - 1 if after is None else top + int(np.argmin(y[top:after]))
    return left, right


def _area_above_feet(x: Array, y: Array, top: int) -> float:
    """Return the area between a peak and the line that touches the curve from below on its two sides.

    The feet are the two points of the curve's lower convex hull on either side of the summit.
    """
    hull = [0]
    for i in range(1, len(x)):
        while len(hull) > 1 and _turns_right(x, y, hull[-2], hull[-1], i):
            hull.pop()
        hull.append(i)
    right = next(i for i in hull if i > top)
    left = hull[hull.index(right) - 1]
    section = slice(left, right + 1)
    line = np.interp(x[section], x[[left, right]], y[[left, right]])
    return float(np.trapezoid(y[section] - line, x[section]))


def _turns_right(x: Array, y: Array, a: int, b: int, c: int) -> bool:
    return bool((x[b] - x[a]) * (y[c] - y[a]) <= (x[c] - x[a]) * (y[b] - y[a]))
