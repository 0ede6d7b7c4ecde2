"""MBAR for states that differ in temperature only: free energies, overlap, and averages between the rungs.

Notation, after Shirts and Chodera, J. Chem. Phys. 129, 124105 (2008): K states with N_k samples each, reduced energies
u_kn = beta_k U_n, reduced free energies f_k, and the mixture's density of all samples
exp(d(U)) = sum_k N_k exp(f_k - beta_k U), here a function of the energy U alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deckgen.analysis.mbar._pymbar import LARGEST_MATRIX, pymbar_free_energies
from deckgen.analysis.mbar.energy_grid import EnergyGrid, assign
from deckgen.analysis.mbar.mixture import CHUNK, check_self_consistency, memberships, self_consistency
from deckgen.analysis.mbar.solver import integrate, newton_step, solve, solve_all
from deckgen.analysis.pool import Pool
from deckgen.units import KB_EV_K

__all__ = ["Averages", "Reweighting", "reweight"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Averages:
    """Averages of the potential energy on a grid of G temperatures, for B sets of sample weights.

    Parameters
    ----------
    mean_eV : (B, G)
        Above the pool's minimum.
    variance_eV2 : (B, G)
        Canonical variance.
    """

    mean_eV: Array
    variance_eV2: Array


@dataclass(frozen=True, eq=False)
class Reweighting:
    """The solved pool.

    Parameters
    ----------
    pool, energy_grid
        The samples, and the grid that they are assigned to.
    f_k : (K,)
        Reduced free energies, f_k[0] = 0, of energies above the pool's minimum.
    memberships : (K, M)
        Probability that a sample at a node comes from each state; its columns sum to one.
    log_density : (M,)
        d(U) at the nodes.
    """

    pool: Pool
    energy_grid: EnergyGrid
    f_k: Array
    memberships: Array
    log_density: Array

    @cached_property
    def counts(self) -> Array:
        """Samples at each node (M,)."""
        return self.energy_grid.sum(np.ones(len(self.pool.energies_eV)))

    @cached_property
    def distributions(self) -> Array:
        """The distribution of each rung over the nodes (K, M) as all samples together have it."""
        found = np.maximum(self.memberships * self.counts, 0)
        return np.asarray(found / found.sum(axis=1, keepdims=True))

    def node_weights(self, sample_weights: Array) -> Array:
        """Return the mean of the samples' weights at each node (M,)."""
        summed = self.energy_grid.sum(sample_weights)
        mean = np.divide(summed, self.counts, out=np.ones_like(summed), where=self.counts > 0)
        return np.clip(mean, sample_weights.min(), sample_weights.max())

    def weights_of(self, counts: Array, node_weights: Array) -> Array:
        """Solve MBAR anew for other counts at the nodes; return the nodes' weights in averages.

        Parameters
        ----------
        counts : (B, M)
            Sets of counts, of as many samples from each state as the pool has.
        node_weights : (M,)
            Weight of a sample at each node in averages.

        Returns
        -------
        weights : (M, B)
            Relative to exp(-d(U)).

        Raises
        ------
        AnalysisError
            If the solver does not converge.
        """
        shifts = solve_all(self.memberships, counts, self.pool.N_k)
        return np.asarray((counts * node_weights / (np.exp(shifts) @ self.memberships)).T)

    def weights(self, counts: Array, N_k: ArrayLike, sample_weights: Array) -> Array:
        """Solve MBAR anew for other counts of the same samples; return the nodes' weights in averages.

        Parameters
        ----------
        counts : (N,)
            How often each sample occurs.
        N_k : (K,)
            Samples from each state then, all positive.
        sample_weights : (N,)
            Further weights of the samples in averages.

        Returns
        -------
        weights : (M,)
            Relative to exp(-d(U)).

        Raises
        ------
        AnalysisError
            If the solver does not converge.
        """
        N = np.asarray(N_k, dtype=float)
        scale = N / self.pool.N_k
        shift = solve(self.memberships * scale[:, None], self.energy_grid.sum(counts), N)
        density = (scale * np.exp(shift)) @ self.memberships
        return np.asarray(self.energy_grid.sum(counts * sample_weights) / density)

    def averages(self, temperatures_K: Array, weights: Array) -> Averages:
        """Return averages over weighted nodes, streaming over the grid.

        Parameters
        ----------
        temperatures_K : (G,)
            Grid.
        weights : (M, B)
            Sets of the nodes' weights, as `weights` returns them.
        """
        origin = self.energy_grid.energies_eV.mean()
        U = self.energy_grid.energies_eV - origin
        means, variances = [], []
        for kernel in self._kernels(temperatures_K):
            norm = kernel @ weights
            mean = (kernel * U) @ weights / norm
            means.append(mean)
            variances.append((kernel * U**2) @ weights / norm - mean**2)
        return Averages(np.concatenate(means).T + origin, np.concatenate(variances).T)

    def effective_number(self, temperatures_K: Array, sample_weights: Array) -> Array:
        """Return Kish's effective number of independent samples at each temperature of a grid, (G,).

        (sum w)^2 / sum w^2, where correlated samples share what an independent one is worth.
        """
        first = self.energy_grid.sum(sample_weights)
        second = self.energy_grid.sum(sample_weights**2 * self.pool.redundancy)
        kernels = self._kernels(temperatures_K)
        return np.concatenate([(kernel @ first) ** 2 / (kernel**2 @ second) for kernel in kernels])

    def rung_means_eV(self) -> Array:
        """Return the mean energy of each rung (K,) as all samples together have it, without the rotational weights."""
        found = self.averages(self.pool.temperatures_K, self.counts[:, None])
        return np.asarray(found.mean_eV[0] + self.pool.minimum_eV)

    def overlap(self) -> Array:
        """Return MBAR's overlap matrix (K, K): the probability that a sample of state i is found in state j."""
        return np.asarray((self.memberships * self.counts) @ self.memberships.T / self.pool.N_k[:, None])

    def shared(self) -> Array:
        """Return the overlap of each rung with the next (K - 1,), integral p p'/(p + p'): half where they are alike.

        Unlike the matrix it does not depend on how many samples each rung has.
        """
        density = self.memberships / self.pool.N_k[:, None]
        total = density[:-1] + density[1:]
        common = np.divide(density[:-1] * density[1:], total, out=np.zeros_like(total), where=total > 0)
        return np.asarray(common @ self.counts)

    def _kernels(self, temperatures_K: Array) -> Iterator[Array]:
        """Yield chunks (g, M) of exp(-beta U - d(U)), scaled so that the largest of each row is one."""
        U = self.energy_grid.energies_eV
        rows = max(CHUNK // len(U), 1)
        for first in range(0, len(temperatures_K), rows):
            beta = 1 / (KB_EV_K * temperatures_K[first : first + rows])
            exponent = -np.outer(beta, U) - self.log_density
            exponent -= exponent.max(axis=1, keepdims=True)
            yield np.exp(exponent, out=exponent)


def reweight(pool: Pool, *, pymbar: bool = True) -> Reweighting:
    """Solve MBAR for a pool of independent samples.

    Thermodynamic integration gives a guess, our own solver refines it on nodes and then on the samples themselves, and
    `pymbar.MBAR` solves from there. Beyond `LARGEST_MATRIX` numbers pymbar would need too much memory; the refined
    solution stands, held to the same check.

    Parameters
    ----------
    pool
        The samples.
    pymbar
        Whether pymbar solves too; the refined solution is the same to its tolerance.

    Raises
    ------
    AnalysisError
        If a solver does not converge.
    """
    energy_grid = assign(pool)
    nodes_eV, counts = energy_grid.energies_eV, energy_grid.sum(np.ones(len(pool.energies_eV)))
    f_k = integrate(pool.by_rung(), pool.beta)
    f_k += solve(memberships(pool, nodes_eV, f_k)[0], counts, pool.N_k)
    f_k += newton_step(self_consistency(pool, f_k), memberships(pool, nodes_eV, f_k)[0], counts, pool.N_k)
    f_k -= f_k[0]
    if pymbar and len(pool.beta) * len(pool.energies_eV) <= LARGEST_MATRIX:
        f_k = pymbar_free_energies(np.outer(pool.beta, pool.energies_eV), pool.N_k, f_k)
    check_self_consistency(pool, f_k)
    return Reweighting(pool, energy_grid, f_k, *memberships(pool, nodes_eV, f_k))
