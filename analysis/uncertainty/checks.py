"""Whether parts of the data agree within their errors: rungs with all rungs, halves of the runs, replicas."""

from __future__ import annotations

from dataclasses import dataclass

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

__all__ = ["RungDeviations", "check_halves", "check_replicas", "check_rungs", "half_curves", "rung_deviations"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RungDeviations:
    """The mean energy of each rung's own samples less the one that all rungs together lead to.

    Parameters
    ----------
    standard_errors : (K,)
        The differences, in standard errors of the difference.
    correlation : (K, K) or None
        Of the differences; None where rungs exchanged configurations, because it is not known rung by rung.
    independent : (K,)
        Independent samples of each rung.
    """

    standard_errors: Array
    correlation: Array | None
    independent: Array


def rung_deviations(solved: Reweighting) -> RungDeviations:
    """Compare each rung's own mean energy with the reweighted one.

    The own samples are part of all, and the errors of the two are correlated: both follow from the influence of every
    rung's samples on their difference.
    """
    pool, nodes = solved.pool, solved.energy_grid.energies_eV
    own = np.array([energies.mean() for energies in pool.by_rung()]) + pool.minimum_eV
    influences = _influences(solved)
    mode = find_mode(solved, np.tile(nodes, (len(pool.N_k), 1)), parts=1)
    if pool.ladders is None:
        covariance = _covariance(solved, influences, mode.independent)
        error = np.sqrt(np.diag(covariance))
        correlation = covariance / np.maximum(np.outer(error, error), 1e-300)
    else:
        error = np.array([find_mode(solved, influence, parts=1).error(pool.N_k) for influence in influences])
        correlation = None
    z = np.divide(own - solved.rung_means_eV(), error, out=np.zeros_like(error), where=error > 0)
    return RungDeviations(z, correlation, mode.independent)


def check_rungs(temperatures_K: Array, found: RungDeviations) -> Check | None:
    """Judge the deviations of all rungs (K,) together; None where their correlation is not known."""
    z = found.standard_errors
    if found.correlation is None:
        return None
    # a sum of correlated squares: chi-squared with the right mean and variance, over an error of limited precision
    freedom = len(z) ** 2 / float(np.sum(found.correlation**2))
    mean_square = float(z @ z) / len(z)
    p = float(fdtrc(freedom, max(found.independent.min() - 1, 1), mean_square))
    return Check("rungs", float(np.sqrt(mean_square)), p, float(temperatures_K[np.argmax(np.abs(z))]))


def _influences(solved: Reweighting) -> Array:
    """Return what a sample of each rung k adds to the difference at rung j, (J, K, M)."""
    through = influence_on_means(solved, solved.pool.temperatures_K)
    influences = np.repeat(-through[:, None], len(solved.pool.N_k), axis=1)
    for k, N in enumerate(solved.pool.N_k):
        influences[k, k] += solved.energy_grid.energies_eV / N
    return np.asarray(influences - np.einsum("jkm,km->jk", influences, solved.distributions)[:, :, None])


def _covariance(solved: Reweighting, influences: Array, independent: Array) -> Array:
    """Return the covariance (K, K) of the own means' deviations from the reweighted ones."""
    scale = solved.pool.N_k**2 / independent
    return np.asarray(np.einsum("ikm,jkm,km,k->ij", influences, influences, solved.distributions, scale, optimize=True))


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
