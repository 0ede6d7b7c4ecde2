"""The heat capacity peak of LJ13 in a container of 2.5 sigma, in reduced units.

The peak is one of the best known of all clusters: Frantz, "Magic numbers for classical Lennard-Jones cluster heat
capacities", J. Chem. Phys. 102, 3747 (1995), arXiv:chem-ph/9406001; Tsai and Jordan, J. Chem. Phys. 99, 6957 (1993).
The tables of these papers were not at hand, so none of their numbers is repeated here. Position and height are compared
with an independent Monte Carlo calculation of the same system, lj13_monte_carlo.json (made by lj13_monte_carlo.py,
which uses nothing of deckgen). Heights are the configurational part of the whole cluster's heat capacity,
Var(U)/(k_B T)^2, in k_B; C_v/k_B with the kinetic part is that + 3 (N - 1)/2 = + 18 without the motion of the centre
of mass, and + 3 N/2 = + 19.5 with it.
"""

from __future__ import annotations

import json

from deckgen.units import initial_heat_capacity_over_kB, kinetic_heat_capacity_over_kB
from validation.common import EXAMPLES, HERE, Peak, agree, record, run_study, standard_error, work_folder
from validation.melting.lj.argon import EPSILON_K

N = 13
LARGEST_RELATIVE_ERROR = 0.03  # a check with wider errors would say little


def main() -> None:
    """Run the example and record how it compares."""
    reference = json.loads((HERE / "melting" / "lj" / "lj13_monte_carlo.json").read_text())
    with work_folder(__doc__) as arguments:
        text = (EXAMPLES / "lj13" / "study.toml").read_text()
        peak = Peak.of(run_study(arguments.folder / "lj13", text, arguments.workers))
    T, T_error = peak.temperature_K / EPSILON_K, standard_error(peak.temperature_ci95_K) / EPSILON_K
    height, height_error = configurational_height(peak)
    expected = [reference[key] for key in ("reduced_temperature", "reduced_temperature_error")]
    expected += [reference[key] for key in ("height_kB", "height_error_kB")]
    record(
        "melting/lj/lj13",
        "LJ13 in a container of 2.5 sigma",
        {
            "position as in the independent Monte Carlo calculation (95 %)": agree(T, T_error, *expected[:2]),
            "height as in the independent Monte Carlo calculation (95 %)": agree(height, height_error, *expected[2:]),
            "relative standard errors below 3 %": max(T_error / T, height_error / height) < LARGEST_RELATIVE_ERROR,
        },
        [
            ("LJ13", "peak at T*", "standard error", "Var(U)/(k_B T)^2 / k_B", "standard error"),
            ("deckgen", f"{T:.4f}", f"{T_error:.4f}", f"{height:.1f}", f"{height_error:.1f}"),
            ("Monte Carlo", *(f"{value:.{digits}f}" for value, digits in zip(expected, (4, 4, 1, 1), strict=True))),
        ],
        peak=peak,
        reduced_temperature=[T, T_error],
        height_kB=[height, height_error],
        monte_carlo=reference,
    )


def configurational_height(peak: Peak) -> tuple[float, float]:
    """Return Var(U)/(k_B T)^2 in k_B and its standard error, of a height in units of C_0."""
    c0 = initial_heat_capacity_over_kB(N)
    return peak.height_over_c0 * c0 - kinetic_heat_capacity_over_kB(N), standard_error(peak.height_ci95_over_c0) * c0


if __name__ == "__main__":
    main()
