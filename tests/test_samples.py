"""What the analysis takes for a time series, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deckgen.errors import InputError
from deckgen.samples import Samples, TimeSeries

RUN = TimeSeries(200.0, 0.5 * np.arange(1, 101), np.linspace(-47, -46, 100), label="T200")


def test_a_run_is_complete_at_its_planned_length_and_not_before() -> None:
    assert (RUN.n, RUN.interval_ps, RUN.length_ps) == (100, 0.5, 50.0)
    assert RUN.complete
    assert replace(RUN, planned_ps=50.0).complete
    assert not replace(RUN, planned_ps=50.5).complete


@pytest.mark.parametrize("thermostat", ["nose-hoover", "csvr"])
def test_only_deterministic_and_global_thermostats_keep_zero_angular_momentum(thermostat: str) -> None:
    assert replace(RUN, thermostat=thermostat).angular_momentum_is_zero
    assert not replace(RUN, thermostat="langevin").angular_momentum_is_zero
    assert not RUN.angular_momentum_is_zero


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_value_that_is_not_finite_is_refused_with_the_run_and_the_column(bad: float) -> None:
    energies = RUN.potential_energy_eV.copy()
    energies[7] = bad
    with pytest.raises(InputError, match="T200: potential_energy_eV has values that are not finite"):
        replace(RUN, potential_energy_eV=energies)


def test_columns_of_another_length_and_temperatures_that_are_not_positive_are_refused() -> None:
    with pytest.raises(InputError, match=r"time_ps has the shape \(99,\), not \(100,\)"):
        replace(RUN, time_ps=RUN.time_ps[:-1])
    with pytest.raises(InputError, match="must be positive"):
        replace(RUN, temperature_K=0.0)


def test_runs_are_ordered_by_temperature_and_replica_however_they_come() -> None:
    made = [replace(RUN, temperature_K=T, replica=k) for T, k in ((300.0, 1), (200.0, 2), (200.0, 1))]
    samples = Samples(13, tuple(made))
    assert [(run.temperature_K, run.replica) for run in samples.series] == [(200.0, 1), (200.0, 2), (300.0, 1)]
    assert samples.temperatures_K.tolist() == [200.0, 300.0]
    assert [run.replica for run in samples.at(200.0)] == [1, 2]


def test_repeated_temperatures_of_plain_arrays_are_replicas() -> None:
    samples = Samples.from_arrays([250.0, 200.0, 250.0], [np.arange(5.0), np.arange(3.0), np.arange(4.0)], n_atoms=13)
    assert [(run.temperature_K, run.replica, run.n) for run in samples.series] == [
        (200.0, 1, 3),
        (250.0, 1, 5),
        (250.0, 2, 4),
    ]
