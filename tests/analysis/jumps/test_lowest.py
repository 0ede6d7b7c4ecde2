"""Only returns to the lowest solid are crossings, where frames were quenched."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deckgen.analysis.crossings import Crossings, RunCrossings, about_crossings
from deckgen.analysis.jumps.lowest import of_lowest_solid
from deckgen.analysis.jumps.quenches import RunQuenches
from deckgen.analysis.melting import Peak
from deckgen.analysis.production import Production
from deckgen.analysis.thermodynamics import thermodynamics
from deckgen.samples import Samples, TimeSeries
from deckgen.units import KB_EV_K

PEAK = Peak(170.0, 2.0, 15.0, 0.9, at_edge=False)
STAY, EVERY = 400, 40
LOWEST, DEFECT, LIQUID = 0, 1, 2
MINIMA_EV = np.array([-46.0, -45.85, -45.1])
COURSES = {
    (160.0, 1): (LIQUID, DEFECT, LIQUID, LOWEST, LIQUID, DEFECT),
    (160.0, 2): (DEFECT, LIQUID, DEFECT, LIQUID, DEFECT),
    (170.0, 1): (LOWEST, LIQUID, LOWEST, LIQUID, LOWEST),
    (250.0, 1): (LIQUID, LIQUID, DEFECT, LIQUID),  # further from the peak than what rates are taken from
}


def run_of(key: tuple[float, int], system, rng: np.random.Generator) -> tuple[TimeSeries, RunQuenches]:
    """A run with stays of 200 ps, and every fortieth frame quenched."""
    T, replica = key
    states = np.repeat(COURSES[key], STAY)
    times = 0.5 * np.arange(1, len(states) + 1)
    vibrations = KB_EV_K * T * (system.shape + np.sqrt(system.shape) * rng.standard_normal(len(states)))
    run = TimeSeries(T, times, vibrations + MINIMA_EV[states], replica=replica)
    return run, RunQuenches(times[::EVERY], MINIMA_EV[states[::EVERY]])


@pytest.fixture
def runs(jumping_basins, rng):
    return {key: run_of(key, jumping_basins, rng) for key in COURSES}


@pytest.fixture
def productions(runs) -> list[Production]:
    return [Production(run, 0, 1.0, settled=True) for run, _ in runs.values()]


@pytest.fixture
def by_energy(jumping_basins) -> Crossings:
    """What the energies alone show."""
    middle = jumping_basins.shape * KB_EV_K * PEAK.temperature_K + 0.45 - 46.0
    ups = {key: np.diff((np.array(states) == LIQUID).astype(int)) for key, states in COURSES.items()}
    counted = tuple(RunCrossings(*key, int((up > 0).sum()), int((up < 0).sum())) for key, up in ups.items())
    return Crossings(middle - 0.225, middle + 0.225, 5.0, counted)


def test_freezings_into_defective_solids_are_counted_by_themselves(runs, productions, by_energy) -> None:
    """And what melts from them has not melted from the lowest solid."""
    quenches = {key: quenched for key, (_, quenched) in runs.items()}
    found = of_lowest_solid(by_energy, productions, PEAK, 55, quenches)
    assert [(run.melts, run.freezings, run.defective_freezings) for run in found.runs] == [
        (1, 1, 2),
        (0, 0, 2),
        (2, 2, 0),
        (0, 0, 1),
    ]
    assert by_energy.n_returns == 7
    assert found.n_returns == 3
    assert found.at(160.0) == (1, 1)
    assert found.defective_at(160.0) == 4
    assert found.n_defective == 5
    (finding,) = about_crossings(found, PEAK)
    assert "3 times in all" in finding.message
    assert "5 freezings into other solids" in finding.message
    assert "other solids" not in about_crossings(by_energy, PEAK)[0].message


def test_without_quenches_energies_alone_are_counted(runs, productions, by_energy) -> None:
    """Frames of one run say nothing of the others."""
    assert of_lowest_solid(by_energy, productions, PEAK, 55, None) is by_energy
    alone = of_lowest_solid(by_energy, productions, PEAK, 55, {(170.0, 1): runs[170.0, 1][1]})
    assert alone == by_energy


def test_an_analysis_with_quenches_counts_only_returns_to_the_lowest_solid(jumping_basins, rng) -> None:
    """The same samples, with and without them."""
    system = replace(jumping_basins, gap_eV=0.9)
    series, quenches = [], {}
    for T in (150.0, 160.0, 168.0, 176.0, 186.0):
        low = DEFECT if T == 168.0 else LOWEST
        upper = float(system.upper(T))
        states = np.repeat(
            [low, LIQUID] * 10, [max(round(2 * STAY * (1 - upper)), 60), max(round(2 * STAY * upper), 60)] * 10
        )
        times = 0.5 * np.arange(1, len(states) + 1)
        vibrations = KB_EV_K * T * (system.shape + np.sqrt(system.shape) * rng.standard_normal(len(states)))
        series.append(TimeSeries(T, times, vibrations + MINIMA_EV[states]))
        quenches[T, 1] = RunQuenches(times[::10], MINIMA_EV[states[::10]])
    samples = Samples(n_atoms=55, series=tuple(series))
    blind, told = (thermodynamics(samples, bootstraps=0, quenches=known).crossings for known in (None, quenches))
    assert blind.at(168.0) == (10, 9)
    assert told.at(168.0) == (0, 0)
    assert told.defective_at(168.0) == 9
    assert told.at(160.0) == blind.at(160.0) == (10, 9)
