from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter
from scipy.stats import gamma, norm

from deckgen.analysis.fragments import Evaporation
from deckgen.analysis.lindemann import LindemannCurve
from deckgen.analysis.melting import find_melting
from deckgen.analysis.thermodynamics import thermodynamics
from deckgen.errors import AnalysisError, InputError
from deckgen.samples import Samples
from deckgen.units import KB_EV_K


def draw(system, ladder, n, rng, **more):
    energies = [system.sample(T, n, rng) - 40.0 for T in ladder]
    return Samples.from_arrays(ladder, energies, n_atoms=system.n_atoms, **more)


def codes(result):
    return {finding.code for finding in result.warnings}


def inside(interval, value):
    return interval[0] <= value <= interval[1]


def test_a_harmonic_cluster_has_a_flat_heat_capacity(harmonic, ladder, rng):
    result = thermodynamics(draw(harmonic, ladder, 5000, rng))
    np.testing.assert_allclose(result.heat_capacity_over_c0, 1.0, atol=0.02)
    exact = harmonic.energy(result.temperatures_K) - 40.0
    np.testing.assert_allclose(result.potential_energy_eV, exact, atol=0.004)
    low, high = result.heat_capacity_ci95.T
    assert np.mean((low < 1) & (high > 1)) > 0.7
    assert (high - low < 0.05).all()
    assert result.melting is None
    assert result.peaks == ()
    assert result.warnings == ()


def test_two_basins_melt_as_they_should(two_basins, ladder, rng):
    result = thermodynamics(draw(two_basins, ladder, 5000, rng))
    grid = result.temperatures_K
    exact = two_basins.heat_capacity_over_c0(grid)
    peak = find_melting(grid, exact, two_basins.n_atoms)
    np.testing.assert_allclose(result.heat_capacity_over_c0, exact, atol=0.06)
    assert result.melting.temperature_K == pytest.approx(peak.temperature_K, abs=0.6)
    assert result.melting.height_over_c0 == pytest.approx(peak.height_over_c0, rel=0.02)
    assert result.melting.fwhm_K == pytest.approx(peak.fwhm_K, rel=0.03)
    assert result.melting.latent_heat_eV == pytest.approx(peak.latent_heat_eV, rel=0.1)
    found = result.melting_ci95
    assert inside(found.temperature_K, peak.temperature_K)
    assert inside(found.height_over_c0, peak.height_over_c0)
    assert inside(found.fwhm_K, peak.fwhm_K)
    assert inside(found.latent_heat_eV, peak.latent_heat_eV)
    assert [peak.temperature_K for peak in result.peaks] == [result.melting.temperature_K]
    assert result.warnings == ()


def test_the_latent_heat_is_the_gap_between_the_basins(two_basins, rng):
    """On a wide ladder the area of the peak is all of the energy that melting takes up."""
    system = replace(two_basins, gap_eV=1.2)
    exact = find_melting(np.arange(100.0, 500.0), system.heat_capacity_over_c0(np.arange(100.0, 500.0)), 13)
    assert exact.latent_heat_eV == pytest.approx(1.2, rel=0.02)
    result = thermodynamics(draw(system, np.linspace(150, 350, 15), 4000, rng))
    assert result.melting.latent_heat_eV == pytest.approx(1.2, rel=0.03)


def test_other_estimators_agree(two_basins, ladder, rng):
    result = thermodynamics(draw(two_basins, ladder, 10_000, rng), bootstraps=0)
    other, curve = result.estimators, result.heat_capacity_over_c0
    on_rungs = np.interp(ladder, result.temperatures_K, curve)
    np.testing.assert_allclose(other.fluctuation, on_rungs, rtol=0.05)
    np.testing.assert_allclose(other.multiple_histogram, curve, rtol=0.01)
    # A step is the mean of the curve between two rungs, here 25 K apart.
    steps, between = other.dU_dT[:-1].reshape(8, 25), curve[:-1].reshape(8, 25)
    np.testing.assert_allclose(steps.mean(axis=1), between.mean(axis=1), rtol=0.05)
    np.testing.assert_allclose(other.first_half, other.second_half, rtol=0.1)
    np.testing.assert_array_equal(other.sampled, curve)
    assert other.canonical is None
    assert result.heat_capacity_ci95 is None


