"""Real NVT runs with each thermostat: kinetic temperature, momenta, and the canonical mean of the potential energy.

Four atoms, because there the degrees of freedom (3N - 6 = 6 against LAMMPS' 3N - 3 = 9) and the weight sqrt(det I)
matter most; hot and in a small container, so that the cluster is fluid and the runs forget their start at once.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deckgen.analysis.uncertainty.correlation import statistical_inefficiency
from deckgen.runs.rows import read_energies
from deckgen.samples import TimeSeries
from deckgen.units import KB_EV_K

N = 4
STUDY = """
[cluster]
element = "Ar"
size = 4
container_radius_A = 5.5
[potential]
kind = "lammps"
pair_style = "lj/cut 40.0"
pair_coeff = ["* * 0.01032357 3.405"]
[ladder]
temperatures_K = [60, 80, 100]
[nvt]
thermostat = "{thermostat}"
timestep_fs = 5
damping_fs = 200
duration_ps = 1200
sample_every = 10
frame_every = 100000
restart_every = 100000
"""
THERMOSTATS = ("nose-hoover", "csvr", "langevin")
ATOMIC_UNITS = 9648.5332  # eV in u A^2/ps^2
N_BLOCKS = 25

MOMENTA = """
units metal
atom_style atomic
boundary s s s
read_restart nvt.restart
pair_style zero 40.0
pair_coeff * *
print "momenta $(vcm(all,x)) $(vcm(all,y)) $(vcm(all,z)) $(angmom(all,x)) $(angmom(all,y)) $(angmom(all,z))"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("thermostats")


@pytest.fixture(scope="module")
def runs(folder, run_study) -> dict[str, tuple[TimeSeries, ...]]:
    """Return the three runs of each thermostat."""
    return {kind: run_study(folder / kind, STUDY.format(thermostat=kind)).series for kind in THERMOSTATS}


def mean_and_error(values: np.ndarray, weights: np.ndarray | None = None) -> tuple[float, float]:
    """Return a (weighted) mean and its standard error by the jackknife over blocks that are longer than g."""
    assert len(values) / N_BLOCKS > statistical_inefficiency(values)
    weights = np.ones(len(values)) if weights is None else weights
    blocks = zip(np.array_split(values, N_BLOCKS), np.array_split(weights, N_BLOCKS), strict=True)
    sums = np.array([(v @ w, w.sum()) for v, w in blocks])
    without = (sums.sum(0) - sums)[:, 0] / (sums.sum(0) - sums)[:, 1]
    error = np.sqrt((N_BLOCKS - 1) / N_BLOCKS * ((without - without.mean()) ** 2).sum())
    return float(sums[:, 0].sum() / sums[:, 1].sum()), float(error)


