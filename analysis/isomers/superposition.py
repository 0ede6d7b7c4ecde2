"""Thermodynamics of a set of minima in the harmonic superposition approximation (classical).

Each minimum is a harmonic well that also rotates. Its share of the partition function is, up to factors that are the
same for all at one temperature,

    z_s = n_s sqrt(det I_s) exp(-V_s / k_B T) / prod omega_s,

with n_s proportional to 2 / o_s: of the 2 N! copies that permuting and inverting the atoms make of a minimum, those
that its point group (order o_s) takes into each other are one. So

    C_v / k_B = 3N - 9/2 + Var(V) / (k_B T)^2,

V the energies of the wells, weighted by z_s. It becomes exact at low temperatures; what is missing from the list, and
what is not harmonic, takes over at higher ones.

References
----------
Doye and Wales, J. Chem. Phys. 102, 9659 (1995); Wales, Energy Landscapes (Cambridge, 2003), chapter 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp

from deckgen.errors import InputError
from deckgen.units import KB_EV_K, initial_heat_capacity_over_kB

__all__ = ["Well", "superposition_heat_capacity", "superposition_occupation"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Well:
    """A minimum as the superposition sees it.

    Parameters
    ----------
    energy_eV
        Potential energy.
    log_frequency_product
        Sum of ln(omega) over its vibrations; the unit does not matter, but is the same for all.
    log_moment_product
        ln(I1 I2 I3) of its principal moments of inertia; likewise.
    copies
        2 / o, o the order of its point group; 1 / o where its mirror image is another well of the list.
    """

    energy_eV: float
    log_frequency_product: float
    log_moment_product: float
    copies: float


def superposition_occupation(temperatures_K: ArrayLike, wells: Sequence[Well]) -> Array:
    """Return the probability of each well at each temperature, (T, n).

    Raises
    ------
    InputError
        If there are no wells or a temperature is not positive.
    """
    temperatures = np.atleast_1d(np.asarray(temperatures_K, dtype=float))
    if not wells or not (temperatures > 0).all():
        raise InputError(f"a superposition needs wells ({len(wells)} given) and positive temperatures")
    energies = _energies(wells)
    constant = [np.log(w.copies) + w.log_moment_product / 2 - w.log_frequency_product for w in wells]
    logs = np.array(constant) - energies / (KB_EV_K * temperatures[:, None])
    return np.asarray(np.exp(logs - logsumexp(logs, axis=1, keepdims=True)))


def superposition_heat_capacity(temperatures_K: ArrayLike, wells: Sequence[Well], n_atoms: int) -> Array:
    """Return C_v/C_0 at each temperature, (T,).

    Raises
    ------
    InputError
        If there are no wells or a temperature is not positive.
    """
    occupation, energies = superposition_occupation(temperatures_K, wells), _energies(wells)
    mean = occupation @ energies
    variance = (occupation * (energies - mean[:, None]) ** 2).sum(axis=1)
    temperatures = np.atleast_1d(np.asarray(temperatures_K, dtype=float))
    return np.asarray(1 + variance / (KB_EV_K * temperatures) ** 2 / initial_heat_capacity_over_kB(n_atoms))


def _energies(wells: Sequence[Well]) -> Array:
    energies = np.array([well.energy_eV for well in wells])
    return np.asarray(energies - energies.min())
