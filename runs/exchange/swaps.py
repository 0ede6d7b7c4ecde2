"""Which configurations change places at an exchange: Metropolis on the energies, no files, no LAMMPS."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from deckgen.units import KB_EV_K

__all__ = ["exchange"]

Pairs = list[tuple[int, int]]


def exchange(
    temperatures_K: Sequence[float], energies_eV: Sequence[float], pairs: str, n_th: int, generator: np.random.Generator
) -> list[int]:
    """Return, for each rung, the rung whose configuration it gets.

    Two rungs swap with the probability min(1, exp((beta_i - beta_j)(U_i - U_j))). With velocities scaled by
    sqrt(T_new/T_old) the kinetic energies cancel: Sugita and Okamoto, Chem. Phys. Lett. 314, 141 (1999).

    Parameters
    ----------
    temperatures_K, energies_eV
        Of K rungs, ascending in temperature, and the potential energies of the configurations there.
    pairs
        `all`: K^2 random pairs, one after the other, which nearly draws one of all permutations anew (Chodera and
        Shirts, J. Chem. Phys. 135, 194110 (2011)); `neighbours`: each rung with the next one above or below, in turn.
    n_th
        Number of the exchange: whether it is the turn of the pair (0, 1) or of (1, 2).
    generator
        Draws pairs and acceptance.
    """
    beta = [1 / (KB_EV_K * T) for T in temperatures_K]
    tried = _pairs(pairs, len(beta), n_th, generator)
    logarithms = np.log(1 - generator.random(len(tried))).tolist()
    source, U = list(range(len(beta))), list(energies_eV)
    for (i, j), logarithm in zip(tried, logarithms, strict=True):
        if logarithm < (beta[i] - beta[j]) * (U[i] - U[j]):
            U[i], U[j] = U[j], U[i]
            source[i], source[j] = source[j], source[i]
    return source


def _pairs(pairs: str, n: int, n_th: int, generator: np.random.Generator) -> Pairs:
    if n < 2:
        return []
    if pairs == "neighbours":
        return list(pairwise(range(n)))[n_th % 2 :: 2]
    if pairs == "all":
        first, other = generator.integers(0, (n, n - 1), size=(n * n, 2)).T
        return list(zip(first.tolist(), (other + (other >= first)).tolist(), strict=True))
    raise ValueError(f"no pairs {pairs!r}")
