"""The spectral density at zero frequency by autoregressive models."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["densities_at_zero"]

Array = NDArray[np.float64]


def densities_at_zero(covariances: Array, n: NDArray[np.int_]) -> Array:
    """Return the density of each series (L,): n times the variance of its mean.

    The Levinson recursion for all series at once, their orders chosen by Akaike's criterion.

    Parameters
    ----------
    covariances : (L, P + 1)
        At lags 0 to P; NaN beyond the highest order that may be used.
    n : (L,)
        Length of each series.

    References
    ----------
    Priestley, Spectral Analysis and Time Series (Academic Press, 1981), section 7.8.
    """
    coefficients = np.zeros_like(covariances)
    error = covariances[:, 0].copy()
    with np.errstate(invalid="ignore", divide="ignore"):
        best, found = n * np.log(error), error.copy()
        for order in range(1, covariances.shape[1]):
            past = np.einsum("lp,lp->l", coefficients[:, : order - 1], covariances[:, order - 1 : 0 : -1])
            reflection = (covariances[:, order] - past) / error
            coefficients[:, : order - 1] -= reflection[:, None] * coefficients[:, : order - 1][:, ::-1]
            coefficients[:, order - 1] = reflection
            error = error * (1 - reflection**2)
            criterion = n * np.log(error) + 2 * order
            better = (error > 0) & (criterion < best)
            best = np.where(better, criterion, best)
            found = np.where(better, error / (1 - coefficients[:, :order].sum(axis=1)) ** 2, found)
    return found
