"""How often the 95 % interval of a melting temperature holds the exact one, where solid and liquid change rarely.

A model of Na55 with two harmonic basins, whose heat capacity is known exactly, jumps between them as a Markov chain
with a given relaxation time, so that a run makes tens of jumps or only a few. Of many such studies, how many intervals
hold the exact peak? 95 % would, were they exact; where a run relaxes 50 times only, its own correlation time is hardly
known. The same in short: tests/analysis/test_intervals.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from deckgen.analysis.melting import find_melting
from deckgen.analysis.thermodynamics import thermodynamics
from deckgen.samples import Samples
from deckgen.units import KB_EV_K
from validation.common import record, work_folder

Array = NDArray[np.float64]

N_ATOMS, GAP_EV, TM_K = 55, 0.45, 170.0
RUNGS_K = np.array([127.5, 141, 154.5, 168, 181.5, 195, 208.5, 222])
SHAPE = (3 * N_ATOMS - 6) / 2
LENGTH_PS, RELAXATIONS_PS = 2000, (10, 40)
STUDIES, BOOTSTRAPS = 200, 100


@dataclass(frozen=True)
class Coverage:
    """What became of the studies of one relaxation time."""

    relaxation_ps: float
    n_studies: int
    n_given: int
    n_inside: int
    rms_error_K: float
    mean_error_K: float
    mean_half_width_K: float


def main() -> None:
    """Count, and record."""
    with work_folder(__doc__):
        found = [cover(relaxation) for relaxation in RELAXATIONS_PS]
    head = (
        "relaxation time / ps",
        "studies",
        "intervals given",
        "hold the exact Tm",
        "rms error / K",
        "half width / K",
    )
    record(
        "melting/intervals",
        f"95 % intervals of a melting temperature, {LENGTH_PS} ps a rung, two basins",
        {f"80 % or more hold it ({c.relaxation_ps:g} ps)": c.n_inside >= 0.8 * c.n_given for c in found},
        [head, *map(_row, found)],
        coverage=found,
    )


def cover(relaxation_ps: float) -> Coverage:
    """Analyse many studies of one relaxation time."""
    grid = np.arange(RUNGS_K[0], RUNGS_K[-1] + 0.5)
    exact = find_melting(grid, heat_capacity_over_c0(grid), N_ATOMS)
    assert exact is not None
    errors, given = [], []
    for seed in range(STUDIES):
        rng = np.random.default_rng(seed)
        energies = [trajectory(float(T), relaxation_ps, rng) for T in RUNGS_K]
        result = thermodynamics(Samples.from_arrays(RUNGS_K, energies, n_atoms=N_ATOMS), bootstraps=BOOTSTRAPS)
        if result.melting is not None:
            errors.append(result.melting.temperature_K - exact.temperature_K)
        if (interval := result.melting_ci95.temperature_K) is not None:
            given.append(interval)
    return Coverage(
        relaxation_ps=relaxation_ps,
        n_studies=STUDIES,
        n_given=len(given),
        n_inside=sum(low <= exact.temperature_K <= high for low, high in given),
        rms_error_K=float(np.sqrt(np.mean(np.square(errors)))),
        mean_error_K=float(np.mean(errors)),
        mean_half_width_K=float(np.mean([(high - low) / 2 for low, high in given])),
    )


def liquid(T: Array | float) -> Array:
    """Return the probability of the upper basin."""
    return np.asarray(expit(-GAP_EV / KB_EV_K * (1 / np.asarray(T) - 1 / TM_K)))


def heat_capacity_over_c0(T: Array) -> Array:
    """Return the exact curve."""
    p = liquid(T)
    potential = SHAPE + p * (1 - p) * (GAP_EV / (KB_EV_K * T)) ** 2
    return ((3 * N_ATOMS - 3) / 2 + potential) / (3 * N_ATOMS - 4.5)


def trajectory(T: float, relaxation_ps: float, rng: np.random.Generator) -> Array:
    """Return energies, one a picosecond, of a run that starts in the lower basin."""
    rate, p = -np.expm1(-1 / relaxation_ps), float(liquid(T))
    state, states = False, np.empty(LENGTH_PS, dtype=bool)
    for i, jump in enumerate(rng.random(LENGTH_PS)):
        state = jump >= rate * (1 - p) if state else jump < rate * p
        states[i] = state
    return rng.gamma(SHAPE, KB_EV_K * T, LENGTH_PS) + GAP_EV * states


def _row(found: Coverage) -> tuple[str, ...]:
    share = f"{found.n_inside} ({100 * found.n_inside / found.n_given:.0f} %)"
    numbers = (f"{found.rms_error_K:.2f}", f"{found.mean_half_width_K:.2f}")
    return (f"{found.relaxation_ps:g}", str(found.n_studies), str(found.n_given), share, *numbers)


if __name__ == "__main__":
    main()
