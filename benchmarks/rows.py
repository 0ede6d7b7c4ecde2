"""Rows of a cluster that melts, drawn at random: for benchmarks of the analysis."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

from deckgen.units import KB_EV_K

__all__ = ["melting_rows"]

MELTING_K, LATENT_HEAT_EV = 25.0, 0.05
JUMPS = 60  # of each run, to the phase that it is in included


def melting_rows(kelvin: float, n_rows: int, rng: np.random.Generator) -> list[str]:
    """Return the rows, without their steps, of 13 atoms with 3N - 6 = 33 harmonic vibrations about one of two minima.

    JUMPS times the minimum is drawn anew, by its weight at this temperature.
    """
    noise, memory = rng.normal(size=(n_rows, 33)), 0.9
    modes = lfilter([np.sqrt(1 - memory**2)], [1, -memory], noise, axis=0)
    log_ratio = LATENT_HEAT_EV / KB_EV_K * (1 / MELTING_K - 1 / kelvin)
    jumps = rng.random(n_rows) < JUMPS / n_rows
    liquid = rng.random(n_rows) < 1 / (1 + np.exp(-log_ratio))
    state = liquid[np.maximum.accumulate(np.where(jumps, np.arange(n_rows), 0))]
    energies = -0.4566 + 0.5 * KB_EV_K * kelvin * (modes**2).sum(axis=1) + LATENT_HEAT_EV * state
    kinetic = kelvin * rng.gamma(16.5, 1 / 16.5, n_rows)
    moments = np.array([2800.0, 2810.0, 2820.0]) + rng.normal(size=(n_rows, 3))
    table = np.column_stack([energies, kinetic, moments]).tolist()
    return [f"{energy:.8f} " + " ".join(f"{value:.4f}" for value in others) for energy, *others in table]
