"""What the headline curve is made from: the solved samples, the grid, and the weights of the averages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.caloric import CaloricCurves, caloric_curves, heat_capacity_influence
from deckgen.analysis.mbar.reweighting import Reweighting

__all__ = ["Headline"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Headline:
    """The solved samples, the grid, and whether averages carry the rotational weights.

    Parameters
    ----------
    solved
        MBAR's solution.
    grid_K : (G,)
        Temperatures.
    n_atoms
        Atoms in the cluster.
    weighted
        Whether averages carry the weights sqrt(det I).
    """

    solved: Reweighting
    grid_K: Array
    n_atoms: int
    weighted: bool

    @property
    def rotation(self) -> str:
        """`canonical` or `sampled`."""
        return "canonical" if self.weighted else "sampled"

    @property
    def sample_weights(self) -> Array:
        """Weights of the samples (N,) in averages."""
        rotation = self.solved.pool.rotation_weights
        return rotation if self.weighted and rotation is not None else np.ones(len(self.solved.pool.energies_eV))

    def curves(self, sample_weights: Array) -> CaloricCurves:
        """Return <U> and C_v/C_0 (1, G) of all samples with some weights (N,)."""
        weights = self.solved.energy_grid.sum(sample_weights)
        return caloric_curves(self.solved, self.grid_K, weights[:, None], self.n_atoms)

    @cached_property
    def node_weights(self) -> Array:
        """Mean weight of the samples at each node (M,)."""
        return self.solved.node_weights(self.sample_weights)

    @cached_property
    def influence(self) -> Array:
        """Influence of a sample at each node on the curve C_v/C_0, (G, M)."""
        return heat_capacity_influence(self.solved, self.grid_K, self.node_weights, self.n_atoms)
