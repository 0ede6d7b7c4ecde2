"""Whether parts of the data agree within their errors: rungs with all rungs, halves of the runs, replicas."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc, stdtr

from deckgen.analysis.caloric import caloric_curves
from deckgen.analysis.headline import Headline
from deckgen.analysis.mbar.influence import influence_on_means
from deckgen.analysis.mbar.reweighting import Reweighting
from deckgen.analysis.melting import Peak, peak_near
from deckgen.analysis.results import Check
from deckgen.analysis.uncertainty.modes import find_mode, run_deviations

__all__ = ["check_halves", "check_replicas", "check_rungs", "half_curves"]

Array = NDArray[np.float64]


def check_rungs(solved: Reweighting) -> Check | None:
    """Compare the mean energy of each rung's own samples with the one that all rungs together lead to.

    None where rungs exchanged configurations: how their errors go together is not known rung by rung.

    The own samples are part of all, and the errors of the two are correlated: both follow from the influence of every
    rung's samples on their difference.
    """
    pool, nodes = solved.pool, solved.energy_grid.energies_eV
    if pool.ladders is not None:
        return None
    own = np.array([energies.mean() for energies in pool.by_rung()]) + pool.minimum_eV
    mode = find_mode(solved, np.tile(nodes, (len(pool.N_k), 1)), parts=1)
    covariance = _covariance(solved, mode.independent)
    error = np.sqrt(np.diag(covariance))
    z = np.divide(own - solved.rung_means_eV(), error, out=np.zeros_like(error), where=error > 0)
    correlation = covariance / np.maximum(np.outer(error, error), 1e-300)
    # a sum of correlated squares: chi-squared with the right mean and variance, over an error of limited precision
    freedom = len(z) ** 2 / float(np.sum(correlation**2))
    mean_square = float(z @ z) / len(z)
    p = float(fdtrc(freedom, max(mode.independent.min() - 1, 1), mean_square))
    return Check("rungs", float(np.sqrt(mean_square)), p, float(pool.temperatures_K[np.argmax(np.abs(z))]))


def _covariance(solved: Reweighting, independent: Array) -> Array:
    """Return the covariance (K, K) of the own means' deviations from the reweighted ones."""
    through = influence_on_means(solved, solved.pool.temperatures_K)
    total = np.zeros((len(independent),) * 2)
    for k, N in enumerate(solved.pool.N_k):
        effect = -N * through
        effect[k] += solved.energy_grid.energies_eV
        effect -= (effect @ solved.distributions[k])[:, None]
        total += (effect * solved.distributions[k]) @ effect.T / independent[k]
    return total


def check_halves(headline: Headline, peak: Peak, influence: Array) -> Check | None:
    """Compare the peak's temperature in the first and the second half of the runs; None where one lacks it."""
    halves = half_curves(headline)
    if halves is None:
        return None
    found = [peak_near(headline.grid_K, curve, headline.n_atoms, peak.temperature_K) for curve in halves]
    if any(half is None or half.at_edge for half in found):
        return None
    first, second = (half.temperature_K for half in found if half is not None)
    N_k = headline.solved.pool.N_k
    slow = find_mode(headline.solved, influence, parts=2)
    # each half has twice the variance of the whole
    z = abs(first - second) / (2 * slow.error(N_k))
    p = 2 * float(stdtr(max(slow.independent_near(N_k) / 2 - 1, 1), -z))
    return Check("halves", z, p)


def check_replicas(solved: Reweighting, influence: Array) -> Check | None:
    """Compare the replicas of each rung by the influence (K, M) of their samples on the peak.

    None without replicas, or where they exchanged configurations.
    """
    rungs, lengths = np.array(solved.pool.rungs), np.array(solved.pool.lengths, dtype=float)
    freedom = len(rungs) - len(np.unique(rungs))
    if freedom == 0 or solved.pool.ladders is not None:
        return None
    slow = find_mode(solved, influence, parts=1)
    means = np.array([values.mean() for values in run_deviations(solved, slow.values)])
    of_rung = np.bincount(rungs, weights=means * lengths) / solved.pool.N_k
    share = lengths / solved.pool.N_k[rungs]
    error = np.sqrt(slow.variance[rungs] / np.maximum(slow.independent[rungs] * share, 1))
    z = np.divide(means - of_rung[rungs], error, out=np.zeros_like(error), where=error > 0)
    mean_square = float(z @ z) / freedom
    p = float(fdtrc(freedom, max(slow.independent_near(solved.pool.N_k) - 1, 1), mean_square))
    worst = float(solved.pool.temperatures_K[rungs[np.argmax(np.abs(z))]])
    return Check("replicas", float(np.sqrt(mean_square)), p, worst)


def half_curves(headline: Headline) -> Array | None:
    """Return C_v/C_0 (2, G) of the first and of the second half of every run; None where a rung has too few samples."""
    solved = headline.solved
    first = np.concatenate([np.arange(n) < n // 2 for n in solved.pool.lengths]).astype(float)
    weights = []
    for counts in (first, 1 - first):
        N_k = np.array([part.sum() for part in np.split(counts, np.cumsum(solved.pool.N_k)[:-1])])
        if (N_k < 2).any():
            return None
        weights.append(solved.weights(counts, N_k, headline.sample_weights))
    found = caloric_curves(solved, headline.grid_K, np.stack(weights, axis=1), headline.n_atoms)
    return found.heat_capacity_over_c0
