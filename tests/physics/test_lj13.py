"""LJ13 in a container of 2.5 sigma, short: its heat capacity peak. The long check is validation/melting/lj/lj13.py.

The two numbers that it is compared with, position and height, are those of an independent Monte Carlo calculation of
the same system, validation/melting/lj/lj13_monte_carlo.json (see validation/melting/lj/lj13.py for the literature).
"""

from __future__ import annotations

import json
from pathlib import Path

from deckgen.analysis.thermodynamics import thermodynamics
from deckgen.units import initial_heat_capacity_over_kB, kinetic_heat_capacity_over_kB

ROOT = Path(__file__).resolve().parents[2]
EPSILON_K = 119.8


def test_position_and_height_of_the_peak(tmp_path, run_study) -> None:
    """Within four of the test's own standard errors, which must be small enough to say something."""
    text = (ROOT / "examples" / "lj13" / "study.toml").read_text()
    short = {"min_K = 24.0": "min_K = 27.0", "max_K = 45.0": "max_K = 42.0", "count = 15": "count = 6"}
    short |= {"timestep_fs = 5.0": "timestep_fs = 8.0", "duration_ps = 10000.0": "duration_ps = 2000.0"}
    short |= {"sample_every = 40": "sample_every = 25"}
    for long, brief in short.items():
        assert long in text
        text = text.replace(long, brief)
    result = thermodynamics(run_study(tmp_path, text), grid_K=0.25, bootstraps=100)
    assert result.melting is not None
    assert result.melting_ci95.temperature_K is not None
    assert result.melting_ci95.height_over_c0 is not None
    low, high = result.melting_ci95.temperature_K
    reduced, error = result.melting.temperature_K / EPSILON_K, (high - low) / 3.92 / EPSILON_K
    c0 = initial_heat_capacity_over_kB(13)
    height = result.melting.height_over_c0 * c0 - kinetic_heat_capacity_over_kB(13)
    height_error = (result.melting_ci95.height_over_c0[1] - result.melting_ci95.height_over_c0[0]) / 3.92 * c0
    reference = json.loads((ROOT / "validation" / "melting" / "lj" / "lj13_monte_carlo.json").read_text())
    assert error < 0.012
    assert height_error < 0.12 * height
    assert abs(reduced - reference["reduced_temperature"]) < 4 * error
    assert abs(height - reference["height_kB"]) < 4 * height_error
