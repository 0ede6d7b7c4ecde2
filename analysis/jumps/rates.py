"""Rates of melting and freezing from all jumps and the times between them, and the melting temperature they imply.

A run that is solid melts with the rate k_m(T), one that is liquid freezes with k_f(T). With n_m melts in the time
t_s that runs were solid, and n_f freezings in the time t_l that they were liquid, whether or not a jump ended it,

    ln L = sum over rungs of  n_m ln k_m - k_m t_s + n_f ln k_f - k_f t_l :

the likelihood of exponential residence times, censored at the ends of the runs (D. R. Cox and D. Oakes, Analysis of
Survival Data, Chapman and Hall 1984, ch. 3). Detailed balance leaves one rate: k_m/k_f = p_l/p_s, which follows from
the melting temperature and the energies of the two phases (`deckgen.analysis.jumps.branches`).

How the other one changes from rung to rung is not known: the logarithm of sqrt(k_m k_f) is a parabola in T. Were the
transition state's energy that of the solid, or that of the liquid, its slope would be minus or plus half of that of
ln k_m/k_f. So its slope is zero within half of that, one standard deviation, and changes by as much from the middle of
the rungs with jumps to their ends; with these penalties, jumps far from T_m tell so much of it and no more. The
interval is that of the profile of the likelihood: all temperatures at which it is less than 3.84/2 below its maximum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar
from scipy.special import chdtri

from deckgen.analysis.jumps.branches import Branches
from deckgen.units import KB_EV_K

__all__ = ["JumpFit", "RungJumps", "fit_jumps"]

Array = NDArray[np.float64]
Bounds = tuple[float | None, float | None]

DEVIANCE = float(chdtri(1, 0.05))
"""Twice the fall of ln L at the ends of a 95 % interval (S. S. Wilks, Ann. Math. Stat. 9, 60 (1938))."""

NONE_SEEN = float(-np.log(0.025))
"""Fall of ln L where one kind of jump was never seen: the largest rate at which that happens in 2.5 % of all cases."""

SIDES = 0.8, 1.25
"""Of the lowest and the highest rung: melting temperatures that are tried."""

POINTS = 31
MOST_STEPS, CLOSE = 200, 1e-9


@dataclass(frozen=True)
class RungJumps:
    """What the runs of one rung did.

    Parameters
    ----------
    temperature_K
        The rung.
    melts, freezings
        Jumps.
    solid_ps, liquid_ps
        Time spent in either phase.
    """

    temperature_K: float
    melts: int
    freezings: int
    solid_ps: float
    liquid_ps: float


@dataclass(frozen=True, eq=False)
class JumpFit:
    """The rates that explain the jumps best.

    Parameters
    ----------
    melting_K
        Where the free energies of the two phases are equal; None where the jumps bound it on one side at most.
    ci95_K
        Its 95 % interval; None for a side on which it is open.
    temperatures_K : (K,)
        Rungs.
    melting_per_ps, freezing_per_ps : (K,)
        Rates there; None without a melting temperature.
    """

    melting_K: float | None
    ci95_K: Bounds
    temperatures_K: Array
    melting_per_ps: Array | None = None
    freezing_per_ps: Array | None = None


def fit_jumps(rungs: Sequence[RungJumps], branches: Branches) -> JumpFit | None:
    """Return the melting temperature that explains the jumps of all rungs best, and its 95 % interval.

    Without a melt, or without a freezing, there is no such temperature, but still a bound on one side.

    Parameters
    ----------
    rungs
        What the runs did, at one rung or more.
    branches
        Energies of the two phases.

    Returns
    -------
    JumpFit or None
        None without any jump.
    """
    if not sum(rung.melts + rung.freezings for rung in rungs):
        return None
    likelihood = _Likelihood.of(rungs, branches)
    low, high = SIDES[0] * likelihood.temperatures_K.min(), SIDES[1] * likelihood.temperatures_K.max()
    tried = np.linspace(low, high, POINTS)
    values = np.array([likelihood.at(T) for T in tried])
    top = int(np.argmax(values))
    best = float(tried[max(top - 1, 0)]), float(tried[min(top + 1, POINTS - 1)])
    found = minimize_scalar(lambda T: -likelihood.at(T), bounds=best, method="bounded", options={"xatol": 1e-4})
    one_sided = not sum(rung.melts for rung in rungs) or not sum(rung.freezings for rung in rungs)
    least = max(float(-found.fun), float(values.max())) - (NONE_SEEN if one_sided else DEVIANCE / 2)
    inside = np.flatnonzero(values >= least)
    first, last = (int(inside[0]), int(inside[-1])) if len(inside) else (top, top)
    at = float(found.x)
    ends = (_end(likelihood, least, tried, first, -1, at), _end(likelihood, least, tried, last, 1, at))
    if one_sided or top in (0, POINTS - 1):
        return JumpFit(None, ends, likelihood.temperatures_K)
    return JumpFit(at, ends, likelihood.temperatures_K, *likelihood.rates(at))


def _end(likelihood: _Likelihood, least: float, tried: Array, inside: int, step: int, best_K: float) -> float | None:
    """Return where the likelihood falls below `least` beyond a point that was tried; None where it does not."""
    outside = inside + step
    if not 0 <= outside < len(tried):
        return None
    start = tried[inside] if likelihood.at(tried[inside]) >= least else best_K
    return float(brentq(lambda T: likelihood.at(T) - least, start, tried[outside], xtol=1e-4))


@dataclass(frozen=True, eq=False)
class _Likelihood:
    """The likelihood of a melting temperature, with the best rates for it.

    Counts and times are those of melting, then those of freezing, (2K,).
    """

    temperatures_K: Array
    counts: Array
    times_ps: Array
    parabola: Array
    penalties: Array
    branches: Branches

    @classmethod
    def of(cls, rungs: Sequence[RungJumps], branches: Branches) -> _Likelihood:
        """Take what rungs did."""
        T = np.array([rung.temperature_K for rung in rungs])
        counts = np.array([[rung.melts for rung in rungs], [rung.freezings for rung in rungs]], dtype=float)
        times = np.array([[rung.solid_ps for rung in rungs], [rung.liquid_ps for rung in rungs]])
        jumped = T[counts.sum(axis=0) > 0]
        middle, half = (jumped.max() + jumped.min()) / 2, (jumped.max() - jumped.min()) / 2
        half = half or float(np.ptp(T)) / 2 or middle
        x = (T - middle) / half
        # half of what ln k_m/k_f changes from the middle to an end
        scale = abs(float(branches.latent_heat_eV(middle))) / (KB_EV_K * middle**2) * half / 2
        parabola = np.stack([np.ones_like(x), x, x**2], axis=1)
        penalties = np.array([0.0, 1 / scale**2, 4 / scale**2, 1.0])
        return cls(T, counts.ravel(), times.ravel(), np.tile(parabola, (2, 1)), penalties, branches)

    def at(self, melting_K: float) -> float:
        """Return the logarithm of the likelihood, less the penalties, of the best rates."""
        columns, offsets = self._columns(melting_K)
        theta = self._best(columns, offsets)
        return self._value(columns @ theta + offsets, theta)

    def rates(self, melting_K: float) -> tuple[Array, Array]:
        """Return the best rates (K,) of melting and of freezing."""
        columns, offsets = self._columns(melting_K)
        melting, freezing = np.split(np.exp(columns @ self._best(columns, offsets) + offsets), 2)
        return melting, freezing

    def _columns(self, melting_K: float) -> tuple[Array, Array]:
        """Return ln k = columns (2K, 4) @ parameters + offsets (2K,): a parabola, and the error of the energies."""
        ratio = self.branches.log_ratio(self.temperatures_K, melting_K) / 2
        offsets = np.concatenate([ratio, -ratio])
        return np.column_stack([self.parabola, self.branches.relative_error * offsets]), offsets

    def _value(self, log_rates: Array, theta: Array) -> float:
        expected = self.times_ps * np.exp(np.minimum(log_rates, 500.0))
        return float(self.counts @ log_rates - expected.sum() - self.penalties @ theta**2 / 2)

    def _best(self, columns: Array, offsets: Array) -> Array:
        """Return the parameters that maximise it: it is concave, and Newton's steps are halved where they overshoot."""
        theta = np.zeros(columns.shape[1])
        theta[0] = np.log(self.counts.sum() / (self.times_ps @ np.exp(offsets - offsets.max()))) - offsets.max()
        value = self._value(columns @ theta + offsets, theta)
        for _ in range(MOST_STEPS):
            expected = self.times_ps * np.exp(columns @ theta + offsets)
            gradient = columns.T @ (self.counts - expected) - self.penalties * theta
            curvature = (columns.T * expected) @ columns + np.diag(self.penalties)
            step = np.linalg.solve(curvature, gradient)
            part, ahead = 1.0, self._value(columns @ (theta + step) + offsets, theta + step)
            while not ahead >= value and part > CLOSE:
                part /= 2
                moved = theta + part * step
                ahead = self._value(columns @ moved + offsets, moved)
            theta = theta + part * step
            if abs(ahead - value) <= CLOSE:
                break
            value = ahead
        return np.asarray(theta)