def test_the_multiple_histogram_counts_a_slow_run_by_its_independent_samples(two_basins, rng):
    """A run that repeats each sample 20 times says no more than the run without the repetitions."""
    ladder = np.array([200.0, 225.0, 250.0, 275.0, 300.0])
    energies = [two_basins.sample(T, 4000, rng) for T in ladder]
    slow = [np.repeat(U[:1000], 20) if k == 2 else U for k, U in enumerate(energies)]
    fewer = [U[:1000] if k == 2 else U for k, U in enumerate(energies)]
    repeated, short = (
        thermodynamics(Samples.from_arrays(ladder, some, n_atoms=13), bootstraps=0).estimators.multiple_histogram
        for some in (slow, fewer)
    )
    np.testing.assert_allclose(repeated, short, rtol=0.01)


def test_intervals_of_the_melting_temperature_cover_it(two_basins):
    """The 95 % interval must hold the truth at about that rate, and be as wide as the scatter says."""
    ladder = np.linspace(200.0, 300.0, 6)
    grid = np.arange(200.0, 301.0)
    exact = find_melting(grid, two_basins.heat_capacity_over_c0(grid), two_basins.n_atoms).temperature_K
    found = []
    for seed in range(20):
        samples = draw(two_basins, ladder, 300, np.random.default_rng(seed))
        result = thermodynamics(samples, bootstraps=40, seed=seed)
        found.append((result.melting.temperature_K, *result.melting_ci95.temperature_K))
    tm, low, high = np.array(found).T
    covered = np.sum((low <= exact) & (exact <= high))
    assert covered >= 16  # fewer once in 400 times
    assert np.mean(high - low) / (3.92 * tm.std()) == pytest.approx(1.0, abs=0.4)  # of 20, known to 16 %


def correlated(system, T, n, phi, rng):
    """Canonical energies of a harmonic cluster in a series whose g is that of an autoregressive one, nearly."""
    noise = rng.normal(size=n + 200) * np.sqrt(1 - phi**2)
    steps = lfilter([1.0], [1.0, -phi], noise)[200:]
    return gamma.ppf(norm.cdf(steps), system.shape, scale=KB_EV_K * T)


def test_intervals_hold_for_correlated_samples(harmonic):
    """With g = 9, intervals that took the samples for independent would be three times too narrow."""
    ladder, covered, g = np.array([200.0, 220.0, 240.0]), 0, []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        energies = [correlated(harmonic, T, 4000, 0.8, rng) for T in ladder]
        result = thermodynamics(Samples.from_arrays(ladder, energies, n_atoms=13), bootstraps=60, grid_K=20)
        covered += inside(result.heat_capacity_ci95[1], 1.0)
        g.append(result.states[1].statistical_inefficiency)
    assert np.median(g) == pytest.approx(9, rel=0.3)
    assert covered >= 24


def rotating(system, ladder, n, rng, power=3.0):
    """Samples of a cluster with L = 0 whose sqrt(det I) is U^power: what they lack to be canonical is known.

    Canonical energies of a harmonic cluster have the density U^(k-1) exp(-U/kT); divided by sqrt(det I) that is a gamma
    distribution too, with k - power for k.
    """
    energies = [rng.gamma(system.shape - power, KB_EV_K * T, n) for T in ladder]
    moments = [np.repeat((50 * U ** (2 * power / 3))[:, None], 3, axis=1) for U in energies]
    return {"energies": energies, "moments": moments}


