"""Studies of a model that run to their goal, in short; in full: `python -m validation.melting.goal`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deckgen.workflows.goal.budget import Budget
from validation.melting.goal import study
from validation.melting.goal.regimes import REGIMES

JUMPING = replace(REGIMES[1], goal_K=9.0, max_ns=20.0)


def test_studies_that_stop_at_a_goal_hold_the_exact_melting_temperature(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three intervals that hold in 93 % of all cases, fewer than two hold once in 70 times."""
    monkeypatch.setattr(study.melting, "QUANTITIES", study.intervals.SUMMIT)
    monkeypatch.setattr(study.energy_grid, "PER_DEVIATION", 10)
    held = []
    for seed in range(3):
        plan = study.pursue(JUMPING, seed)
        last = plan.history[-1]
        assert plan.reached
        assert last.width_K is not None
        assert last.width_K <= 9.0
        assert last.ns == pytest.approx(Budget.of(JUMPING.study).spent(plan))
        assert last.ns <= 20.0
        held.append(study.Answer(last.melting_K, last.ci95_K).holds(JUMPING.exact_K()))
    assert sum(held) >= 2
