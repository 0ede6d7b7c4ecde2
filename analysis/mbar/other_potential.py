"""The heat capacity of another potential from samples of this one: MBAR's mixture, with the other one's energies.

A sample n with the energies U of its own potential and U' of the other one has, at T, the weight

    w_n = exp(-U'_n / kT) / sum_k N_k exp(f_k - U_n / kT_k)

(Shirts and Chodera, J. Chem. Phys. 129, 124105 (2008)), exact as long as the samples go where the other potential goes;
Kish's number (sum w)^2 / sum w^2 says how many of them carry the averages. Both potentials have the same samples, so
the shift of a melting temperature is better known than either of the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.caloric import heat_capacity_over_c0, temperature_grid
from deckgen.analysis.mbar.mixture import memberships
from deckgen.analysis.mbar.reweighting import Reweighting, reweight
from deckgen.analysis.mbar.solver import solve_all
from deckgen.analysis.melting import find_melting
from deckgen.analysis.pool import Pool
from deckgen.errors import InputError
from deckgen.units import KB_EV_K

__all__ = ["EvaluatedRun", "OtherPotential", "reweight_to_potential"]

Array = NDArray[np.float64]

BLOCKS = 10
"""Parts of a run that are resampled as they are."""


@dataclass(frozen=True, eq=False)
class EvaluatedRun:
    """Equilibrated samples of one run, evenly spaced, with the energies of both potentials.

    Parameters
    ----------
    temperature_K
        Its rung.
    energies_eV, other_eV : (n,)
        Of the potential that it was run with, and of the other one.
    weights : (n,)
        Further weights in averages: the rotational ones, or ones.
    """

    temperature_K: float
    energies_eV: Array
    other_eV: Array
    weights: Array


@dataclass(frozen=True, eq=False)
class OtherPotential:
    """What the other potential has on a grid of G temperatures, beside what the samples' own has.

    Parameters
    ----------
    temperatures_K : (G,)
        Grid.
    own_over_c0, other_over_c0 : (G,)
        C_v/C_0 of the two.
    n_effective : (G,)
        Kish's number of the other's averages. Correlated samples count as if each were one.
    own_K, other_K
        Melting temperatures; None where a curve has no peak.
    shift_error_K
        Standard error of their difference, from resampled blocks of the runs; None where fewer than nine resamples in
        ten have both peaks.
    """

    temperatures_K: Array
    own_over_c0: Array
    other_over_c0: Array
    n_effective: Array
    own_K: float | None
    other_K: float | None
    shift_error_K: float | None


def reweight_to_potential(
    runs: Sequence[EvaluatedRun], n_atoms: int, *, grid_K: float = 1.0, resamples: int = 100, seed: int = 1
) -> OtherPotential:
    """Reweight samples to another potential.

    Parameters
    ----------
    runs
        At two temperatures or more.
    n_atoms
        Atoms in the cluster.
    grid_K
        Step of the temperature grid.
    resamples, seed
        Number of resamples for the error, and their seed.

    Raises
    ------
    InputError
        If a run has fewer than ten samples, or other numbers of energies.
    AnalysisError
        If MBAR does not converge.
    """
    runs = sorted(runs, key=lambda run: run.temperature_K)
    for run in runs:
        if not BLOCKS <= len(run.energies_eV) == len(run.other_eV) == len(run.weights):
            raise InputError(
                f"T = {run.temperature_K:g} K: {len(run.energies_eV)} samples with {len(run.other_eV)} energies of the "
                f"other potential; each run needs {BLOCKS} or more, and as many"
            )
    solved = reweight(_pool(runs))
    grid = temperature_grid(solved.pool.temperatures_K, grid_K)
    counts = np.vstack([np.ones(len(solved.pool.energies_eV)), _resampled(runs, resamples, seed)])
    shares, log_density = _shares(solved, counts)
    shares *= np.concatenate([run.weights for run in runs])
    own, _ = _curves(solved.pool.energies_eV, log_density, shares, grid, n_atoms)
    other, kish = _curves(np.concatenate([run.other_eV for run in runs]), log_density, shares, grid, n_atoms)
    peaks = [[_melting_K(grid, curve, n_atoms) for curve in curves] for curves in (own, other)]
    shifts = [b - a for a, b in zip(*(found[1:] for found in peaks), strict=True) if a is not None and b is not None]
    error = float(np.std(shifts, ddof=1)) if len(shifts) > max(0.9 * resamples, 1) else None
    return OtherPotential(grid, own[0], other[0], kish, peaks[0][0], peaks[1][0], error)


def _pool(runs: Sequence[EvaluatedRun]) -> Pool:
    temperatures, rungs = np.unique([run.temperature_K for run in runs], return_inverse=True)
    energies, ones = np.concatenate([run.energies_eV for run in runs]), (1.0,) * len(runs)
    lowest, lengths = float(energies.min()), tuple(len(run.energies_eV) for run in runs)
    return Pool(temperatures, energies - lowest, lowest, None, lengths, ones, ones, tuple(rungs.tolist()))


def _resampled(runs: Sequence[EvaluatedRun], resamples: int, seed: int) -> Array:
    """Return how often each sample occurs (B, N) when each run is made anew of its blocks; each run's sum is kept."""
    generator, parts = np.random.default_rng(seed), []
    for run in runs:
        n = len(run.energies_eV)
        drawn = generator.multinomial(BLOCKS, np.full(BLOCKS, 1 / BLOCKS), size=resamples).astype(float)
        counts = drawn[:, np.arange(n) * BLOCKS // n]
        parts.append(counts * (n / counts.sum(axis=1, keepdims=True)))
    return np.concatenate(parts, axis=1)


def _shares(solved: Reweighting, counts: Array) -> tuple[Array, Array]:
    """Solve MBAR anew for sets of counts (B, N); return those over the mixture's relative density, and d(U) (N,)."""
    pool = solved.pool
    member, log_density = memberships(pool, pool.energies_eV, solved.f_k)
    return counts / (np.exp(solve_all(member, counts, pool.N_k)) @ member), log_density


def _curves(energies_eV: Array, log_density: Array, shares: Array, grid_K: Array, n_atoms: int) -> tuple[Array, Array]:
    """Return C_v/C_0 (B, G) for sets of shares (B, N), and Kish's number (G,) of the first set."""
    U, variances, kish = energies_eV - energies_eV.mean(), [], []
    for temperature_K in grid_K:
        exponent = -U / (KB_EV_K * temperature_K) - log_density
        kernel = np.exp(exponent - exponent.max())
        norm, first, second = (shares @ np.stack([kernel, kernel * U, kernel * U**2], axis=1)).T
        variances.append(second / norm - (first / norm) ** 2)
        kish.append(norm[0] ** 2 / np.square(shares[0] * kernel).sum())
    return heat_capacity_over_c0(np.array(variances).T, grid_K, n_atoms), np.array(kish)


def _melting_K(grid_K: Array, curve: Array, n_atoms: int) -> float | None:
    peak = find_melting(grid_K, curve, n_atoms)
    return None if peak is None or peak.at_edge else peak.temperature_K
