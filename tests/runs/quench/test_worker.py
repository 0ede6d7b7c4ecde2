"""What becomes of one frame."""

from __future__ import annotations

import numpy as np

from deckgen.runs.quench.frames import StartFrame
from deckgen.runs.quench.quencher import Minimised
from deckgen.runs.quench.worker import MOST_DISPLACEMENTS, ForceTolerance, _quench_one


class OnlySaddles:
    """A landscape that falls for ever: every minimisation ends, lower than the last, at another saddle."""

    def __init__(self) -> None:
        self.energy_eV = 0.0

    def minimise(self, positions_A: np.ndarray) -> Minimised:
        self.energy_eV -= 1.0
        return Minimised(positions_A, self.energy_eV, 1e-3, n_steps=7)

    def curvature(self, positions_A: np.ndarray):
        curvatures = np.linspace(1.0, 2.0, positions_A.size).reshape(positions_A.shape)
        curvatures[0, 0] = -20.0
        return lambda direction: curvatures * direction


def test_what_is_still_a_saddle_after_all_displacements_has_not_converged():
    positions_A = np.random.default_rng(5).normal(scale=3, size=(6, 3))
    start = StartFrame(positions_A, 300.0, "by hand", 4)
    minimum = _quench_one(OnlySaddles(), start, ("Na",) * 6, ForceTolerance(1e-2, escape_saddles=True))
    assert not minimum.converged
    assert minimum.max_force_eV_A < 1e-2
    assert minimum.n_steps == 7 * (MOST_DISPLACEMENTS + 1)
    at_once = _quench_one(OnlySaddles(), start, ("Na",) * 6, ForceTolerance(1e-2))
    assert at_once.converged
    assert at_once.n_steps == 7
