"""Intervals of a melting peak hold the exact one as often as they say, also where jumps between basins are rare.

The whole table, a thousand studies of 21 regimes: `python -m validation.melting.intervals`.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp

from deckgen.analysis.headline import Headline
from deckgen.analysis.mbar.reweighting import reweight
from deckgen.analysis.melting import Peak, find_melting, quantity_near
from deckgen.analysis.pool import Pool, make_pool
from deckgen.analysis.production import make_productions
from deckgen.analysis.thermodynamics import thermodynamics
from deckgen.analysis.uncertainty.intervals import peak_errors, rungs_under
from deckgen.analysis.uncertainty.verdict import judge
from deckgen.samples import Samples
from deckgen.units import KB_EV_K

RUNGS_K = np.array([141.0, 154.5, 168.0, 181.5, 195.0])
GRID_K = np.arange(141.0, 195.5)
N_STUDIES = 12


def verdict(samples):
    """The peaks of samples, without the tables and figures of the whole analysis."""
    headline = Headline(reweight(make_pool(make_productions(samples.series))), GRID_K, samples.n_atoms, weighted=False)
    return judge(headline, headline.curves(headline.sample_weights).heat_capacity_over_c0[0], bootstraps=60, seed=1)


def studies(basins, relaxation, n=N_STUDIES, length=2000):
    """Studies of five runs from the lower basin, which forget it in so many samples."""
    for study in range(n):
        rng = np.random.default_rng(study)
        energies = [basins.trajectory(T, length, relaxation=relaxation, rng=rng) for T in RUNGS_K]
        yield verdict(Samples.from_arrays(RUNGS_K, energies, n_atoms=basins.n_atoms))


@pytest.mark.parametrize(("relaxation", "given"), [(1, 1.0), (50, 0.9), (200, 0.5)])
def test_intervals_hold_the_exact_peak(jumping_basins, relaxation, given):
    """Of 12 intervals that hold in 95 % of all cases, eight or fewer hold once in 4000 times."""
    exact = find_melting(GRID_K, jumping_basins.heat_capacity_over_c0(GRID_K), jumping_basins.n_atoms)
    found = [study.intervals for study in studies(jumping_basins, relaxation)]
    intervals = [one for one in found if one.temperature_K is not None]
    assert len(intervals) >= given * N_STUDIES - 2
    for name in ("temperature_K", "height_over_c0", "fwhm_K", "latent_heat_eV"):
        known = [interval for one in intervals if (interval := getattr(one, name)) is not None]
        held = [low <= getattr(exact, name) <= high for low, high in known]
        assert np.sum(held) >= 0.7 * len(held), name


def test_intervals_are_as_wide_as_the_scatter_of_the_estimates(jumping_basins):
    found = list(studies(jumping_basins, 20))
    scatter = np.std([study.melting.temperature_K for study in found])
    widths = [high - low for low, high in (study.intervals.temperature_K for study in found)]
    assert np.median(widths) == pytest.approx(3.92 * scatter, rel=0.45)  # of 12, known to 21 %


def standard_deviations(basins, relaxation):
    """Width of the interval of Tm, over twice the standard deviation of its resamples."""
    rng = np.random.default_rng(3)
    energies = [basins.trajectory(T, 2000, relaxation=relaxation, rng=rng) for T in RUNGS_K]
    samples = Samples.from_arrays(RUNGS_K, energies, n_atoms=basins.n_atoms)
    headline = Headline(reweight(make_pool(make_productions(samples.series))), GRID_K, samples.n_atoms, weighted=False)
    curve = headline.curves(headline.sample_weights).heat_capacity_over_c0[0]
    peak = find_melting(GRID_K, curve, samples.n_atoms)
    errors = peak_errors(headline, curve, peak, n=50, generator=rng)
    positions = [quantity_near(GRID_K, one, 55, peak.temperature_K, "temperature_K") for one in errors.curves]
    return np.diff(errors.intervals.temperature_K)[0] / (2 * np.std(positions))


def test_an_error_known_from_few_fluctuations_widens_the_interval(jumping_basins):
    """By Student's t: 1.96 of an error that is known, 2.07 at 22 degrees of freedom, 2.57 at 5."""
    assert 1.95 < standard_deviations(jumping_basins, 1) < 2.1
    assert 2.12 < standard_deviations(jumping_basins, 50) < 3.2


def test_a_run_without_a_jump_is_no_firm_evidence(jumping_basins):
    """Its own blocks have no variance in the share of the basins; MBAR's distribution has."""
    rng = np.random.default_rng(5)
    energies = [jumping_basins.trajectory(T, 2000, relaxation=60, rng=rng) for T in RUNGS_K]
    shape, kT = jumping_basins.shape, KB_EV_K * 168.0
    with_jumps = verdict(Samples.from_arrays(RUNGS_K, energies, n_atoms=55))
    energies[2] = rng.gamma(shape, kT, 2000)  # the rung in the middle stays solid
    without = verdict(Samples.from_arrays(RUNGS_K, energies, n_atoms=55))
    low, high = without.intervals.temperature_K or (0.0, 300.0)
    assert high - low > np.diff(with_jumps.intervals.temperature_K)[0]
    assert low <= with_jumps.melting.temperature_K <= high


