"""Whether a run made elsewhere was at the temperature it is given for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from deckgen.analysis.uncertainty.correlation import statistical_inefficiency
from deckgen.analysis.uncertainty.equilibration import detect_equilibration
from deckgen.errors import InputError
from deckgen.runs.external.run import ExternalRun

__all__ = ["kinetic_temperature"]

Array = NDArray[np.float64]

CHANCE = 3e-5
"""That chance alone goes further, to one side: four standard errors where these are well known."""

TOLERANCE = 0.01
"""Fraction of T by which a mean may differ from it however small its error: T is often given rounded."""

N_PARTS = 4
WARM_UP = 10
"""One row in so many, at the beginning, is no part of the look for a drift."""


def kinetic_temperature(file: Path, run: ExternalRun, temperature_K: float, n_atoms: int) -> Array | None:
    """Return the kinetic temperature (n,) of the degrees of freedom that move; None where the file has none.

    LAMMPS' Temp is twice the kinetic energy over 3N - 3 degrees of freedom, unless told otherwise. With zero angular
    momentum 3N - 6 move, with a Langevin thermostat 3N: at T, Temp is then T times their ratio to 3N - 3.

    Parameters
    ----------
    file
        Named in messages.
    run
        What it holds.
    temperature_K
        For which it is given.
    n_atoms
        Atoms in the cluster.

    Raises
    ------
    InputError
        If thermostats were set to another temperature, the temperature drifts, or its mean in the equilibrated part is
        none of those that 3N - 6, 3N - 3 or 3N degrees of freedom explain.
    """
    moving = np.array([3 * n_atoms - 3, 3 * n_atoms - 6, 3 * n_atoms])
    ratios = moving / moving[0]
    _check_thermostats(file, run, temperature_K, ratios)
    temperatures = run.temperature_K
    if temperatures is None or len(temperatures) < 2 * N_PARTS:
        return None
    least_dof = float(moving.min())
    warm = temperatures[len(temperatures) // WARM_UP :]
    g = _inefficiency(warm)
    _check_drift(file, warm, g, least_dof)
    start = detect_equilibration(run.potential_energy_eV).start
    mean, reach = _mean(temperatures[start:], g, least_dof)
    off = np.abs(mean - ratios * temperature_K)
    allowed = max(reach, TOLERANCE * temperature_K)
    if off.min() > allowed:
        expected = ", ".join(f"{ratio * temperature_K:.1f}" for ratio in ratios)
        raise InputError(
            f"{file}: the file's mean temperature is {mean:.1f} K, not {temperature_K:g} K",
            hint=f"give the temperature at which the run was made; {temperature_K:g} K would give {expected} K "
            f"(3N - 3, 3N - 6 or 3N degrees of freedom move) within {allowed:.1f} K",
        )
    return np.asarray(temperatures / ratios[off.argmin()])


def _check_thermostats(file: Path, run: ExternalRun, temperature_K: float, ratios: Array) -> None:
    for begin, end in sorted(run.thermostats_K):
        if abs(end - begin) > TOLERANCE * temperature_K:
            raise InputError(
                f"{file}: a thermostat goes from {begin:g} to {end:g} K", hint="give a run at one temperature"
            )
        if np.abs(begin - ratios * temperature_K).min() > TOLERANCE * temperature_K:
            raise InputError(
                f"{file}: a thermostat is set to {begin:g} K, not {temperature_K:g} K",
                hint="give the temperature at which the run was made, and only the part of the log at that one",
            )


def _check_drift(file: Path, temperatures: Array, g: float, dof: float) -> None:
    """Refuse two temperatures in one file, or a ramp: what comes before and after each quarter differs."""
    for cut in np.linspace(0, len(temperatures), N_PARTS + 1).astype(int)[1:-1]:
        before, its_reach = _mean(temperatures[:cut], g, dof)
        after, other_reach = _mean(temperatures[cut:], g, dof)
        if abs(after - before) > max(float(np.hypot(its_reach, other_reach)), TOLERANCE * after):
            raise InputError(
                f"{file}: the temperature changes in the course of the run, from {before:.1f} to {after:.1f} K",
                hint="give the part of the run at one temperature, after its equilibration",
            )


def _inefficiency(temperatures: Array) -> float:
    """Return the median g of the quarters: a step from one temperature to another inflates it in one of them only.

    0 where the temperature is held constant: its mean has no error.
    """
    parts = np.array_split(temperatures, N_PARTS)
    return float(np.median([statistical_inefficiency(part) if np.ptp(part) > 0 else 0.0 for part in parts]))


def _mean(temperatures: Array, g: float, dof: float) -> tuple[float, float]:
    """Return the mean and how far chance may take it.

    Its error is that of blocks of 2g rows, but no less than the canonical one, var T = 2 T^2 / dof; Student's
    distribution has it known from so many blocks. A mean goes no further than a single row.
    """
    mean, n = float(temperatures.mean()), len(temperatures)
    of_a_row = float(mean * np.sqrt(2 / dof))
    error = max(of_a_row, float(temperatures.std())) * np.sqrt(g / n)
    reach = error * student.isf(CHANCE, n / (2 * g) if g else np.inf)
    return mean, float(min(reach, of_a_row * student.isf(CHANCE, np.inf)))