def test_the_rotational_weight_restores_the_canonical_heat_capacity(harmonic, ladder, rng):
    made = rotating(harmonic, ladder, 4000, rng)
    sampled = 1 - 3.0 / (3 * harmonic.n_atoms - 4.5)

    def analyse(thermostat, **options):
        samples = Samples.from_arrays(
            ladder, made["energies"], n_atoms=13, principal_moments_uA2=made["moments"], thermostat=thermostat
        )
        return thermodynamics(samples, bootstraps=0, **options)

    for thermostat in ("nose-hoover", "csvr"):
        result = analyse(thermostat)
        assert result.rotation == "canonical"
        np.testing.assert_allclose(result.heat_capacity_over_c0, 1.0, atol=0.05)
        np.testing.assert_allclose(result.estimators.canonical, result.heat_capacity_over_c0, rtol=1e-12)
        np.testing.assert_allclose(result.estimators.sampled, sampled, atol=0.05)
        for other in (result.estimators.fluctuation, result.estimators.first_half, result.estimators.second_half):
            np.testing.assert_allclose(other, 1.0, atol=0.15)
            assert np.mean(other) == pytest.approx(1.0, abs=0.04)
        np.testing.assert_allclose(result.estimators.multiple_histogram, 1.0, atol=0.05)
        exact = harmonic.energy(result.temperatures_K)
        np.testing.assert_allclose(result.potential_energy_eV, exact, rtol=0.01)
    for result in (analyse("langevin"), analyse(""), analyse("nose-hoover", rotation="sampled")):
        assert result.rotation == "sampled"
        np.testing.assert_allclose(result.heat_capacity_over_c0, sampled, atol=0.05)
    assert analyse("langevin").estimators.canonical is None
    assert analyse("nose-hoover", rotation="sampled").estimators.canonical is not None


def test_intervals_carry_the_rotational_weight_too(harmonic, rng):
    ladder = np.array([200.0, 225.0, 250.0])
    made = rotating(harmonic, ladder, 2000, rng)
    samples = Samples.from_arrays(
        ladder, made["energies"], n_atoms=13, principal_moments_uA2=made["moments"], thermostat="csvr"
    )
    band = thermodynamics(samples, grid_K=25.0, bootstraps=40).heat_capacity_ci95
    assert np.mean(band) == pytest.approx(1.0, abs=0.03)  # not 0.91, as sampled


def test_between_rungs_that_hardly_overlap_few_samples_carry_the_weight(harmonic, rng):
    close, far = (
        thermodynamics(draw(harmonic, np.array([200.0, high]), 2000, rng), bootstraps=0).n_reweighting
        for high in (220.0, 1500.0)
    )
    assert close.min() > 2000
    assert far[[0, -1]].min() > 1700  # each rung has its own 2000
    assert far.min() < 400


def test_the_rotational_weight_moves_the_melting_temperature_as_it_should(two_basins, ladder, rng):
    """A liquid twice as wide in sqrt(det I) is sampled half as often as its canonical weight says."""
    canonical, sampled = two_basins, replace(two_basins, weight=0.5)
    energies, moments = [], []
    for T in ladder:
        in_upper = rng.random(20_000) < sampled.upper(np.array(T))
        energies.append(rng.gamma(sampled.shape, KB_EV_K * T, 20_000) + sampled.gap_eV * in_upper)
        moments.append(np.repeat(np.where(in_upper, 100 * 2 ** (2 / 3), 100.0)[:, None], 3, axis=1))
    samples = Samples.from_arrays(ladder, energies, n_atoms=13, principal_moments_uA2=moments, thermostat="nose-hoover")
    result = thermodynamics(samples, bootstraps=0)
    grid = result.temperatures_K
    exact = [
        find_melting(grid, system.heat_capacity_over_c0(grid), 13).temperature_K for system in (canonical, sampled)
    ]
    assert exact[1] - exact[0] > 5
    assert result.estimators.tm_canonical_K == pytest.approx(exact[0], abs=0.7)
    assert result.estimators.tm_sampled_K == pytest.approx(exact[1], abs=0.7)
    assert result.melting.temperature_K == result.estimators.tm_canonical_K


