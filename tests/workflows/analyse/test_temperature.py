"""The temperature of a run made elsewhere, held against the one that it is given for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from deckgen.errors import InputError
from deckgen.runs.external.run import ExternalRun
from deckgen.workflows.analyse.temperature import kinetic_temperature

N_ATOMS = 13
N_ROWS = 1000
FILE = Path("log.lammps")


def canonical(T: float, rng: np.random.Generator, *, moving: int = 3 * N_ATOMS - 3, n: int = N_ROWS) -> NDArray:
    """Return LAMMPS' Temp of the kinetic energy of `moving` degrees of freedom: T chi2 / (3N - 3)."""
    return T * rng.chisquare(moving, n) / (3 * N_ATOMS - 3)


def run_of(temperatures: NDArray, **values: object) -> ExternalRun:
    energies = np.random.default_rng(3).normal(size=len(temperatures))
    return ExternalRun(energies, "metal", temperature_K=temperatures, **values)  # type: ignore[arg-type]


def refusal(run: ExternalRun, T: float) -> str:
    with pytest.raises(InputError) as error:
        kinetic_temperature(FILE, run, T, N_ATOMS)
    assert str(FILE) in error.value.message
    assert error.value.hint
    return error.value.message


@pytest.mark.parametrize("moving", [3 * N_ATOMS - 6, 3 * N_ATOMS - 3, 3 * N_ATOMS])
def test_any_number_of_moving_degrees_of_freedom_gives_the_kinetic_temperature(moving: int, rng) -> None:
    """3N - 6 move with zero angular momentum, 3N under Langevin; LAMMPS counts 3N - 3 all the same."""
    temperatures = kinetic_temperature(FILE, run_of(canonical(125, rng, moving=moving)), 125, N_ATOMS)
    assert temperatures is not None
    assert temperatures.mean() == pytest.approx(125, abs=4 * 125 * np.sqrt(2 / moving / N_ROWS))


@pytest.mark.parametrize("T", [25.0, 108.0, 145.0, 500.0])
def test_a_run_at_another_temperature_is_refused_with_the_one_found(T: float, rng) -> None:
    temperatures = canonical(T, rng)
    says = refusal(run_of(temperatures), 125)
    found = float(says.split("mean temperature is ")[1].split(" K")[0])
    assert found == pytest.approx(temperatures.mean(), rel=0.01)
    assert says.endswith("not 125 K")


def test_a_temperature_that_does_not_fluctuate_is_known_all_the_same() -> None:
    refusal(run_of(np.full(40, 20.0)), 25)
    assert kinetic_temperature(FILE, run_of(np.full(40, 25.0)), 25, N_ATOMS) is not None


def test_a_short_slow_run_far_off_is_refused_too() -> None:
    refusal(run_of(20 + 5 * np.sin(np.linspace(0, np.pi, 8))), 120)


def test_good_runs_are_not_refused(rng) -> None:
    """A Nose-Hoover chain lets the temperature oscillate for some periods: a damped oscillation, here of 10 rows."""
    refused = 0
    phase = np.exp(2j * np.pi / 10 - 1 / 15)
    for _ in range(100):
        kicks = rng.normal(size=(300, 2)) @ (1, 1j) * np.sqrt(1 - abs(phase) ** 2)
        course = [complex(kicks[0]) / np.sqrt(1 - abs(phase) ** 2)]
        for kick in kicks[1:]:
            course.append(phase * course[-1] + kick)
        temperatures = 125 * (1 + np.sqrt(2 / (3 * N_ATOMS - 3)) * np.real(course))
        try:
            kinetic_temperature(FILE, run_of(temperatures), 125, N_ATOMS)
        except InputError:
            refused += 1
    assert refused <= 2


@pytest.mark.parametrize("where", [0.25, 0.5, 0.75])
@pytest.mark.parametrize("T", [100.0, 130.0])
def test_two_temperatures_in_one_file_are_refused_whichever_is_given(where: float, T: float, rng) -> None:
    cut = int(where * N_ROWS)
    temperatures = np.concatenate([canonical(100, rng)[:cut], canonical(130, rng)[cut:]])
    assert "temperature changes" in refusal(run_of(temperatures), T)


def test_a_ramp_is_refused(rng) -> None:
    ramp = canonical(1, rng) * np.linspace(100, 150, N_ROWS)
    assert "temperature changes" in refusal(run_of(ramp), 125)
    assert "goes from 100 to 150 K" in refusal(run_of(ramp, thermostats_K=frozenset({(100.0, 150.0)})), 125)


def test_a_hot_beginning_is_no_second_temperature(rng) -> None:
    hot = N_ROWS // 12
    temperatures = np.concatenate([canonical(250, rng)[:hot], canonical(125, rng)[hot:]])
    energies = rng.normal(size=N_ROWS) + 10 * (np.arange(N_ROWS) < hot)
    run = ExternalRun(energies, "metal", temperature_K=temperatures)
    assert kinetic_temperature(FILE, run, 125, N_ATOMS) is not None


def test_the_thermostats_of_the_log_are_those_of_the_temperature(rng) -> None:
    temperatures = canonical(125, rng)
    assert "set to 20 K, not 125 K" in refusal(run_of(temperatures, thermostats_K=frozenset({(20.0, 20.0)})), 125)
    # set low on purpose, for the 3N - 6 that move; and given rounded
    for T in (125 * (3 * N_ATOMS - 6) / (3 * N_ATOMS - 3), 125.4):
        run = run_of(temperatures, thermostats_K=frozenset({(T, T)}))
        assert kinetic_temperature(FILE, run, 125, N_ATOMS) is not None


def test_a_file_without_temperatures_has_no_kinetic_temperature() -> None:
    assert kinetic_temperature(FILE, ExternalRun(np.zeros(100), "metal"), 125, N_ATOMS) is None
