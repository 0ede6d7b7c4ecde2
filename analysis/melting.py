"""What a heat capacity curve says of melting: its peaks, their position, height, width and area."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deckgen.units import KB_EV_K, initial_heat_capacity_over_kB

__all__ = ["MIN_PROMINENCE", "Peak", "find_melting", "find_peaks", "peak_near", "peak_slopes", "quantity_near"]

Array = NDArray[np.float64]

MIN_PROMINENCE = 0.1
"""A maximum of C_v/C_0 that stands out by less is no peak."""

FINER = 9
"""Points between two of the grid where a curve is followed to a level: the width does not depend on the grid."""

STEP = 1e-4
"""Of C_v/C_0, for the slope of a peak's quantities."""

QUANTITIES = ("temperature_K", "height_over_c0", "fwhm_K", "latent_heat_eV")
"""Of a peak."""


@dataclass(frozen=True)
class Peak:
    """A peak of a heat capacity curve.

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


def find_peaks(temperatures_K: Array, curve: Array, n_atoms: int) -> tuple[Peak, ...]:
    """Return every maximum of C_v/C_0 that stands out by more than `MIN_PROMINENCE`, ascending in temperature.

    Parameters
    ----------
    temperatures_K, curve : (G,)
        The curve, G >= 3.
    n_atoms
        Atoms in the cluster, for the latent heat.
    """
    maxima = _maxima(curve)
    return tuple(_peak(temperatures_K, curve, maxima, top, n_atoms) for top in maxima)


def find_melting(temperatures_K: Array, curve: Array, n_atoms: int) -> Peak | None:
    """Return the highest peak of C_v/C_0, or None where there is none; see `find_peaks`."""
    maxima = _maxima(curve)
    if not maxima:
        return None
    top = max(maxima, key=lambda peak: float(curve[peak]))
    return _peak(temperatures_K, curve, maxima, top, n_atoms)


def peak_near(temperatures_K: Array, curve: Array, n_atoms: int, temperature_K: float) -> Peak | None:
    """Return the peak of C_v/C_0 that lies nearest to a temperature, or None where there is none; see `find_peaks`."""
    maxima = _maxima(curve)
    top = _nearest(temperatures_K, maxima, temperature_K)
    return None if top is None else _peak(temperatures_K, curve, maxima, top, n_atoms)


def quantity_near(temperatures_K: Array, curve: Array, n_atoms: int, temperature_K: float, name: str) -> float | None:
    """Return one quantity, a field of `Peak`, of the peak nearest to a temperature; the others would take time.

    None where there is no peak inside the grid, or where the peak has no such quantity.
    """
    maxima = _maxima(curve)
    top = _nearest(temperatures_K, maxima, temperature_K)
    if top is None or top in (0, len(curve) - 1):
        return None
    temperature, height = refine(temperatures_K, curve, top)
    if name == "temperature_K":
        return temperature
    if name == "height_over_c0":
        return height
    if name == "fwhm_K":
        return _width(temperatures_K, curve, top, height)
    if name == "latent_heat_eV":
        return _latent_heat_eV(temperatures_K, curve, maxima, top, n_atoms)
    raise ValueError(f"a peak has no {name}")


def peak_slopes(temperatures_K: Array, curve: Array, n_atoms: int, temperature_K: float) -> dict[str, Array]:
    """Return how each quantity of the peak nearest to a temperature changes with each point of the curve, (G,).

    By name, a field of `Peak`; without those that the peak does not have.
    """
    maxima = _maxima(curve)
    top = _nearest(temperatures_K, maxima, temperature_K)
    if top is None:
        return {}
    slopes = {name: np.zeros(len(curve)) for name in QUANTITIES}
    for point in range(len(curve)):
        up, down = (_peak(temperatures_K, _stepped(curve, point, by), maxima, top, n_atoms) for by in (STEP, -STEP))
        for name in list(slopes):
            high, low = getattr(up, name), getattr(down, name)
            if high is None or low is None:
                del slopes[name]
            else:
                slopes[name][point] = (high - low) / (2 * STEP)
    return slopes


def _stepped(curve: Array, point: int, step: float) -> Array:
    stepped = curve.copy()
    stepped[point] += step
    return stepped


def _nearest(temperatures_K: Array, maxima: list[int], temperature_K: float) -> int | None:
    return min(maxima, key=lambda top: abs(float(temperatures_K[top]) - temperature_K), default=None)


def _peak(temperatures_K: Array, curve: Array, maxima: list[int], top: int, n_atoms: int) -> Peak:
    temperature, height = refine(temperatures_K, curve, top)
    if top in (0, len(curve) - 1):
        return Peak(temperature, height, None, None, at_edge=True)
    return Peak(
        temperature_K=temperature,
        height_over_c0=height,
        fwhm_K=_width(temperatures_K, curve, top, height),
        latent_heat_eV=_latent_heat_eV(temperatures_K, curve, maxima, top, n_atoms),
        at_edge=False,
    )


def refine(x: Array, y: Array, top: int) -> tuple[float, float]:
    """Return the summit of the parabola through a maximum and its two neighbours; an edge stays as it is."""
    if top in (0, len(y) - 1):
        return float(x[top]), float(y[top])
    before, after = x[top] - x[top - 1], x[top + 1] - x[top]
    rise, fall = (y[top] - y[top - 1]) / before, (y[top + 1] - y[top]) / after
    curvature = (fall - rise) / (before + after)
    slope = (rise * after + fall * before) / (before + after)
    if not curvature < 0:
        return float(x[top]), float(y[top])
    return float(x[top] - slope / (2 * curvature)), float(y[top] - slope**2 / (4 * curvature))


def _maxima(curve: Array) -> list[int]:
    """Return the prominent maxima, ascending, those at the edges included."""
    ends = np.concatenate([[-np.inf], curve, [-np.inf]])
    candidates = np.flatnonzero((curve > ends[:-2]) & (curve >= ends[2:]))
    return [top for top in candidates.tolist() if _prominence(curve, top) > MIN_PROMINENCE]


def _prominence(curve: Array, top: int) -> float:
    """Return how far the curve falls on either side of a point, at least, before it rises above it."""
    sides = (curve[top::-1], curve[top:])
    return min(_fall(side) for side in sides if len(side) > 1)


def _fall(curve: Array) -> float:
    """Return how far the curve falls from its first point before it rises above it."""
    higher = np.flatnonzero(curve > curve[0])
    return float(curve[0] - curve[: higher[0] if len(higher) else None].min())


def _width(x: Array, y: Array, top: int, height: float) -> float | None:
    level = (height + 1) / 2
    below_left = np.flatnonzero(y[:top] < level)
    below_right = np.flatnonzero(y[top:] < level)
    if len(below_left) == 0 or len(below_right) == 0:
        return None
    return _crossing(x, y, top + below_right[0] - 1, level) - _crossing(x, y, below_left[-1], level)


def _crossing(x: Array, y: Array, i: int, level: float) -> float:
    """Return where the cubic through four points crosses a level between point i and the next."""
    first = min(max(int(i) - 1, 0), max(len(x) - 4, 0))
    fine = np.linspace(x[i], x[i + 1], FINER).tolist()
    height = [
        value - level for value in _polynomial(x[first : first + 4].tolist(), y[first : first + 4].tolist(), fine)
    ]
    after = next((j for j in range(1, FINER) if (height[j] < 0) != (height[0] < 0)), FINER - 1)
    rise = height[after] - height[after - 1]
    return float(fine[after] - (height[after] / rise if rise else 0.0) * (fine[after] - fine[after - 1]))


def _polynomial(x: list[float], y: list[float], at: list[float]) -> list[float]:
    """Return the polynomial through a few points by Newton's divided differences, without numpy: it is called often."""
    slopes = list(y)
    for order in range(1, len(x)):
        for j in range(len(x) - 1, order - 1, -1):
            slopes[j] = (slopes[j] - slopes[j - 1]) / (x[j] - x[j - order])
    values = [slopes[-1]] * len(at)
    for node, slope in zip(x[-2::-1], slopes[-2::-1], strict=True):
        values = [value * (point - node) + slope for value, point in zip(values, at, strict=True)]
    return values


