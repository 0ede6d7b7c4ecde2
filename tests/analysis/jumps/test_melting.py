"""From energies to the melting temperature by jumps alone, beside MBAR's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import lfilter

from deckgen.analysis.crossings import Crossings, count_crossings, count_jumps
from deckgen.analysis.jumps.melting import JumpMelting, about_jumps, find_stays, melting_by_jumps
from deckgen.analysis.jumps.quenches import RunQuenches
from deckgen.analysis.jumps.stays import stays_of
from deckgen.analysis.melting import Peak
from deckgen.analysis.production import Production
from deckgen.analysis.thermodynamics import thermodynamics
from deckgen.samples import Samples, TimeSeries
from deckgen.units import KB_EV_K

RUNGS_K = (150.0, 160.0, 168.0, 176.0, 186.0)
INTERVAL_PS, RUN_PS, FREEZING_PS = 0.5, 4000.0, 150.0
GRID_K = np.arange(150.0, 187.0)
PEAK = Peak(170.0, 2.0, 15.0, 0.45, at_edge=False)


def energies(system, T, liquid, rng):
    """A run of two basins with exponential stays and vibrations that last 2 ps."""
    ratio = system.upper(T) / (1 - system.upper(T))
    phase = []
    while len(phase) < RUN_PS / INTERVAL_PS:
        mean_ps = FREEZING_PS if liquid else FREEZING_PS / ratio
        phase += [liquid] * max(round(rng.exponential(mean_ps) / INTERVAL_PS), 1)
        liquid = not liquid
    phase = np.array(phase[: int(RUN_PS / INTERVAL_PS)])
    keep = np.exp(-INTERVAL_PS / 2)
    noise = lfilter([np.sqrt(1 - keep**2)], [1, -keep], rng.standard_normal(len(phase)))
    return KB_EV_K * T * (system.shape + np.sqrt(system.shape) * noise) + system.gap_eV * phase - 46.0


@pytest.fixture
def samples(jumping_basins, rng) -> Samples:
    """Two runs of each rung, one from either phase."""
    runs = [(T, energies(jumping_basins, T, liquid, rng)) for T in RUNGS_K for liquid in (False, True)]
    return Samples.from_arrays([T for T, _ in runs], [U for _, U in runs], n_atoms=55, interval_ps=INTERVAL_PS)


def produced(samples: Samples) -> list[Production]:
    return [Production(run, 0, 1.0, settled=True) for run in samples.series]


def test_two_basins_melt_where_they_do(samples: Samples, jumping_basins) -> None:
    """Exactly at 170 K, with 0.45 eV; the counts and the times are those of the runs.

    At 186 K solids last 9 ps, too short to be seen in energies that are averaged over some picoseconds.
    """
    runs = produced(samples)
    crossings = count_crossings(runs, PEAK, GRID_K, jumping_basins.energy(GRID_K) - 46.0, 55)
    found = melting_by_jumps(runs, crossings, PEAK, 55)
    assert found.ci95_K[0] < 170.0 < found.ci95_K[1]
    assert found.temperature_K == pytest.approx(170.0, abs=3.0)
    assert found.latent_heat_eV == pytest.approx(0.45, abs=0.03)
    assert found.peak_K < found.temperature_K
    assert found.peak_ci95_K[0] < found.peak_K < found.peak_ci95_K[1]
    assert [(rung.melts, rung.freezings) for rung in found.rungs] == [crossings.at(T) for T in RUNGS_K[:4]]
    assert [rung.solid_ps + rung.liquid_ps for rung in found.rungs] == pytest.approx([2 * RUN_PS] * 4)
    assert sum(rung.freezings for rung in found.rungs) > 50
    for rung in found.rungs[1:]:
        own = rung.melts / rung.solid_ps, rung.freezings / rung.liquid_ps
        np.testing.assert_allclose([rung.melting_per_ps, rung.freezing_per_ps], own, rtol=0.5)


def with_defects(system, T, rng):
    """A run from the melt that freezes to the solid and, half as often, to one 0.15 eV higher that lasts for 300 ps."""
    ratio = system.upper(T) / (1 - system.upper(T))
    states, state = [], 2
    while len(states) < RUN_PS / INTERVAL_PS:
        mean_ps = (FREEZING_PS / ratio, 300.0, FREEZING_PS / 1.5)[state]
        states += [state] * max(round(rng.exponential(mean_ps) / INTERVAL_PS), 1)
        state = 2 if state < 2 else int(rng.random() < 1 / 3)
    states = np.array(states[: int(RUN_PS / INTERVAL_PS)])
    keep = np.exp(-INTERVAL_PS / 2)
    noise = lfilter([np.sqrt(1 - keep**2)], [1, -keep], rng.standard_normal(len(states)))
    minima = np.array([0.0, 0.15, system.gap_eV])[states] - 46.0
    return KB_EV_K * T * (system.shape + np.sqrt(system.shape) * noise) + minima, states


def test_only_the_lowest_solid_counts_where_frames_were_quenched(jumping_basins, rng) -> None:
    """The rates to and from it are as exact as without the other solid, wherever that one takes the runs."""
    system = replace(jumping_basins, gap_eV=0.9)
    runs = [(T, *with_defects(system, T, rng)) for T in RUNGS_K for _ in range(3)]
    samples = Samples.from_arrays([T for T, *_ in runs], [U for _, U, _ in runs], n_atoms=55, interval_ps=INTERVAL_PS)
    every = slice(9, None, 10)
    quenches = {
        (run.temperature_K, run.replica): RunQuenches(
            run.time_ps[every], np.choose(states[every], (-46.0, -45.85, rng.normal(-45.4, 0.05)))
        )
        for run, (_, _, states) in zip(samples.series, runs, strict=True)
    }
    middle = system.shape * KB_EV_K * PEAK.temperature_K + 0.45 - 46.0
    crossings = Crossings(middle - 0.225, middle + 0.225, 5.0, ())
    found, blind = (melting_by_jumps(produced(samples), crossings, PEAK, 55, known) for known in (quenches, None))
    assert found.ci95_K[0] < 170.0 < found.ci95_K[1]
    assert blind.defective_stays == 0
    entered = sum(int((np.diff((states == 1).astype(int)) > 0).sum()) for _, _, states in runs)
    assert found.defective_stays == pytest.approx(entered, rel=0.15)
    assert not blind.ci95_K[0] < 170.0 < blind.ci95_K[1]


def test_stays_fill_the_run_and_are_as_many_as_its_jumps(rng) -> None:
    series = TimeSeries(170.0, 0.5 * np.arange(1, 401), rng.normal(0, 0.2, 400) + np.repeat([0, 1, 0, 1, 1], 80))
    means = np.convolve(series.potential_energy_eV, np.full(11, 1 / 11), "valid")
    stays = stays_of(series, means, 0.25, 0.75)
    assert [stay.liquid for stay in stays] == [False, True, False, True]
    assert [stay.begins_run for stay in stays] == [True, False, False, False]
    assert (sum(stay.liquid for stay in stays[1:]), 1) == count_jumps(means, 0.25, 0.75)
    assert [stay.first for stay in stays[1:]] == [last.last for last in stays[:-1]]
    np.testing.assert_allclose([stay.first for stay in stays], [0, 80, 160, 240], atol=5)
    assert stays[-1].last == 400
    assert len(stays[1].energies_eV(5.0)) == pytest.approx(60, abs=8)
    assert stays_of(series, np.full(390, 0.5), 0.25, 0.75) == []


def test_rungs_of_ladders_that_exchanged_are_left_out(samples: Samples) -> None:
    crossings = Crossings(-45.0, -44.8, 5.0, ())
    walkers = np.zeros(samples.series[0].n, dtype=np.int64)
    runs = produced(Samples(55, tuple(replace(run, ladder=run.replica, walkers=walkers) for run in samples.series)))
    assert find_stays(runs, crossings, PEAK, 55) == []
    assert melting_by_jumps(runs, crossings, PEAK, 55) is None
    assert melting_by_jumps(produced(samples), None, PEAK, 55) is None


@pytest.mark.parametrize(("gap_eV", "known"), [(0.1, False), (0.2, True)])
def test_two_states_that_differ_by_a_few_kT_are_no_phases(gap_eV: float, known: bool, rng) -> None:
    """0.1 eV are 7 kT at 170 K: such states go over into one another across 60 % of the temperature."""
    phase = np.tile(np.repeat([0.0, 1.0], 200), 10)
    runs = [(T, gap_eV * (phase + rng.normal(0, 0.05, len(phase)))) for T in RUNGS_K]
    samples = Samples.from_arrays([T for T, _ in runs], [U for _, U in runs], n_atoms=55, interval_ps=INTERVAL_PS)
    crossings = Crossings(0.3 * gap_eV, 0.7 * gap_eV, 5.0, ())
    assert (melting_by_jumps(produced(samples), crossings, PEAK, 55) is not None) == known


def test_the_result_has_it_beside_the_peak(samples: Samples) -> None:
    result = thermodynamics(samples, bootstraps=0)
    document = result.to_json()["melting"]["jumps"]
    assert document["peak_K"] == result.jumps.peak_K
    assert document["peak_ci95_K"] == list(result.jumps.peak_ci95_K)
    assert document["rungs"][0]["temperature_K"] == RUNGS_K[0]
    assert not [finding for finding in result.warnings if finding.code == "jumps_disagree"]


def jumped(peak_K, low, high) -> JumpMelting:
    return JumpMelting(peak_K, (low, high), peak_K, (low, high), 0.45, ())


@pytest.mark.parametrize(
    ("jumps", "interval", "said"),
    [
        (jumped(160.0, 150.0, 168.0), None, "between 150.0 K and 168.0 K"),
        (jumped(160.0, 150.0, 168.0), (165.0, 175.0), "between 150.0 K and 168.0 K"),
        (jumped(160.0, 150.0, 168.0), (159.0, 181.0), None),
        (jumped(160.0, 150.0, 172.0), (165.0, 175.0), None),
        (jumped(None, None, 165.0), (168.0, 172.0), "below 165.0 K"),
        (jumped(None, 175.0, None), None, "above 175.0 K"),
        (None, (165.0, 175.0), None),
    ],
)
def test_what_both_exclude_is_warned_of(jumps, interval, said) -> None:
    messages = [finding.message for finding in about_jumps(jumps, PEAK, interval)]
    assert [said in message for message in messages] == ([] if said is None else [True])


def test_a_solid_that_never_melts_where_liquids_freeze_gives_a_bound_alone(jumping_basins, rng) -> None:
    """Liquids freeze up to 168 K, solids stay up to 186 K: it melts above 160 K, and nothing says how far above."""
    runs = []
    for T in RUNGS_K:
        for phase in (np.zeros(3000), np.repeat([1, 0], [300, 2700]) if T < 170.0 else np.ones(3000)):
            keep, shape = np.exp(-INTERVAL_PS / 2), jumping_basins.shape
            noise = lfilter([np.sqrt(1 - keep**2)], [1, -keep], rng.standard_normal(3000))
            runs.append((T, KB_EV_K * T * (shape + np.sqrt(shape) * noise) + 0.45 * phase - 46.0))
    series = Samples.from_arrays([T for T, _ in runs], [U for _, U in runs], n_atoms=55, interval_ps=INTERVAL_PS)
    middle = jumping_basins.shape * KB_EV_K * PEAK.temperature_K + 0.225 - 46.0
    crossings = Crossings(middle - 0.1125, middle + 0.1125, 10.0, ())
    found = melting_by_jumps(produced(series), crossings, PEAK, 55)
    assert found.temperature_K is None
    assert found.peak_K is None
    assert found.ci95_K[0] > 160.0
    assert found.ci95_K[1] is None
