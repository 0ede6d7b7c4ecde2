"""Melts and freezings are counted as often as a cluster of two phases really jumped, whatever its vibrations do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import lfilter

from deckgen.analysis.crossings import count_crossings, count_jumps, uncertainty_K
from deckgen.analysis.melting import Peak
from deckgen.analysis.production import Production
from deckgen.analysis.thermodynamics import thermodynamics
from deckgen.samples import Samples, TimeSeries
from deckgen.units import KB_EV_K

RUNGS_K = [141.0, 154.5, 168.0, 181.5, 195.0]
GRID_K = np.arange(141.0, 196.0)
INTERVAL_PS = 0.1
VIBRATION_ROWS = 5.0


def phases(stays):
    """A series that is solid, liquid, solid, ... for so many rows each."""
    return np.concatenate([np.full(stay, k % 2) for k, stay in enumerate(stays)])


def energies(system, T, phase, rng):
    """Correlated vibrations about the mean energy of each phase."""
    keep = np.exp(-1 / VIBRATION_ROWS)
    noise = lfilter([np.sqrt(1 - keep**2)], [1, -keep], rng.standard_normal(len(phase)))
    return KB_EV_K * T * (system.shape + np.sqrt(system.shape) * noise) + system.gap_eV * phase - 46.0


def crossings(system, runs, peak=None):
    """Count those of runs: the peak of a system is known here."""
    samples = Samples.from_arrays(
        [T for T, _ in runs], [U for _, U in runs], n_atoms=system.n_atoms, interval_ps=INTERVAL_PS
    )
    productions = [Production(run, 0, 1.0, settled=True) for run in samples.series]
    peak = peak or Peak(system.tm_K, 2.0, 15.0, system.gap_eV, at_edge=False)
    return count_crossings(productions, peak, GRID_K, system.energy(GRID_K) - 46.0, system.n_atoms)


def test_each_jump_is_counted_once(jumping_basins, rng):
    """As Na55, with stays of 10 ps and more: the vibrations of 0.13 eV hide a latent heat of 0.45 eV in no way."""
    runs, jumps = [], []
    for T in RUNGS_K:
        upper = float(jumping_basins.upper(T))
        phase = phases(rng.exponential([500 * (1 - upper), 500 * upper] * 20).astype(int) + 100)
        steps = np.diff(phase)
        jumps.append(((steps > 0).sum(), (steps < 0).sum()))
        runs.append((T, energies(jumping_basins, T, phase, rng)))
    found = crossings(jumping_basins, runs)
    assert [(run.melts, run.freezings) for run in found.runs] == jumps
    assert [found.at(T) for T in RUNGS_K] == jumps
    assert sum(map(sum, jumps)) > 100
    assert found.n_returns == sum(map(min, jumps))
    assert found.smoothing_ps < 10.0


@pytest.mark.parametrize("phase", [0, 1])
def test_vibrations_alone_never_cross(jumping_basins, rng, phase):
    """Eight nanoseconds of a solid and a liquid that stay what they are, also far above and below melting."""
    runs = [(T, energies(jumping_basins, T, np.full(80_000, phase), rng)) for T in RUNGS_K]
    runs[0] = (141.0, energies(jumping_basins, 141.0, np.zeros(80_000), rng))
    runs[4] = (195.0, energies(jumping_basins, 195.0, np.ones(80_000), rng))
    assert all(run.melts == run.freezings == 0 for run in crossings(jumping_basins, runs).runs)


def test_a_run_that_grazes_the_other_phase_has_not_crossed():
    low, high = -1.0, 1.0
    assert count_jumps(np.array([0.9, -1.0, 0.9, -0.9, 0.9, -2.0]), low, high) == (0, 0)
    assert count_jumps(np.array([0.0, 1.0, 0.0, -0.9, 1.5, -1.0, 0.0, 1.0]), low, high) == (1, 1)
    assert count_jumps(np.array([-3.0, 3.0, -3.0, 3.0]), low, high) == (2, 1)


def test_each_run_counts_by_its_own_rows(jumping_basins, rng):
    """Rows of a log from elsewhere, five times as far apart."""
    phase = [np.zeros(12_000), *[phases([300] * 40)] * 3, np.ones(12_000)]
    runs = [(T, energies(jumping_basins, T, one, rng)) for T, one in zip(RUNGS_K, phase, strict=True)]
    samples = Samples.from_arrays(RUNGS_K, [U for _, U in runs], n_atoms=55, interval_ps=INTERVAL_PS)
    third = samples.series[2]
    apart = replace(third, time_ps=third.time_ps[::5], potential_energy_eV=third.potential_energy_eV[::5])
    productions = [Production(apart if run is third else run, 0, 1.0, settled=True) for run in samples.series]
    peak = Peak(170.0, 2.0, 15.0, 0.45, at_edge=False)
    found = count_crossings(productions, peak, GRID_K, jumping_basins.energy(GRID_K) - 46.0, 55)
    assert [(run.melts, run.freezings) for run in found.runs] == [(0, 0), *[(20, 19)] * 3, (0, 0)]


def test_where_energies_do_not_tell_two_phases_nothing_is_counted(jumping_basins, rng):
    solid = [(T, energies(jumping_basins, T, np.zeros(5000), rng)) for T in RUNGS_K]
    flickering = [(T, energies(jumping_basins, T, rng.integers(0, 2, 5000), rng)) for T in RUNGS_K]
    assert crossings(jumping_basins, solid, Peak(195.0, 2.0, None, None, at_edge=True)) is None
    assert crossings(jumping_basins, solid, Peak(170.0, 1.2, 40.0, 0.01, at_edge=False)) is None
    assert crossings(jumping_basins, flickering) is None


def test_so_many_jumps_leave_the_melting_temperature_that_uncertain(rng):
    """The times spent in the two phases are sums of as many exponential ones: T_m follows from their ratio."""
    n, latent_heat_eV, T = 25, 0.45, 170.0
    solid, liquid = rng.gamma(n, size=(2, 20_000))
    melting_K = 1 / (1 / T - KB_EV_K / latent_heat_eV * np.log(solid / liquid))
    assert melting_K.std() == pytest.approx(
        uncertainty_K(Peak(T, 2.0, 15.0, latent_heat_eV, at_edge=False), n), rel=0.05
    )


def test_walkers_are_counted_on_their_way_through_the_rungs(jumping_basins, rng):
    """Each configuration has jumps of its own, whatever rungs it is at; a rung's rows jump at every exchange."""
    stays = [[4000], [2000, 2000], [800] * 5, [400] * 10, [1000, 3000]]
    phase = np.stack([phases(one) for one in stays])
    n, K = phase.shape[1], len(RUNGS_K)
    order = [np.argsort(phase[:, i] + rng.random(K) / 2) for i in range(0, n, 50)]  # solids at the colder rungs
    at = np.repeat(order, 50, axis=0).T
    runs = []
    for k, T in enumerate(RUNGS_K):
        own = energies(jumping_basins, T, phase[at[k], np.arange(n)], rng)
        times = np.arange(1, n + 1) * INTERVAL_PS
        runs.append(TimeSeries(T, times, own, ladder=1, walkers=at[k].astype(np.int64)))
    productions = [Production(run, 0, 1.0, settled=True) for run in runs]
    peak = Peak(170.0, 2.0, 15.0, 0.45, at_edge=False)
    found = count_crossings(productions, peak, GRID_K, jumping_basins.energy(GRID_K) - 46.0, 55)
    assert found.runs == ()
    assert [(one.ladder, one.walker) for one in found.walkers] == [(1, k) for k in range(K)]
    assert [(one.melts, one.freezings) for one in found.walkers] == [(0, 0), (1, 0), (2, 2), (5, 4), (1, 0)]
    assert found.n_returns == 6
    unknown = [Production(replace(run, walkers=None), 0, 1.0, settled=True) for run in runs]
    assert count_crossings(unknown, peak, GRID_K, jumping_basins.energy(GRID_K) - 46.0, 55) is None