def production(values: np.ndarray) -> np.ndarray:
    """Return the last nine tenths: a fluid of four atoms forgets its start within some ps."""
    return values[len(values) // 10 :]


def potential_energy(run: TimeSeries, *, weighted: bool) -> tuple[float, float]:
    moments = production(run.principal_moments_uA2)
    return mean_and_error(production(run.potential_energy_eV), np.sqrt(moments.prod(1)) if weighted else None)


@pytest.mark.parametrize("kind", THERMOSTATS)
def test_the_kinetic_temperature_is_the_rung(kind, runs) -> None:
    for run in runs[kind]:
        kinetic, error = mean_and_error(production(run.kinetic_temperature_K))
        assert abs(kinetic - run.temperature_K) < 4 * error
        assert error < 0.03 * run.temperature_K


def test_atoms_that_start_on_a_line_leave_it_and_have_the_temperature_of_the_rung(folder, run_study) -> None:
    """On the line itself 3N - 5 degrees of freedom would be left, beside it 3N - 6: the line has no weight."""
    line = folder / "line"
    line.mkdir()
    (line / "line.xyz").write_text("3\n\nAr 0 0 0\nAr 0 0 3.8\nAr 0 0 7.6\n")
    text = STUDY.format(thermostat="nose-hoover").replace(
        'element = "Ar"\nsize = 4', 'file = "line.xyz"\nrelax = false'
    )
    for run in run_study(line, text.replace("1200", "150")).series:
        kinetic, error = mean_and_error(production(run.kinetic_temperature_K))
        assert abs(kinetic - run.temperature_K) < 4 * error
        assert error < 0.1 * run.temperature_K
        assert np.median(run.principal_moments_uA2.min(axis=1)) > 10.0  # u A^2; zero on a line


@pytest.mark.parametrize("kind", ["nose-hoover", "csvr"])
def test_the_momenta_stay_zero(kind, runs, folder, lmp) -> None:
    for run in runs[kind]:
        deck = folder / kind / "decks" / "nvt" / run.label
        (deck / "momenta.in").write_text(MOMENTA)
        (line,) = (line for line in lmp(deck, "momenta.in").splitlines() if line.startswith("momenta"))
        velocity, angular = np.array(line.split()[1:], dtype=float).reshape(2, 3)
        kT = KB_EV_K * run.temperature_K * ATOMIC_UNITS
        thermal_velocity = np.sqrt(kT / (39.95 * N))
        thermal_angular = np.sqrt(kT * run.principal_moments_uA2[-1].mean())
        assert abs(velocity).max() < 1e-8 * thermal_velocity
        # the wall turns the 1e-11 A by which rounding moves the centre of mass into a torque
        assert abs(angular).max() < 1e-6 * thermal_angular


def test_weighted_by_the_inertia_all_thermostats_sample_the_canonical_energy(runs) -> None:
    """Langevin samples the rotation; samples with L = 0 need the weight sqrt(det I), and fail without it."""
    chi2 = {True: 0.0, False: 0.0}
    pairs = [pair for kind in ("nose-hoover", "csvr") for pair in zip(runs[kind], runs["langevin"], strict=True)]
    for run, free in pairs:
        expected, expected_error = potential_energy(free, weighted=False)
        for weighted in chi2:
            energy, error = potential_energy(run, weighted=weighted)
            chi2[weighted] += (energy - expected) ** 2 / (error**2 + expected_error**2)
    limit = 22.5  # 99.9 % of chi^2 with six degrees of freedom
    assert chi2[True] < limit < chi2[False]


@pytest.mark.parametrize("kind", ["nose-hoover", "csvr"])
def test_with_the_degrees_of_freedom_of_lammps_the_cluster_runs_too_hot(kind, runs, folder, lmp) -> None:
    """The same deck without `extra/dof 6`: it reports its rung, but has (3N - 3)/(3N - 6) times that temperature."""
    run = runs[kind][0]
    deck = folder / kind / "decks" / "nvt" / run.label
    hot = folder / f"{kind}-hot"
    hot.mkdir()
    (hot / "cluster.data").write_bytes((deck / "cluster.data").read_bytes())
    script = (deck / "in.lammps").read_text()
    line = "compute_modify  kinetic extra/dof 6\n"
    assert line in script
    length = "variable        n_steps index 240000\n"
    assert length in script
    (hot / "in.lammps").write_text(script.replace(line, "").replace(length, length.replace("240000", "100000")))
    lmp(hot)
    rows, _ = read_energies(hot / "energies.dat")
    reported, error = mean_and_error(production(rows[:, 2]))
    assert abs(reported - run.temperature_K) < 4 * error
    kinetic, error = reported * (3 * N - 3) / (3 * N - 6), error * (3 * N - 3) / (3 * N - 6)
    assert kinetic == pytest.approx(1.5 * run.temperature_K, abs=4 * error)
    energy, error = mean_and_error(production(rows[:, 1]))
    right, right_error = potential_energy(run, weighted=False)
    assert energy - right > 5 * np.hypot(error, right_error)
