"""Our own solver of the MBAR equations, for samples assigned to a grid of energies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deckgen.errors import AnalysisError

__all__ = ["integrate", "newton_step", "solve", "solve_all"]

Array = NDArray[np.float64]

TOLERANCE = 1e-11
STEPS = 200
LONGEST_STEP = 50.0
FARTHEST = 500.0

PLAIN_STEPS = 12
"""Newton steps of many sets at once; a set that needs more, or a bounded step, is solved by itself."""

SETTLED = 1e-6
"""A residual that rounding keeps from falling further is good enough from here on."""


@dataclass(frozen=True, eq=False)
class _Trial:
    """A shift of the guess (K,), its residuals ln sum_n W_nk (K,), memberships (K, M), and MBAR's convex objective."""

    shift: Array
    residual: Array
    memberships: Array
    objective: float

    @property
    def worst(self) -> float:
        return float(np.max(np.abs(self.residual)))


def integrate(energies_eV: Iterable[Array], beta: Array) -> Array:
    """Guess f_k (K,) by integrating <U> over beta, with <U> linear in the temperature between states.

    Parameters
    ----------
    energies_eV
        Samples of each state; one state at a time is in memory where they are made on the way.
    beta : (K,)
        Inverse temperatures in 1/eV.
    """
    mean = np.array([energies.mean() for energies in energies_eV])
    slope = np.diff(mean) / np.diff(1 / beta)
    areas = (mean[:-1] - slope / beta[:-1]) * np.diff(beta) + slope * np.diff(np.log(beta))
    return np.concatenate([[0.0], np.cumsum(areas)])


def solve(memberships: Array, counts: Array, N_k: ArrayLike) -> Array:
    """Solve MBAR by Newton's method, with self-consistent iteration where Newton's step does not come much closer.

    Parameters
    ----------
    memberships : (K, M)
        N_k exp(f_k - beta_k U_m), each column up to a factor of its own, for a guess f_k.
    counts : (M,)
        Samples at each node.
    N_k : (K,)
        Samples from each state.

    Returns
    -------
    shift : (K,)
        What to add to the guess; shift[0] = 0.

    Raises
    ------
    AnalysisError
        If it does not converge.
    """
    N = np.asarray(N_k, dtype=float)

    def at(shift: Array) -> _Trial:
        shift = shift - shift[0]
        scaled = memberships * np.exp(shift)[:, None]
        density = scaled.sum(axis=0)
        scaled /= density
        residual = np.log(np.maximum(scaled @ counts, 1e-300) / N)
        return _Trial(shift, residual, scaled, float(counts @ np.log(density) - N @ shift))

    best = at(np.zeros(len(N)))
    for _ in range(STEPS):
        if best.worst < TOLERANCE:
            return best.shift
        step = _bounded(newton_step(best.residual, best.memberships, counts, N))
        found = at(best.shift + step)
        if found.worst > best.worst / 2:
            # Far from the solution, or across a thin overlap: the objective is convex, and falls along all of these.
            trials = [at(best.shift + part * step) for part in (1 / 4, 1 / 16, 1 / 64)]
            found = min(found, *trials, at(best.shift - _bounded(best.residual)), key=lambda trial: trial.objective)
            if not found.objective < best.objective and best.worst < SETTLED:
                return best.shift
        best = found
        if np.ptp(best.shift) > FARTHEST:
            break
    raise AnalysisError(
        "the MBAR equations were not solved: the states hardly overlap",
        hint="add runs between the temperatures",
    )


def solve_all(memberships: Array, counts: Array, N_k: ArrayLike) -> Array:
    """Solve MBAR for B sets of counts at once; return the shifts (B, K).

    Newton's method for all of them, as most lie close to the guess; `solve` for those that it leaves.

    Parameters
    ----------
    memberships, N_k
        As for `solve`.
    counts : (B, M)
        Sets of samples at the nodes.

    Raises
    ------
    AnalysisError
        If a set is not solved.
    """
    N = np.asarray(N_k, dtype=float)
    shifts = np.zeros((len(counts), len(N)))
    open_sets = np.arange(len(counts))
    for _ in range(PLAIN_STEPS):
        found = np.exp(shifts[open_sets])
        density = found @ memberships
        share = counts[open_sets] / density
        sums = (share @ memberships.T) * found
        worst = np.abs(sums / N - 1).max(axis=1)
        left = (worst >= TOLERANCE) & np.isfinite(worst)
        open_sets, found, sums, share = open_sets[left], found[left], sums[left], (share / density)[left]
        if not len(open_sets):
            break
        shifts[open_sets, 1:] += _newton_steps(memberships, found, sums, share, N)
    for unsolved in open_sets:
        shifts[unsolved] = solve(memberships, counts[unsolved], N)
    return shifts


def _newton_steps(memberships: Array, factors: Array, sums: Array, share: Array, N: Array) -> Array:
    """Return Newton's steps (B, K - 1) of sets with factors exp(shift) (B, K) and counts/density^2 (B, M)."""
    hessian = -(memberships * share[:, None, :]) @ memberships.T
    hessian *= factors[:, :, None]  # one after the other: the product of two far states' overflows
    hessian *= factors[:, None, :]
    diagonal = np.arange(len(N))
    hessian[:, diagonal, diagonal] += sums
    inverse = np.linalg.pinv(hessian[:, 1:, 1:], rcond=1e-13, hermitian=True)
    return _bounded((inverse @ (N - sums)[:, 1:, None])[..., 0])


def _bounded(step: Array) -> Array:
    return np.clip(step, -LONGEST_STEP, LONGEST_STEP)


def newton_step(residual: Array, memberships: Array, counts: Array, N_k: ArrayLike) -> Array:
    """Return Newton's step (K,) for residuals ln sum_n W_nk (K,); the first state stays.

    Directions without curvature, between states that no sample connects, are left alone.
    """
    N = np.asarray(N_k, dtype=float)
    gradient = N * np.expm1(residual)
    weighted = memberships * counts
    hessian = np.diag(weighted.sum(axis=1)) - weighted @ memberships.T
    step = np.linalg.lstsq(hessian[1:, 1:], -gradient[1:], rcond=1e-13)[0]
    return np.concatenate([[0.0], step])
