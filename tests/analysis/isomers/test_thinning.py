"""The thinning of the study that deckgen follows, worked out by hand."""

from __future__ import annotations

import numpy as np

from deckgen.analysis.isomers.thinning import thin_by_energy


def test_the_lowest_quench_of_each_window_is_kept_and_then_one_of_each_isomer() -> None:
    # windows of 0.01 eV from their lowest member: 0 0.004 0.01 | 0.011 0.02 | 0.03 | 0.05
    energies = np.array([0.0, 0.004, 0.01, 0.011, 0.02, 0.03, 0.05])
    isomers = np.array([0, 1, 2, 0, 3, 4, -1])
    assert thin_by_energy(energies, isomers, 0.0100001) == (4, 2)  # isomers 0, 0, 4 and one that led nowhere
    assert thin_by_energy(energies, isomers, 1.0) == (1, 1)
    assert thin_by_energy(energies, isomers, 1e-6) == (7, 5)
