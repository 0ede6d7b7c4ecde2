"""The energies of the solid and of the liquid, each by itself, and the free energy between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from deckgen.analysis.jumps.stays import Stay
from deckgen.units import KB_EV_K, initial_heat_capacity_over_kB, kinetic_heat_capacity_over_kB

__all__ = ["Branches", "measure_branches"]

Array = NDArray[np.float64]

REACH, STEP_K = 0.15, 0.05
"""Part of the melting temperature within which the peak is looked for, and the steps."""


@dataclass(frozen=True)
class Branches:
    """Mean potential energies of solid and liquid, both linear in the temperature.

    Parameters
    ----------
    reference_K
        Where the energies are given.
    solid_eV, liquid_eV
        Mean potential energies there.
    solid_slope_eV_K, liquid_slope_eV_K
        Their slopes.
    relative_error
        Of the difference of the two.
    """

    reference_K: float
    solid_eV: float
    liquid_eV: float
    solid_slope_eV_K: float
    liquid_slope_eV_K: float
    relative_error: float = 0.0

    def latent_heat_eV(self, T: Array | float) -> Array:
        """Return <U>_l - <U>_s."""
        slope = self.liquid_slope_eV_K - self.solid_slope_eV_K
        return np.asarray(self.liquid_eV - self.solid_eV + slope * (np.asarray(T) - self.reference_K))

    def log_ratio(self, T: Array | float, melting_K: float) -> Array:
        """Return ln(p_l/p_s) = -(F_l - F_s)/kT of a cluster that melts, F_l = F_s, at a temperature.

        By van 't Hoff's equation d ln(p_l/p_s)/dT = (<U>_l - <U>_s)/(k_B T^2), integrated from there.
        """
        T = np.asarray(T, dtype=float)
        slope = self.liquid_slope_eV_K - self.solid_slope_eV_K
        at_zero = self.liquid_eV - self.solid_eV - slope * self.reference_K
        return np.asarray((at_zero * (1 / melting_K - 1 / T) + slope * np.log(T / melting_K)) / KB_EV_K)

    def peak_K(self, melting_K: float) -> float | None:
        """Return where dU/dT is highest, U = <U>_s + p_l (<U>_l - <U>_s); None where that has no maximum nearby.

        That is a little below the melting temperature: by 4 T_m (k_B T_m/L)^2, where both branches are parallel.
        """
        T = melting_K * np.arange(1 - REACH, 1 + REACH, STEP_K / melting_K)
        heat, liquid = self.latent_heat_eV(T), expit(self.log_ratio(T, melting_K))
        slope = (self.liquid_slope_eV_K - self.solid_slope_eV_K) * liquid
        curve = slope + liquid * (1 - liquid) * heat**2 / (KB_EV_K * T**2)
        top = int(np.argmax(curve))
        return float(T[top]) if 0 < top < len(T) - 1 else None


def measure_branches(stays: Sequence[Stay], smoothing_ps: float, reference_K: float, n_atoms: int) -> Branches | None:
    """Return the energies of the two phases in the stays of some runs.

    Parameters
    ----------
    stays
        Those that count.
    smoothing_ps
        Time over which vibrations average out.
    reference_K
        Where the energies are given.
    n_atoms
        Atoms in the cluster.

    Returns
    -------
    Branches or None
        None without rows of either phase, or where the liquid's energy is not the higher one.
    """
    solid, liquid = (_branch(stays, phase, smoothing_ps, reference_K, n_atoms) for phase in (False, True))
    if solid is None or liquid is None:
        return None
    difference = liquid.at_reference_eV - solid.at_reference_eV
    error = float(np.hypot(solid.error_eV, liquid.error_eV))
    if not difference > 0:
        return None
    energies = solid.at_reference_eV, liquid.at_reference_eV
    return Branches(reference_K, *energies, solid.slope_eV_K, liquid.slope_eV_K, error / difference)


@dataclass(frozen=True)
class _Branch:
    at_reference_eV: float
    slope_eV_K: float
    error_eV: float


def _branch(
    stays: Sequence[Stay], liquid: bool, smoothing_ps: float, reference_K: float, n_atoms: int
) -> _Branch | None:
    """Fit a straight line to the mean energies of a phase at its rungs; with one rung, its slope is that of vibrations.

    Rows within the smoothing time of a jump are left out, and means over that time count as independent.
    """
    vibrations = KB_EV_K * (initial_heat_capacity_over_kB(n_atoms) - kinetic_heat_capacity_over_kB(n_atoms))
    kelvins, means, errors = [], [], []
    for T in sorted({stay.run.temperature_K for stay in stays}):
        chosen = [stay for stay in stays if stay.run.temperature_K == T and stay.liquid == liquid]
        blocks = np.concatenate([np.empty(0), *(_blocks(stay, smoothing_ps) for stay in chosen)])
        if len(blocks) > 1:
            kelvins.append(T - reference_K)
            means.append(float(blocks.mean()))
            errors.append(float(blocks.std(ddof=1)) / np.sqrt(len(blocks)))
    if not kelvins:
        return None
    away_K, error = np.array(kelvins), np.maximum(errors, 1e-12)
    columns = np.stack([np.ones_like(away_K), away_K], axis=1)[:, : min(len(away_K), 2)] / error[:, None]
    excess = (np.array(means) - vibrations * away_K) / error
    found, covariance = np.linalg.lstsq(columns, excess)[0], np.linalg.inv(columns.T @ columns)
    freedom = len(away_K) - len(found)
    scatter = float(np.sum((columns @ found - excess) ** 2)) / freedom if freedom else 1.0
    slope = vibrations + (float(found[1]) if len(found) > 1 else 0.0)
    return _Branch(float(found[0]), slope, float(np.sqrt(covariance[0, 0] * max(scatter, 1.0))))


def _blocks(stay: Stay, smoothing_ps: float) -> Array:
    """Return the means of a stay over the smoothing time."""
    rows = max(round(smoothing_ps / stay.run.interval_ps), 1) if stay.run.interval_ps else 1
    energies = stay.energies_eV(smoothing_ps)
    return np.asarray(energies[: len(energies) // rows * rows].reshape(-1, rows).mean(axis=1))
