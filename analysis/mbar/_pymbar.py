"""The one place that calls pymbar."""

from __future__ import annotations

import logging
import warnings

import numpy as np
from numpy.typing import NDArray

__all__ = ["LARGEST_MATRIX", "pymbar_free_energies"]

Array = NDArray[np.float64]

LARGEST_MATRIX = 3_000_000
"""Largest K x N that pymbar is given: it holds about ten such matrices at once (a quarter of a GB)."""

ITERATIONS = 20


def pymbar_free_energies(u_kn: Array, N_k: NDArray[np.int_], f_k: Array) -> Array:
    """Return `pymbar.MBAR`'s reduced free energies.

    The solver is pymbar's adaptive one (Newton-Raphson or self-consistent, whichever has the smaller gradient). Its
    success flag is not trusted: the caller checks the self-consistency of what comes back.

    Parameters
    ----------
    u_kn : (K, N)
        Reduced energies, the samples of each state together and in order.
    N_k : (K,)
        Samples from each state.
    f_k : (K,)
        The guess to start from.

    Returns
    -------
    f_k : (K,)
        With f_k[0] = 0.
    """
    # pymbar's modules log a banner at import and prose while they solve.
    logging.getLogger("pymbar").setLevel(logging.ERROR)
    from pymbar import MBAR

    step = {"method": "adaptive", "tol": 1e-11, "options": {"min_sc_iter": 0, "maxiter": ITERATIONS}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Any rseed but None keeps pymbar from reseeding numpy's global generator.
        mbar = MBAR(u_kn, N_k, initial_f_k=f_k, solver_protocol=(step,), maximum_iterations=ITERATIONS, rseed=0)
    return np.asarray(mbar.f_k, dtype=float)