def test_replicas_are_pooled(two_basins, ladder, rng):
    energies = [two_basins.sample(T, 1000, rng) for T in ladder for _ in range(2)]
    # One replica decorrelates slowly: its g is its own.
    energies[0] = np.repeat(energies[0][:100], 10)
    result = thermodynamics(Samples.from_arrays(np.repeat(ladder, 2), energies, n_atoms=13), bootstraps=0)
    assert len(result.states) == len(result.overlap) == len(ladder)
    assert result.states[1].n_samples == pytest.approx(2000, rel=0.15)
    assert 600 < result.states[0].n_effective < 1200
    assert result.states[0].n_runs == 2
    assert len(result.traces) == 2 * len(ladder)
    exact = two_basins.heat_capacity_over_c0(result.temperatures_K)
    np.testing.assert_allclose(result.heat_capacity_over_c0, exact, atol=0.15)


def test_the_order_of_the_runs_does_not_matter(two_basins, ladder, rng):
    energies = [two_basins.sample(T, 400, rng) for T in ladder]
    order = rng.permutation(len(ladder))
    sorted_runs = thermodynamics(Samples.from_arrays(ladder, energies, n_atoms=13), bootstraps=20)
    shuffled = thermodynamics(
        Samples.from_arrays(ladder[order], [energies[i] for i in order], n_atoms=13), bootstraps=20
    )
    assert shuffled.to_json() == sorted_runs.to_json()


