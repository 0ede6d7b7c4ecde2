"""Runs from the solid and from the melt: what their start left behind is found, what chance made is not."""

from __future__ import annotations

import numpy as np
import pytest

from deckgen.analysis.headline import Headline
from deckgen.analysis.mbar.reweighting import reweight
from deckgen.analysis.melting import find_melting
from deckgen.analysis.pool import Pool
from deckgen.analysis.uncertainty.intervals import peak_errors
from deckgen.analysis.uncertainty.starts import check_starts

RUNGS_K = np.array([141.0, 154.5, 168.0, 181.5, 195.0])
GRID_K = np.arange(141.0, 195.5)
STARTS = ["minimum", "melted"] * len(RUNGS_K)


def check(parts, starts=STARTS):
    energies, ones = np.concatenate(parts), (1.0,) * len(parts)
    rungs = tuple(np.repeat(np.arange(len(RUNGS_K)), len(parts) // len(RUNGS_K)).tolist())
    lengths, lowest = tuple(map(len, parts)), energies.min()
    pool = Pool(RUNGS_K, energies - lowest, lowest, None, lengths, ones, ones, rungs, tuple(starts))
    headline = Headline(reweight(pool), GRID_K, 55, weighted=False)
    curve = headline.curves(headline.sample_weights).heat_capacity_over_c0[0]
    peak = find_melting(GRID_K, curve, 55)
    errors = peak_errors(headline, curve, peak, n=5, generator=np.random.default_rng(1))
    return check_starts(headline.solved, errors.slow.values)


def test_starts_that_are_forgotten_deviate_by_a_standard_error(jumping_basins):
    found = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        found.append(check([jumping_basins.trajectory(T, 1500, 20, rng) for T in np.repeat(RUNGS_K, 2)]))
    # a mean square of 60 standard normal numbers: known to 0.18; the correlation is known less well
    assert np.mean([one.deviation**2 for one in found]) == pytest.approx(1.0, abs=0.6)
    assert all(one.passed for one in found)


def test_a_rung_where_each_run_stays_in_the_phase_of_its_start_is_found_and_named(jumping_basins, rng):
    """At 168 K one run never melted and the other never froze, and each looks settled."""
    parts = [jumping_basins.sample(T, 1500, rng) for T in np.repeat(RUNGS_K, 2)]
    vibration = jumping_basins.sample(1.0, 1500, rng) * 168.0  # at 1 K only the lower basin is occupied
    parts[4:6] = [vibration, rng.permutation(vibration) + jumping_basins.gap_eV]
    found = check(parts)
    assert not found.passed
    assert found.temperature_K == 168.0


def test_a_memory_of_the_start_at_every_rung_is_found(jumping_basins, rng):
    """Runs from the melt that look as if the cluster melted 4 K higher."""
    other = type(jumping_basins)(n_atoms=55, gap_eV=0.45, tm_K=172.0)
    parts = [(other if i % 2 else jumping_basins).sample(T, 1500, rng) for i, T in enumerate(np.repeat(RUNGS_K, 2))]
    assert not check(parts).passed
    assert check(parts, ["minimum"] * len(parts)) is None


def test_runs_of_an_unknown_start_are_left_out(jumping_basins, rng):
    parts = [jumping_basins.sample(T, 800, rng) for T in np.repeat(RUNGS_K, 3)]
    parts[8] = parts[8] + 1.0
    assert check(parts, ["minimum", "melted", ""] * 5).passed
