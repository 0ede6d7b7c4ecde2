"""The dynamics that a goal may cost."""

from __future__ import annotations

from dataclasses import dataclass

from deckgen.study import Study
from deckgen.study.runs import Plan, Run

__all__ = ["Budget"]


@dataclass(frozen=True)
class Budget:
    """The dynamics of runs in nanoseconds, with the melts that they begin with.

    Parameters
    ----------
    timestep_fs, max_ns, melt_ps
        Of the study.
    """

    timestep_fs: float
    max_ns: float
    melt_ps: float

    @classmethod
    def of(cls, study: Study) -> Budget:
        """Return that of a study with a goal."""
        assert study.goal.max_ns is not None
        return cls(study.nvt.timestep_fs, study.goal.max_ns, study.nvt.melt_ps)

    def ns(self, runs: tuple[Run, ...] | list[Run]) -> float:
        """Return what some runs cost."""
        steps = sum(run.n_steps for run in runs)
        return steps * self.timestep_fs / 1e6 + sum(run.melted for run in runs) * self.melt_ps / 1e3

    def spent(self, plan: Plan) -> float:
        """Return what a plan costs, with the runs that were left out."""
        return self.ns([*plan.runs, *plan.left_out])

    def left_ns(self, plan: Plan) -> float:
        """Return how much dynamics a plan leaves."""
        return self.max_ns - self.spent(plan)

    def left_steps(self, plan: Plan) -> float:
        """Return how many steps a plan leaves."""
        return self.left_ns(plan) * 1e6 / self.timestep_fs
