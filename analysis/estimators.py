"""The heat capacity by other ways, to compare the headline with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.caloric import heat_capacity_between
from deckgen.analysis.headline import Headline
from deckgen.analysis.histogram import multiple_histogram
from deckgen.analysis.melting import find_melting
from deckgen.analysis.production import Production
from deckgen.analysis.results import Estimators
from deckgen.analysis.states import rung_moments
from deckgen.analysis.uncertainty.checks import half_curves

__all__ = ["estimators"]

Array = NDArray[np.float64]


def estimators(headline: Headline, rungs: Sequence[Sequence[Production]]) -> Estimators:
    """Return C_v/C_0 by other ways, from the runs of each rung and from MBAR's solution."""
    solved, grid, n_atoms = headline.solved, headline.grid_K, headline.n_atoms
    own = rung_moments(rungs, n_atoms, weighted=headline.weighted)
    productions = [run for runs in rungs for run in runs]
    rotation = solved.pool.rotation_weights
    canonical = None if rotation is None else headline.curves(rotation).heat_capacity_over_c0[0]
    sampled = headline.curves(np.ones(len(solved.pool.energies_eV))).heat_capacity_over_c0[0]
    halves = half_curves(headline)
    return Estimators(
        fluctuation=own.heat_capacity_over_c0,
        fluctuation_error=own.heat_capacity_error_over_c0,
        dU_dT=heat_capacity_between(solved.pool.temperatures_K, own.mean_eV, grid, n_atoms),
        multiple_histogram=multiple_histogram(productions, grid, n_atoms, weighted=headline.weighted),
        canonical=canonical,
        sampled=sampled,
        tm_canonical_K=_tm(grid, canonical, n_atoms),
        tm_sampled_K=_tm(grid, sampled, n_atoms),
        first_half=None if halves is None else halves[0],
        second_half=None if halves is None else halves[1],
    )


def _tm(grid_K: Array, curve: Array | None, n_atoms: int) -> float | None:
    peak = None if curve is None else find_melting(grid_K, curve, n_atoms)
    return None if peak is None else peak.temperature_K
