"""Na13 with the Gupta potential, free: cold, it is harmonic; hot, its momenta stay zero."""

from __future__ import annotations

import numpy as np
import pytest

from deckgen.analysis.thermodynamics import thermodynamics
from deckgen.units import KB_EV_K, initial_heat_capacity_over_kB

N = 13
STUDY = """
[cluster]
element = "Na"
size = 13
[potential]
name = "na-gupta"
[ladder]
temperatures_K = {temperatures_K}
[nvt]
thermostat = "{thermostat}"
timestep_fs = 4
damping_fs = 100
duration_ps = {duration_ps}
sample_every = 10
frame_every = 100000
restart_every = 100000
"""


@pytest.mark.parametrize("thermostat", ["csvr", "langevin"])
def test_a_cold_cluster_is_harmonic(thermostat, tmp_path, run_study) -> None:
    """<U> - U_min = (3N - 6)/2 k_B T, an independent thermometer: 3N - 3 degrees of freedom would read 9 % hot."""
    settings = {"temperatures_K": [2, 3, 4], "duration_ps": 400, "thermostat": thermostat}
    samples = run_study(tmp_path, STUDY.format(**settings))
    for run in samples.series:
        energy = run.potential_energy_eV[run.n // 10 :] - samples.start_energy_eV
        blocks = np.array([block.mean() for block in np.array_split(energy, 25)])
        expected = (3 * N - 6) / 2 * KB_EV_K * run.temperature_K
        error = blocks.std(ddof=1) / 5
        assert error < 0.02 * expected
        assert abs(blocks.mean() - expected) < 4 * error + 0.005 * expected  # of which anharmonic: below 0.5 %
    curve = thermodynamics(samples, grid_K=0.5, bootstraps=0).heat_capacity_over_c0
    np.testing.assert_allclose(curve, 1, atol=0.06)
    assert initial_heat_capacity_over_kB(N) == 34.5


def test_the_momenta_of_a_free_cluster_stay_zero(tmp_path, run_study, lmp) -> None:
    settings = {"temperatures_K": [100, 200, 300], "duration_ps": 200, "thermostat": "nose-hoover"}
    samples = run_study(tmp_path, STUDY.format(**settings))
    for run in samples.series:
        deck = tmp_path / "decks" / "nvt" / run.label
        (deck / "momenta.in").write_text(
            "units metal\natom_style atomic\nboundary s s s\nread_restart nvt.restart\npair_style zero 40.0\n"
            'pair_coeff * *\nprint "momenta $(vcm(all,x)) $(vcm(all,y)) $(angmom(all,x)) $(angmom(all,z))"\n'
        )
        (line,) = (line for line in lmp(deck, "momenta.in").splitlines() if line.startswith("momenta"))
        momenta = abs(np.array(line.split()[1:], dtype=float))
        kT = KB_EV_K * run.temperature_K * 9648.5332
        assert momenta[:2].max() < 1e-8 * np.sqrt(kT / (22.99 * N))
        assert momenta[2:].max() < 1e-8 * np.sqrt(kT * run.principal_moments_uA2[-1].mean())