def test_the_seed_makes_intervals_reproducible(two_basins, ladder, rng):
    samples = draw(two_basins, ladder, 300, rng)
    first, again, other = (thermodynamics(samples, bootstraps=30, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.heat_capacity_ci95, again.heat_capacity_ci95)
    assert (first.heat_capacity_ci95 != other.heat_capacity_ci95).any()


def test_a_study_partly_done_is_analysed_with_a_warning(two_basins, ladder, rng):
    samples = draw(two_basins, ladder, 800, rng)
    unfinished = replace(samples.series[2], planned_ps=2000.0)
    just_begun = replace(
        samples.series[-1], **{key: getattr(samples.series[-1], key)[:5] for key in ("time_ps", "potential_energy_eV")}
    )
    series = (*samples.series[:2], unfinished, *samples.series[3:-1], just_begun)
    result = thermodynamics(replace(samples, series=series, missing_K=(375.0, 400.0)), bootstraps=0)
    messages = [finding.message for finding in result.warnings if finding.code == "partial"]
    assert any("375, 400 K" in message for message in messages)
    assert any("planned length at 200 K" in message for message in messages)
    assert any("350 K" in message and "fewer than 10" in message for message in messages)
    assert result.temperatures_K[-1] == 325.0


@pytest.mark.parametrize("n_rungs", [0, 1])
def test_fewer_than_two_rungs_are_not_enough(two_basins, rng, n_rungs):
    ladder = np.array([200.0, 225.0])
    energies = [two_basins.sample(T, 100 if k < n_rungs else 3, rng) for k, T in enumerate(ladder)]
    with pytest.raises(AnalysisError, match="two temperatures"):
        thermodynamics(Samples.from_arrays(ladder, energies, n_atoms=13))


def test_energies_that_do_not_vary_are_refused():
    with pytest.raises(AnalysisError, match="no fluctuations"):
        thermodynamics(Samples.from_arrays([200.0, 210.0], [np.full(50, -4.0)] * 2, n_atoms=13))


def test_a_negative_number_of_bootstraps_is_refused(two_basins, ladder, rng):
    with pytest.raises(InputError, match="bootstraps is -1"):
        thermodynamics(draw(two_basins, ladder, 50, rng), bootstraps=-1)


def test_thin_overlap_is_named_and_mended(two_basins, rng):
    result = thermodynamics(draw(two_basins, np.array([40.0, 50.0, 300.0]), 500, rng), bootstraps=20)
    found = [finding for finding in result.warnings if finding.code == "poor_overlap"]
    assert len(found) == 1
    assert "add a run at T = 122.5 K" in found[0].message
    assert found[0].temperature_K == 122.5
    assert "ci_unreliable" in codes(result)
    assert result.melting_ci95.temperature_K is None
    assert np.isfinite(result.heat_capacity_over_c0).all()


def test_a_peak_at_the_edge_is_said(two_basins, rng):
    result = thermodynamics(draw(two_basins, np.linspace(150, 230, 5), 1000, rng), bootstraps=20)
    assert result.melting.at_edge
    assert "peak_at_edge" in codes(result)
    assert result.to_json()["melting"]["ci95_K"] is None


def test_few_samples_ask_for_more_time(two_basins, ladder, rng):
    energies = [two_basins.sample(T, 1000, rng) for T in ladder]
    for k in (3, 4, 5):
        energies[k] = np.repeat(energies[k][:3], 4)
    result = thermodynamics(Samples.from_arrays(ladder, energies, n_atoms=13, interval_ps=0.02), bootstraps=20)
    few = {finding.temperature_K: finding.message for finding in result.warnings if finding.code == "few_samples"}
    assert set(few) == {225.0, 250.0, 275.0}
    state = result.states[4]
    needed = (50 - state.n_effective) * state.statistical_inefficiency * 0.02
    assert f"about {float(f'{needed:.2g}'):g} ps more" in few[250.0]
    # what the other rungs say of the peak is little
    whole = thermodynamics(draw(two_basins, ladder, 1000, rng), bootstraps=20).melting_ci95.temperature_K
    low, high = result.melting_ci95.temperature_K or (0.0, 1000.0)
    assert high - low > 2 * (whole[1] - whole[0])


def test_a_drift_is_said(two_basins, ladder, rng):
    energies = [two_basins.sample(T, 1000, rng) for T in ladder]
    energies[2] = energies[2] + np.linspace(20, 0, 1000)
    result = thermodynamics(Samples.from_arrays(ladder, energies, n_atoms=13), bootstraps=0)
    said = {finding.temperature_K: finding.message for finding in result.warnings if finding.code == "not_equilibrated"}
    assert "after half of a run" in said[200.0]
    assert not result.states[2].settled


def test_runs_that_stayed_in_one_basin_are_found_out(two_basins, ladder, rng):
    """Below a temperature every run stays in the lower basin, above it in the upper one; each run looks perfect."""
    energies = [rng.gamma(two_basins.shape, KB_EV_K * T, 2000) + 0.5 * (T > 260) for T in ladder]
    result = thermodynamics(Samples.from_arrays(ladder, energies, n_atoms=13), bootstraps=30)
    (said,) = [finding for finding in result.warnings if finding.code == "inconsistent"]
    assert said.temperature_K in (250.0, 275.0)
    assert result.warnings[0] is said  # it leads
    assert "ci_unreliable" in codes(result)
    assert result.melting_ci95.temperature_K is None


def test_kinetic_temperatures_are_checked_in_standard_errors(harmonic, ladder, rng):
    n, dof = 2000, 3 * harmonic.n_atoms - 6
    kinetic = [rng.gamma(dof / 2, 2 * T / dof, n) for T in ladder]
    energies = [harmonic.sample(T, n, rng) for T in ladder]

    def analyse(kinetic):
        samples = Samples.from_arrays(ladder, energies, n_atoms=13, kinetic_temperatures_K=kinetic)
        return thermodynamics(samples, bootstraps=0)

    right = analyse(kinetic)
    assert "kinetic_temperature" not in codes(right)
    expected = ladder[1] * np.sqrt(2 / dof / n)
    assert right.states[1].kinetic_temperature_error_K == pytest.approx(expected, rel=0.35)
    # LAMMPS' own count of the degrees of freedom makes the cluster too hot by (3N - 3)/(3N - 6).
    wrong = analyse([values * (3 * 13 - 3) / dof for values in kinetic])
    assert [
        finding.temperature_K for finding in wrong.warnings if finding.code == "kinetic_temperature"
    ] == ladder.tolist()


def test_an_evaporated_cluster_is_left_out_from_then_on(two_basins, ladder, rng):
    energies = [two_basins.sample(T, 1000, rng) for T in ladder]
    energies[-1] = np.concatenate([energies[-1][:400], energies[-1][400:] + 1.5])
    samples = Samples.from_arrays(ladder, energies, n_atoms=13, interval_ps=0.1)
    broken = Evaporation(temperature_K=350.0, replica=1, time_ps=42.0, last_intact_ps=40.0, n_fragments=2)
    result = thermodynamics(samples, evaporations=[broken], bootstraps=0)
    assert result.states[-1].n_samples <= 400
    assert result.states[-1].mean_U_eV == pytest.approx(two_basins.energy(350.0), rel=0.02)
    message = next(finding.message for finding in result.warnings if finding.code == "evaporation")
    assert "350 K" in message
    assert "42 ps" in message


def test_one_evaporated_replica_leaves_the_others_whole(two_basins, ladder, rng):
    energies = [two_basins.sample(T, 1000, rng) for T in ladder for _ in range(2)]
    samples = Samples.from_arrays(np.repeat(ladder, 2), energies, n_atoms=13, interval_ps=0.1)
    broken = Evaporation(temperature_K=350.0, replica=2, time_ps=42.0, last_intact_ps=40.0, n_fragments=2)
    result = thermodynamics(samples, evaporations=[broken], bootstraps=0)
    first, second = (trace.time_ps[-1] for trace in result.traces if trace.temperature_K == 350.0)
    assert (first > 99, second <= 40) == (True, True)


def test_a_lower_minimum_is_named_with_its_frames(harmonic, ladder, rng):
    samples = draw(harmonic, ladder, 200, rng)
    lowest = min(float(run.potential_energy_eV.min()) for run in samples.series)
    series = tuple(replace(run, frames=Path("decks/nvt/some/frames.extxyz")) for run in samples.series)
    above = replace(samples, series=series, start_energy_eV=lowest + 0.01)
    below = replace(samples, series=series, start_energy_eV=lowest - 0.01)
    found = [w for w in thermodynamics(above, bootstraps=0).warnings if w.code == "lower_minimum_found"]
    assert len(found) == 1
    assert "frames.extxyz" in found[0].message
    assert "lower_minimum_found" not in codes(thermodynamics(below, bootstraps=0))


def test_the_json_keeps_its_contract(two_basins, ladder, rng):
    lindemann = LindemannCurve((150.0, 175.0), (0.05, float("nan")))
    samples = draw(two_basins, ladder, 300, rng, formula="Na13")
    document = thermodynamics(samples, bootstraps=20, lindemann=lindemann).to_json(deckgen_version="1.2.3")
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert set(document) >= {
        "schema", "deckgen_version", "cluster", "potential", "c0_over_kB", "temperatures_K", "heat_capacity_over_c0",
        "heat_capacity_ci95", "potential_energy_eV", "melting", "peaks", "states", "overlap", "n_reweighting",
        "estimators", "lindemann", "warnings",
    }  # fmt: skip
    assert set(document["melting"]) >= {
        "temperature_K",
        "ci95_K",
        "peak_over_c0",
        "fwhm_K",
        "latent_heat_eV",
        "at_edge",
    }
    assert set(document["peaks"][0]) == {"temperature_K", "height_over_c0", "ci95_K", "height_ci95_over_c0"}
    assert set(document["checks"][0]) == {"name", "deviation", "p", "temperature_K", "passed"}
    assert set(document["states"][0]) >= {
        "temperature_K", "n_samples", "equilibration_ps", "statistical_inefficiency", "n_effective", "mean_U_eV",
        "std_U_eV", "kinetic_temperature_K", "kinetic_temperature_error_K",
    }  # fmt: skip
    assert set(document["estimators"]) >= {"fluctuation", "dU_dT", "multiple_histogram", "rotation"}
    assert set(document["estimators"]["rotation"]) == {"canonical", "sampled", "tm_canonical_K", "tm_sampled_K"}
    assert document["cluster"] == {"formula": "Na13", "n_atoms": 13}
    assert document["potential"] == {"name": None, "sha256": None}
    assert document["c0_over_kB"] == 3 * 13 - 4.5
    assert document["deckgen_version"] == "1.2.3"
    assert document["lindemann"]["delta"] == [0.05, None]
    G, K = len(document["temperatures_K"]), len(ladder)
    assert G == 201
    for key in ("heat_capacity_over_c0", "potential_energy_eV", "n_reweighting"):
        assert len(document[key]) == G
    assert np.shape(document["heat_capacity_ci95"]) == (G, 2)
    assert np.shape(document["overlap"]) == (K, K)
    assert len(document["estimators"]["fluctuation"]) == K
    np.testing.assert_allclose(np.sum(document["overlap"], axis=1), 1.0, atol=1e-6)


def test_figures_get_what_they_draw(two_basins, ladder, rng):
    result = thermodynamics(draw(two_basins, ladder, 3000, rng), bootstraps=0)
    edges, counts = result.histograms.edges_eV, result.histograms.counts
    assert counts.shape == (len(ladder), len(edges) - 1)
    assert counts.sum(axis=1).tolist() == [state.n_samples for state in result.states]
    assert all(len(trace.time_ps) == len(trace.potential_energy_eV) == 500 for trace in result.traces)


FIXED = np.random.default_rng(7)
LEVELS = np.array([200.0, 225.0, 250.0, 275.0])
FIXED_ENERGIES = [FIXED.gamma(16.5, KB_EV_K * T, 200) + 0.5 * (FIXED.random(200) < T / 500) for T in LEVELS]


def analyse_fixed(scale=1.0, shift=0.0):
    energies = [scale * U + shift for U in FIXED_ENERGIES]
    samples = Samples.from_arrays(scale * LEVELS, energies, n_atoms=13)
    return thermodynamics(samples, grid_K=scale * 5.0, bootstraps=10)


@pytest.fixture(scope="module")
def plain():
    return analyse_fixed()


@settings(max_examples=10)
@given(shift=st.floats(-1e4, 1e4))
def test_a_shift_of_all_energies_moves_only_the_mean(plain, shift):
    shifted = analyse_fixed(shift=shift)
    np.testing.assert_allclose(shifted.heat_capacity_over_c0, plain.heat_capacity_over_c0, rtol=1e-6)
    np.testing.assert_allclose(shifted.heat_capacity_ci95, plain.heat_capacity_ci95, rtol=1e-6)
    np.testing.assert_allclose(shifted.potential_energy_eV, plain.potential_energy_eV + shift, rtol=1e-9, atol=1e-7)
    np.testing.assert_allclose(shifted.overlap, plain.overlap, atol=1e-7)


@settings(max_examples=10)
@given(scale=st.floats(0.05, 20))
def test_scaling_energies_and_temperatures_leaves_the_heat_capacity(plain, scale):
    scaled = analyse_fixed(scale=scale)
    np.testing.assert_allclose(scaled.temperatures_K, scale * plain.temperatures_K, rtol=1e-12)
    np.testing.assert_allclose(scaled.heat_capacity_over_c0, plain.heat_capacity_over_c0, rtol=1e-6)
    np.testing.assert_allclose(scaled.potential_energy_eV, scale * plain.potential_energy_eV, rtol=1e-6)
    np.testing.assert_allclose(scaled.n_reweighting, plain.n_reweighting, rtol=1e-6)


@pytest.mark.parametrize(("factor", "words"), [(1 / 13, "the kinetic part"), (23.06, "everywhere above")])
def test_energies_in_other_units_give_a_heat_capacity_that_no_cluster_has(harmonic, ladder, rng, factor, words):
    """Energies per atom, and in kcal/mol; a heat capacity grows with their square."""
    runs = [factor * harmonic.sample(T, 500, rng) for T in ladder]
    result = thermodynamics(Samples.from_arrays(ladder, runs, n_atoms=13), bootstraps=0)
    (said,) = [finding.message for finding in result.warnings if finding.code == "unphysical"]
    assert words in said
    whole = thermodynamics(draw(harmonic, ladder, 500, rng), bootstraps=0)
    assert "unphysical" not in codes(whole)
