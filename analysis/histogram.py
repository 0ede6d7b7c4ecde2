"""The multiple-histogram method, as a check of MBAR by other code and other data: binned, unthinned energies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from deckgen.analysis.caloric import heat_capacity_over_c0
from deckgen.analysis.mbar.solver import integrate
from deckgen.analysis.production import Production
from deckgen.units import KB_EV_K

__all__ = ["multiple_histogram"]

Array = NDArray[np.float64]

PER_DEVIATION = 20
MOST_BINS = 10_000
ITERATIONS = 20_000
TOLERANCE = 1e-9


def multiple_histogram(
    productions: Sequence[Production], grid_K: Array, n_atoms: int, *, weighted: bool
) -> Array | None:
    """Return C_v/C_0 (G,) by the method of Ferrenberg and Swendsen.

    All equilibrated samples enter, each counted 1/g times.

    Parameters
    ----------
    productions
        The runs.
    grid_K : (G,)
        Temperatures.
    n_atoms
        Atoms in the cluster.
    weighted
        Whether averages carry the rotational weights sqrt(det I).

    Returns
    -------
    (G,) or None
        None where the iteration has not converged: neighbouring temperatures hardly overlap.

    References
    ----------
    Ferrenberg, Swendsen, Phys. Rev. Lett. 63, 1195 (1989).
    """
    temperatures, rungs = np.unique([run.series.temperature_K for run in productions], return_inverse=True)
    energies, counts, weights = _bin(productions, weighted)
    N_k = np.bincount(rungs, weights=[run.n_effective for run in productions]).astype(float)
    beta = 1 / (KB_EV_K * temperatures)
    log_density = _iterate(energies, counts, beta, N_k, _guess(productions, temperatures))
    if log_density is None:
        return None
    exponent = -np.outer(1 / (KB_EV_K * grid_K), energies) - log_density
    probability = weights * np.exp(exponent - exponent.max(axis=1, keepdims=True))
    probability /= probability.sum(axis=1, keepdims=True)
    mean = probability @ energies
    variance = np.einsum("gm,gm->g", probability, (energies - mean[:, None]) ** 2)
    return heat_capacity_over_c0(variance, grid_K, n_atoms)


def _bin(productions: Sequence[Production], weighted: bool) -> tuple[Array, Array, Array]:
    """Return energies above the lowest, counts and summed weights of the occupied bins."""
    low = min(float(run.energies_eV.min()) for run in productions)
    high = max(float(run.energies_eV.max()) for run in productions)
    narrowest = min(float(run.energies_eV.std()) for run in productions)
    width = max(narrowest / PER_DEVIATION, (high - low) / MOST_BINS)
    n_bins = int((high - low) / width) + 1
    totals = np.zeros((3, n_bins))
    for run in productions:
        above = run.energies_eV - low
        cell = np.minimum((above / width).astype(int), n_bins - 1)
        rotation = run.rotation_weights if weighted and run.rotation_weights is not None else np.ones(run.n)
        for total, values in zip(totals, (np.ones(run.n), rotation, above), strict=True):
            total += np.bincount(cell, weights=values, minlength=n_bins) / run.g
    counts, weights, energies = totals[:, totals[0] > 0]
    return energies / counts, counts, weights


def _guess(productions: Sequence[Production], temperatures: Array) -> Array:
    low = min(float(run.energies_eV.min()) for run in productions)
    rungs = ([run.energies_eV for run in productions if run.series.temperature_K == T] for T in temperatures)
    return integrate((np.concatenate(energies) - low for energies in rungs), 1 / (KB_EV_K * temperatures))


def _iterate(energies: Array, counts: Array, beta: Array, N_k: Array, guess: Array) -> Array | None:
    """Iterate the free energies to self-consistency; return ln sum_k N_k exp(f_k - beta_k E) in the bins."""
    exponent = (guess + np.log(N_k))[:, None] - np.outer(beta, energies)
    log_density = np.asarray(logsumexp(exponent, axis=0), dtype=float)
    memberships = np.exp(exponent - log_density)
    factor = np.ones(len(beta))
    for _ in range(ITERATIONS):
        updated = N_k / (memberships @ (counts / (factor @ memberships)))
        change = float(np.max(np.abs(np.log(updated / factor))))
        factor = updated / updated[0]
        if change < TOLERANCE:
            return np.asarray(log_density + np.log(factor @ memberships))
    return None