def density_of_states(energies, *parts):
    """ln g(E) of basins, each with the same vibrations: (ln weight, offset)."""
    shape = (3 * 55 - 6) / 2
    above = np.maximum(energies - np.array([offset for _, offset in parts])[:, None], 1e-9)
    logs = np.array([weight for weight, _ in parts])[:, None] + (shape - 1) * np.log(above)
    return logsumexp(np.where(above > 1e-9, logs, -np.inf), axis=0)


def test_each_of_two_peaks_of_nearly_equal_height_has_an_interval_of_its_own():
    """A premelting at 119.6 K of 2.79 C0, melting at 219.2 K of 2.74 C0, by integration of the density of states."""
    energies = np.linspace(0, 10, 20_001)
    first, second = 0.35 / (KB_EV_K * 120), 0.632 / (KB_EV_K * 220)
    states = density_of_states(energies, (0.0, 0.0), (first, 0.35), (first + second, 0.35 + 0.632))
    ladder = np.arange(80.0, 300.0, 15.0)
    for seed in range(2):
        rng = np.random.default_rng(seed)
        runs = []
        for T in ladder:
            weights = np.exp(states - energies / (KB_EV_K * T) - np.max(states - energies / (KB_EV_K * T)))
            runs.append(rng.choice(energies, p=weights / weights.sum(), size=700))
        result = thermodynamics(Samples.from_arrays(ladder, runs, n_atoms=55), bootstraps=60)
        assert len(result.peaks) == 2
        for peak, exact, height in zip(result.peaks, (119.6, 219.2), (2.79, 2.74), strict=True):
            low, high = peak.ci95_K
            assert low - 1 <= exact <= high + 1
            assert high - low < 10
            assert peak.height_ci95_over_c0[0] - 0.1 < height < peak.height_ci95_over_c0[1] + 0.1
        headline = max(result.peaks, key=lambda peak: peak.height_over_c0)
        assert result.melting_ci95.temperature_K == headline.ci95_K


def test_the_error_by_influence_is_that_of_independent_samples(jumping_basins):
    """Without correlation, the standard error of Tm by influence functions is its scatter over studies."""
    found = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        parts = [jumping_basins.sample(T, 400, rng) for T in RUNGS_K]
        ones = (1.0,) * len(RUNGS_K)
        energies = np.concatenate(parts)
        lowest = energies.min()
        pool = Pool(RUNGS_K, energies - lowest, lowest, None, (400,) * 5, ones, ones, tuple(range(5)))
        headline = Headline(reweight(pool), GRID_K, 55, weighted=False)
        curve = headline.curves(headline.sample_weights).heat_capacity_over_c0[0]
        peak = find_melting(GRID_K, curve, 55)
        errors = peak_errors(headline, curve, peak, n=20, generator=rng)
        found.append((peak.temperature_K, errors.slow.error(pool.N_k)))
    estimates, errors = np.array(found).T
    assert np.median(errors) == pytest.approx(estimates.std(), rel=0.3)  # of 40, known to 11 %


def test_the_rungs_that_make_a_peak_are_the_two_next_to_it_and_those_within_its_width():
    ladder = np.array([200.0, 220.0, 240.0, 260.0, 280.0])
    assert rungs_under(ladder, Peak(245.0, 3.0, 4.0, None, at_edge=False)) == [240.0, 260.0]
    assert rungs_under(ladder, Peak(245.0, 3.0, 60.0, None, at_edge=False)) == [220.0, 240.0, 260.0]
    assert rungs_under(ladder, Peak(245.0, 3.0, None, None, at_edge=False)) == [240.0, 260.0]


def test_two_rungs_are_enough_for_a_band(harmonic, rng):
    ladder = np.array([200.0, 215.0])
    energies = [harmonic.sample(T, 1000, rng) for T in ladder]
    band = thermodynamics(Samples.from_arrays(ladder, energies, n_atoms=13), bootstraps=40).heat_capacity_ci95
    assert ((band[:, 0] < 1) & (band[:, 1] > 1)).all()  # a harmonic cluster


def test_without_resamples_there_is_no_interval(jumping_basins, rng):
    energies = [jumping_basins.sample(T, 500, rng) for T in RUNGS_K]
    result = thermodynamics(Samples.from_arrays(RUNGS_K, energies, n_atoms=55), bootstraps=0)
    assert result.melting_ci95.temperature_K is None
    assert result.heat_capacity_ci95 is None
    assert [check.name for check in result.checks] == ["rungs"]
