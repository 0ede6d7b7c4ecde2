"""Single rows far from all others are named and left out; what physics does is kept."""

from __future__ import annotations

import numpy as np
import pytest

from deckgen.analysis.outliers import find_outliers, without_outliers
from deckgen.analysis.thermodynamics import thermodynamics
from deckgen.samples import Samples
from deckgen.units import KB_EV_K

LADDER = np.array([140.0, 160.0, 180.0, 200.0])


def runs(basins, rng, n=1500):
    return [basins.sample(T, n, rng) for T in LADDER]


@pytest.mark.parametrize("energy", [50.0, -50.0, 8.0])
def test_a_row_far_from_all_others_is_named_and_left_out(jumping_basins, rng, energy):
    energies = runs(jumping_basins, rng)
    clean = thermodynamics(Samples.from_arrays(LADDER, energies, n_atoms=55, interval_ps=0.1), bootstraps=0)
    energies[2][700] = energy
    result = thermodynamics(Samples.from_arrays(LADDER, energies, n_atoms=55, interval_ps=0.1), bootstraps=0)
    (said,) = [finding for finding in result.warnings if finding.code == "stray_rows"]
    assert said.temperature_K == 180.0
    assert "the row at 70.1 ps" in said.message
    assert f"U = {energy:.4f} eV" in said.message
    np.testing.assert_allclose(result.heat_capacity_over_c0, clean.heat_capacity_over_c0, rtol=0.01)


def test_every_column_of_an_outliers_row_is_left_out(jumping_basins, rng):
    energies, moments = runs(jumping_basins, rng), [np.full((1500, 3), 50.0) for _ in LADDER]
    energies[0][[0, 10]], moments[0][[0, 10]] = 40.0, 1e6
    samples = Samples.from_arrays(LADDER, energies, n_atoms=55, principal_moments_uA2=moments, thermostat="csvr")
    outliers = find_outliers(samples.series)
    assert [one.row for one in outliers] == [0, 10]
    kept = without_outliers(samples.series[0], outliers)
    assert kept.n == 1500
    assert kept.potential_energy_eV[10] == energies[0][9]
    assert kept.potential_energy_eV[0] == energies[0][1]
    assert kept.principal_moments_uA2.max() == 50.0
    assert without_outliers(samples.series[1], outliers) is samples.series[1]


def test_rare_visits_to_a_liquid_are_no_outliers(rng):
    """Solid and liquid of Na147 lie eight standard deviations apart; three samples of the liquid are three samples."""
    shape, T = (3 * 147 - 6) / 2, 260.0
    width = np.sqrt(shape) * KB_EV_K * T
    energies = [rng.gamma(shape, KB_EV_K * T, 4000) for T in (255.0, 260.0)]
    energies[1][[5, 900, 901]] += 8 * width
    assert find_outliers(Samples.from_arrays([255.0, 260.0], energies, n_atoms=147).series) == []


def test_rungs_far_apart_are_no_outliers(jumping_basins, rng):
    energies = [jumping_basins.sample(T, 500, rng) for T in (40.0, 400.0)]
    assert find_outliers(Samples.from_arrays([40.0, 400.0], energies, n_atoms=55).series) == []


def test_a_run_that_broke_down_stays_for_other_checks(jumping_basins, rng):
    energies = runs(jumping_basins, rng)
    energies[3][900:] += 100.0
    assert find_outliers(Samples.from_arrays(LADDER, energies, n_atoms=55).series) == []
