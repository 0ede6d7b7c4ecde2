"""Na55 with the Gupta potential, short: it melts where the literature says (long: validation/melting/na55_gupta.py)."""

from __future__ import annotations

import numpy as np

from deckgen.analysis.thermodynamics import thermodynamics
from deckgen.units import KB_EV_K

STUDY = """
[cluster]
element = "Na"
size = 55
[potential]
name = "na-gupta"
[ladder]
temperatures_K = [130, 150, 165, 180, 200, 230]
[nvt]
timestep_fs = 5
duration_ps = 200
sample_every = 8
frame_every = 100000
restart_every = 100000
"""
EXPERIMENT_K = 290.0


def test_it_melts_about_40_percent_below_the_experiment(tmp_path, run_study) -> None:
    # Reyes-Nava et al., Rev. Mex. Fis. 48, 450 (2002); 200 ps near the transition are few: 30 to 50 % are allowed for
    samples = run_study(tmp_path, STUDY)
    result = thermodynamics(samples, bootstraps=0)
    assert result.melting is not None
    assert not result.melting.at_edge
    assert 0.5 * EXPERIMENT_K < result.melting.temperature_K < 0.7 * EXPERIMENT_K
    solid, liquid = (np.mean(samples.at(T)[0].potential_energy_eV[-1000:]) for T in (130.0, 230.0))
    heating = 1.5 * 53 * KB_EV_K * 100  # what a harmonic cluster takes up over these 100 K
    assert liquid - solid - heating > 0.3  # and the latent heat comes on top: 0.7 eV in the long runs
