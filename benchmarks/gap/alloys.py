"""The native evaluator against QUIP on GAPs of two elements, and on several SOAPs of different reach.

`python -m benchmarks.gap.alloys` times the engines `plain` (QUIP as the wheels link it), `quip` (tuned) and `native` on
a mixed icosahedron of sodium and potassium, alternated, each run in a process of its own on one core, and prints
milliseconds of processor time per step, the ratios plain/native round by round (median and range) and the largest
differences of energies and forces. The weights of the models mean nothing: only their cost and the agreement matter.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.engine_time import ENGINES, SHELLS, in_process
from benchmarks.gap.models import SOAP, TWO_BODY, fit, training_set

GOAL = 20.0  # plain / native
ELEMENTS = ("Na", "K")
TRIPLETS = "angle_3b cutoff=4.2 covariance_type=ard_se delta=0.1 theta_fac=0.5 sparse_method=uniform n_sparse=50"
SHORT = "soap cutoff=4.5 cutoff_transition_width=0.5 n_max=6 l_max=6 atom_sigma=0.5 zeta=4 delta=0.2 "
SHORT += "covariance_type=dot_product sparse_method=random n_sparse=150"
MODELS = {
    "2b + SOAP, 200 per element": f"{TWO_BODY} : {SOAP}200",
    "2b + 3b + SOAP, 200": f"{TWO_BODY} : {TRIPLETS} : {SOAP}200",
    "2b + two SOAPs, 200 + 150": f"{TWO_BODY} : {SOAP}200 : {SHORT}",
}
HEADER = (
    f"{'Na, K, one core':28s} {'N':>4s} {'plain ms':>9s} {'quip ms':>9s} {'native ms':>9s} {'ratio':>7s} "
    f"{'range':>15s} {'dE/N eV':>9s} {'dF eV/A':>9s}"
)


def measure(name: str, xml: Path, n_atoms: int, repeats: int, seconds: float) -> bool:
    """Time all engines, alternated, `repeats` times; print a row; return whether the goal is met."""
    rounds = [{e: in_process(e, xml, n_atoms, seconds, ELEMENTS) for e in ENGINES} for _ in range(repeats)]
    ms = {engine: statistics.median(one[engine]["ms"] for one in rounds) for engine in ENGINES}
    ratios = [one["plain"]["ms"] / one["native"]["ms"] for one in rounds]
    energies = np.array([[one[engine]["energy"] for engine in ENGINES] for one in rounds])
    forces = np.array([[one[engine]["forces"] for engine in ENGINES] for one in rounds])
    of_energy, of_forces = float(np.ptp(energies)) / n_atoms, float(np.ptp(forces, axis=1).max())
    print(
        f"{name:28s} {n_atoms:4d} {ms['plain']:9.1f} {ms['quip']:9.1f} {ms['native']:9.3f} "
        f"{statistics.median(ratios):7.1f} {min(ratios):6.1f} - {max(ratios):6.1f} {of_energy:9.0e} {of_forces:9.0e}",
        flush=True,
    )
    return statistics.median(ratios) >= GOAL and of_energy < 1e-8 and of_forces < 1e-8


def main() -> int:
    """Return 0 if native is everywhere twenty times as fast as the plain link, with the same results to 1e-8."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3, help="rounds of all engines (default: 3)")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each timing; at least one step (default: 1)")
    parser.add_argument("--sizes", type=int, nargs="+", choices=SHELLS, default=[13, 55], help="numbers of atoms")
    options = parser.parse_args()
    print(HEADER)
    met = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        training_set(folder / "train.xyz", elements=ELEMENTS)
        for model, descriptors in MODELS.items():
            xml = fit(descriptors, folder)
            met += [measure(model, xml, n, options.repeats, options.seconds) for n in options.sizes]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
