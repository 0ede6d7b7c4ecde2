"""Clusters that jump often or rarely between their basins, and the goals of their studies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from deckgen.analysis.caloric import temperature_grid
from deckgen.analysis.melting import find_melting
from deckgen.samples import TimeSeries
from deckgen.study import Study
from deckgen.study.runs import Run
from validation.melting.intervals.models import N_ATOMS, THREE_BASINS, TWO_BASINS, Basins, chain, vibrational

__all__ = ["GRID_K", "REGIMES", "SAMPLE_EVERY", "Regime"]

GRID_K = 2.0
SAMPLE_EVERY = 200
GLASS_K, GLASS_WIDTH_K = 140.0, 8.0


@dataclass(frozen=True)
class Regime:
    """A cluster and a goal.

    Parameters
    ----------
    name
        In the table.
    basins
        The cluster.
    freezing_ps
        A liquid jumps once in this time.
    goal_K, max_ns
        Width of the interval that is asked for, and the budget.
    ladder
        Where the pilot looks; empty: the default ladder.
    """

    name: str
    basins: Basins
    freezing_ps: float
    goal_K: float
    max_ns: float = 60.0
    ladder: Mapping[str, float] = field(default_factory=lambda: {"min_K": 105, "max_K": 240, "count": 11})

    @property
    def study(self) -> Study:
        """A study of it."""
        return Study.model_validate(
            {
                "cluster": {"element": "Na", "size": N_ATOMS},
                "ladder": dict(self.ladder),
                "nvt": {"sample_every": SAMPLE_EVERY},
                "goal": {"melting_K": self.goal_K, "max_ns": self.max_ns},
            }
        )

    def exact_K(self) -> float:
        """Return the exact melting temperature, on the grid of the analysis."""
        grid = temperature_grid(np.array(self.study.ladder.rungs_K), GRID_K)
        peak = find_melting(grid, self.basins.heat_capacity_over_c0(grid), N_ATOMS)
        assert peak is not None
        return peak.temperature_K

    def sampled(self, run: Run, seed: int) -> TimeSeries:
        """Draw a run; a longer one begins as the shorter."""
        n, interval_ps = run.n_steps // SAMPLE_EVERY, SAMPLE_EVERY * self.study.nvt.timestep_fs / 1000
        populations = self.basins.populations(run.temperature_K)
        slow = self.freezing_ps * np.exp(max(GLASS_K - run.temperature_K, 0) / GLASS_WIDTH_K)
        relaxation = max(slow * populations[0] / interval_ps, 1e-3)
        key = [seed, round(1000 * run.temperature_K), run.replica]
        start = len(populations) - 1 if run.melted else 0
        states = chain(populations, relaxation, n, np.random.default_rng([*key, 0]), start)
        vibrations = vibrational(run.temperature_K, n, np.random.default_rng([*key, 1]), vibration=False)
        return TimeSeries(
            run.temperature_K,
            np.arange(1, n + 1) * interval_ps,
            vibrations + np.array(self.basins.energies_eV)[states],
            replica=run.replica,
            start="melted" if run.melted else "minimum",
        )


REGIMES = (
    Regime("jumps are rare, as in Na55 with the Gupta potential", TWO_BASINS, 270.0, 12.0),
    Regime("jumps are frequent", TWO_BASINS, 50.0, 5.0),
    Regime("it premelts", THREE_BASINS, 100.0, 9.0),
)
