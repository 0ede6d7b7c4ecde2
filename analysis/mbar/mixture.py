"""The mixture of all rungs at given free energies: where a sample comes from, and whether MBAR's equations hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from deckgen.analysis.pool import Pool
from deckgen.errors import AnalysisError

__all__ = ["CHUNK", "check_self_consistency", "memberships", "self_consistency"]

Array = NDArray[np.float64]

TOLERANCE = 1e-7
"""Largest |ln sum_n W_nk| of a solution."""

CHUNK = 1 << 20
"""Numbers in a chunk of a streamed sum (8 MB)."""


def self_consistency(pool: Pool, f_k: Array) -> Array:
    """Return ln sum_n W_nk of each state (K,), zero at the solution, from the samples themselves."""
    rows = max(CHUNK // len(pool.beta), 1)
    parts = []
    for first in range(0, len(pool.energies_eV), rows):
        log_weights, _ = _mixture(pool, pool.energies_eV[first : first + rows], f_k)
        parts.append(logsumexp(log_weights, axis=1))
    return np.asarray(logsumexp(parts, axis=0), dtype=float)


def check_self_consistency(pool: Pool, f_k: Array) -> None:
    """Raise AnalysisError where free energies do not solve the MBAR equations of the pool."""
    residual = float(np.max(np.abs(self_consistency(pool, f_k)))) if np.isfinite(f_k).all() else np.inf
    if not residual <= TOLERANCE:
        raise AnalysisError(
            f"MBAR did not converge: its self-consistency residual is {residual:.1e}, above {TOLERANCE:.0e}",
            hint="the states may hardly overlap: add runs between the temperatures",
        )


def _mixture(pool: Pool, energies_eV: Array, f_k: Array) -> tuple[Array, Array]:
    """Return ln W_nk (K, n) and d(U) (n,) at some energies."""
    exponent = f_k[:, None] - np.outer(pool.beta, energies_eV)
    with_counts = exponent + np.log(pool.N_k)[:, None]
    highest = with_counts.max(axis=0)
    with_counts -= highest
    log_density = np.log(np.exp(with_counts, out=with_counts).sum(axis=0)) + highest
    return exponent - log_density, log_density


def memberships(pool: Pool, energies_eV: Array, f_k: Array) -> tuple[Array, Array]:
    """Return the probabilities (K, M) that a sample of some energy comes from each state, and d(U) (M,)."""
    log_weights, log_density = _mixture(pool, energies_eV, f_k)
    return pool.N_k[:, None].astype(float) * np.exp(log_weights), log_density