def _latent_heat_eV(temperatures_K: Array, curve: Array, maxima: list[int], top: int, n_atoms: int) -> float:
    left, right = _valleys(curve, maxima, top)
    area = _area_above_feet(temperatures_K[left : right + 1], curve[left : right + 1], top - left)
    return area * initial_heat_capacity_over_kB(n_atoms) * KB_EV_K


def _valleys(y: Array, peaks: list[int], top: int) -> tuple[int, int]:
    """Return the lowest points that part a peak from its neighbours, or the ends of the curve."""
    before = max((peak for peak in peaks if peak < top), default=None)
    after = min((peak for peak in peaks if peak > top), default=None)
    left = 0 if before is None else before + int(np.argmin(y[before:top]))
    right = len(y) - 1 if after is None else top + int(np.argmin(y[top:after]))
    return left, right


def _area_above_feet(x: Array, y: Array, top: int) -> float:
    """Return the area between a peak and the line that touches the curve from below on its two sides.

    Of all chords from one side of the summit to the other it passes lowest below it.
    """
    before, after = np.arange(top), np.arange(top + 1, len(x))
    slope = (y[after] - y[before, None]) / (x[after] - x[before, None])
    chords = y[before, None] + slope * (x[top] - x[before])[:, None]
    left, right = np.unravel_index(np.argmin(chords), chords.shape)
    section = slice(int(left), top + 2 + int(right))
    line = y[left] + slope[left, right] * (x[section] - x[left])
    return float(np.trapezoid(y[section] - line, x[section]))
