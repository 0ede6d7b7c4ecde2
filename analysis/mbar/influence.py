"""How much a sample more or less changes what MBAR gives: influence functions, to first order.

All states share one potential, so the influence of a sample depends on its energy alone, whatever the rung that it was
drawn at; the error of any average is then that of the time averages of one series per run.

References
----------
Li, Van Koten, Dinner, Thiede, arXiv:2203.01227 (2022).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.mbar.reweighting import Reweighting
from deckgen.units import KB_EV_K

__all__ = ["influence_on_means", "influence_on_variances"]

Array = NDArray[np.float64]


def influence_on_variances(solved: Reweighting, temperatures_K: Array, node_weights: Array) -> Array:
    """Return d Var(U) / d n of the canonical variance (G, M), in eV^2 per sample at each node.

    Parameters
    ----------
    solved
        The solution.
    temperatures_K : (G,)
        Where the averages are taken.
    node_weights : (M,)
        Mean weight of the samples at each node in averages (ones, or the rotational weights).
    """
    kernel, probability = _canonical(solved, temperatures_K, node_weights)
    U = solved.energy_grid.energies_eV
    deviation = U - (probability @ U)[:, None]
    squares = deviation**2
    return _influence(solved, kernel, probability, squares - (probability * squares).sum(axis=1, keepdims=True))


def influence_on_means(solved: Reweighting, temperatures_K: Array) -> Array:
    """Return d <U> / d n (G, M), without weights, in eV per sample at each node."""
    kernel, probability = _canonical(solved, temperatures_K, np.ones(len(solved.energy_grid.energies_eV)))
    U = solved.energy_grid.energies_eV
    return _influence(solved, kernel, probability, U - (probability @ U)[:, None])


def _canonical(solved: Reweighting, temperatures_K: Array, node_weights: Array) -> tuple[Array, Array]:
    """Return the weight (G, M) of one sample at each node in averages, and the canonical distribution over nodes."""
    exponent = -np.outer(1 / (KB_EV_K * temperatures_K), solved.energy_grid.energies_eV) - solved.log_density
    kernel = np.exp(exponent - exponent.max(axis=1, keepdims=True)) * node_weights
    norm = kernel @ solved.counts
    return kernel / norm[:, None], kernel * solved.counts / norm[:, None]


def _influence(solved: Reweighting, kernel: Array, probability: Array, deviation: Array) -> Array:
    """Return the influence on <X> with X - <X> given (G, M): directly, and through the free energies."""
    memberships, counts = solved.memberships, solved.counts
    weighted = memberships * counts
    hessian = np.diag(weighted.sum(axis=1)) - weighted @ memberships.T
    response = np.zeros_like(hessian)  # the first free energy stays
    response[1:, 1:] = np.linalg.pinv(hessian[1:, 1:], rcond=1e-13)
    through = (probability * deviation) @ memberships.T @ response
    return np.asarray(kernel * deviation + through @ memberships)
