"""Heat capacity of a free cluster from its potential energies: the one place that defines it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.mbar.influence import influence_on_variances
from deckgen.analysis.mbar.reweighting import Reweighting
from deckgen.errors import InputError
from deckgen.units import KB_EV_K, initial_heat_capacity_over_kB, kinetic_heat_capacity_over_kB

__all__ = [
    "CaloricCurves",
    "caloric_curves",
    "heat_capacity_between",
    "heat_capacity_influence",
    "heat_capacity_over_c0",
    "temperature_grid",
]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CaloricCurves:
    """Caloric curves on a grid of G temperatures, for B sets of sample weights.

    Parameters
    ----------
    potential_energy_eV : (B, G)
        Canonical <U>.
    heat_capacity_over_c0 : (B, G)
        C_v/C_0.
    """

    potential_energy_eV: Array
    heat_capacity_over_c0: Array


def heat_capacity_over_c0(variance_eV2: Array, temperatures_K: Array, n_atoms: int) -> Array:
    """Return C_v/C_0 of a free cluster with C_v/k_B = (3N - 3)/2 + Var(U)/(k_B T)^2 and C_0/k_B = 3N - 9/2.

    Parameters
    ----------
    variance_eV2 : (..., G)
        Canonical variance of the potential energy.
    temperatures_K : (G,)
        Temperatures.
    n_atoms
        N.
    """
    potential = variance_eV2 / (KB_EV_K * temperatures_K) ** 2
    return (kinetic_heat_capacity_over_kB(n_atoms) + potential) / initial_heat_capacity_over_kB(n_atoms)


def heat_capacity_between(rungs_K: Array, mean_eV: Array, grid_K: Array, n_atoms: int) -> Array:
    """Return C_v/C_0 (G,) from the slope d<U>/dT between rungs: a curve of steps.

    A step is the exact mean of the heat capacity from one rung to the next; neither fluctuations nor reweighting enter.

    Parameters
    ----------
    rungs_K, mean_eV : (K,)
        Rungs, ascending, and their canonical <U>.
    grid_K : (G,)
        Temperatures; a rung belongs to the step above it, the last one to the step below.
    n_atoms
        N.
    """
    slope = np.diff(mean_eV) / np.diff(rungs_K)
    step = np.clip(np.searchsorted(rungs_K, grid_K, side="right") - 1, 0, len(slope) - 1)
    return heat_capacity_over_c0(slope[step] * KB_EV_K * grid_K**2, grid_K, n_atoms)


def caloric_curves(solved: Reweighting, grid_K: Array, weights: Array, n_atoms: int) -> CaloricCurves:
    """Return <U> and C_v/C_0 on the grid for sets of the nodes' weights (M, B)."""
    averages = solved.averages(grid_K, weights)
    return CaloricCurves(
        potential_energy_eV=averages.mean_eV + solved.pool.minimum_eV,
        heat_capacity_over_c0=heat_capacity_over_c0(averages.variance_eV2, grid_K, n_atoms),
    )


def heat_capacity_influence(solved: Reweighting, grid_K: Array, node_weights: Array, n_atoms: int) -> Array:
    """Return the influence of a sample at each node on C_v/C_0 at each temperature of the grid, (G, M)."""
    slope = (KB_EV_K * grid_K) ** 2 * initial_heat_capacity_over_kB(n_atoms)
    return influence_on_variances(solved, grid_K, node_weights) / slope[:, None]


def temperature_grid(rungs_K: Array, step_K: float) -> Array:
    """Return temperatures from the lowest to the highest rung, both included; the last step may be shorter.

    Raises
    ------
    InputError
        If the step is not positive, or leaves fewer than three temperatures.
    """
    low, high = float(rungs_K[0]), float(rungs_K[-1])
    if not 0 < step_K <= (high - low) / 2:
        raise InputError(
            f"analysis.grid_K is {step_K:g}: it must be positive and at most half of the ladder, {low:g} to {high:g} K",
            hint=f"use {(high - low) / 100:.2g} or so",
        )
    grid = low + step_K * np.arange(int((high - low) / step_K + 1e-9) + 1)
    return np.append(grid, high) if high - grid[-1] > 1e-6 * step_K else np.append(grid[:-1], high)