def few(result):
    return [finding.message for finding in result.warnings if finding.code == "few_crossings"]


def test_runs_that_seldom_come_back_are_warned_of_and_runs_that_often_do_are_not(jumping_basins, rng):
    stays = {"seldom": 3000, "often": 300}
    said = {}
    for name, stay in stays.items():
        runs = []
        for T in RUNGS_K:
            upper = float(jumping_basins.upper(T))
            lengths = np.maximum([2 * stay * (1 - upper), 2 * stay * upper] * 40, 100).astype(int)
            runs.append(energies(jumping_basins, T, phases(lengths)[:12_000], rng))
        samples = Samples.from_arrays(RUNGS_K, runs, n_atoms=55, interval_ps=INTERVAL_PS)
        result = thermodynamics(samples, bootstraps=0)
        said[name] = few(result)
        document = result.to_json()["crossings"]
        assert [run["temperature_K"] for run in document["runs"]] == RUNGS_K
        assert document["solid_below_eV"] < document["liquid_above_eV"]
    assert len(said["seldom"]) == 1
    assert "fewer than 20" in said["seldom"][0]
    assert said["often"] == []


def test_without_a_jump_the_starts_decide(jumping_basins, rng):
    runs = [energies(jumping_basins, T, np.full(5000, T > 168.0), rng) for T in RUNGS_K]
    samples = Samples.from_arrays(RUNGS_K, runs, n_atoms=55, interval_ps=INTERVAL_PS)
    (message,) = few(thermodynamics(samples, bootstraps=0))
    assert "where the starts of the runs have put it" in message
