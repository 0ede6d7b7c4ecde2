"""How much faster the tuned link of `pair_style quip` is than the plain link of the same wheels.

`python -m benchmarks.quip_link` fits GAP models to a Morse potential, times LAMMPS on the Na55 icosahedron with either
link, the two alternated, each run in a process of its own, and prints the ratios of all rounds: median and range.
Energies and forces of the two links must agree. Times depend on the machine and on what else it does; ratios much less.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.engine_time import in_process
from benchmarks.gap.models import SOAP, TWO_BODY, fit, training_set

LINKS = ("plain", "quip")
EQUAL_EV = 1e-9
"""Two evaluations of the 55 atoms."""
TURBO = (
    "soap_turbo l_max=4 alpha_max={6} atom_sigma_r={0.5} atom_sigma_t={0.5} atom_sigma_r_scaling={0.0} "
    "atom_sigma_t_scaling={0.0} zeta=4 rcut_hard=6.0 rcut_soft=5.0 basis=poly3gauss scaling_mode=polynomial "
    "amplitude_scaling={1.0} n_species=1 species_Z=11 central_index=1 radial_enhancement={1} central_weight={1.0} "
    "add_species=F n_sparse=100 delta=0.2 f0=0.0 covariance_type=dot_product sparse_method=cur_points"
)


@dataclass(frozen=True)
class Case:
    """A model and the ratio to reach."""

    name: str
    descriptors: str
    goal: float


@dataclass(frozen=True)
class Result:
    """Milliseconds a step of each run, the ratios plain/quip round by round, and the largest differences."""

    name: str
    plain_ms: list[float]
    quip_ms: list[float]
    ratios: list[float]
    ratio_median: float
    energy_difference_eV: float
    force_difference_eV_A: float
    goal: float


CASES = (
    Case("2-body", TWO_BODY, 2.0),
    Case("SOAP, 200 points", f"{SOAP}200", 1.5),
    Case("SOAP, 1000 points", f"{SOAP}1000", 1.5),
    Case("soap_turbo, 100", TURBO, 1.5),
)


def measure(case: Case, folder: Path, repeats: int, seconds: float) -> Result:
    """Time both links, alternated, `repeats` times."""
    xml = fit(case.descriptors, folder)
    rounds = [{link: in_process(link, xml, 55, seconds) for link in LINKS} for _ in range(repeats)]
    plain, quip = ([one[link]["ms"] for one in rounds] for link in LINKS)
    ratios = [p / q for p, q in zip(plain, quip, strict=True)]
    energies = [[one[link]["energy"] for link in LINKS] for one in rounds]
    forces = np.array([[one[link]["forces"] for link in LINKS] for one in rounds])
    return Result(
        name=case.name,
        plain_ms=plain,
        quip_ms=quip,
        ratios=ratios,
        ratio_median=statistics.median(ratios),
        energy_difference_eV=float(np.ptp(energies)),
        force_difference_eV_A=float(np.abs(np.diff(forces, axis=1)).max()),
        goal=case.goal,
    )


def row(result: Result) -> str:
    """One line of the table."""
    return (
        f"{result.name:20s} {statistics.median(result.plain_ms):9.1f} {statistics.median(result.quip_ms):9.1f} "
        f"{result.ratio_median:7.2f}  {min(result.ratios):5.2f} - {max(result.ratios):5.2f} {result.goal:6.1f} "
        f"{result.energy_difference_eV:9.0e} {result.force_difference_eV_A:9.0e}"
    )


def main() -> int:
    """Return 0 if every case reaches its goal with energies that agree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="rounds of both links (default: 5)")
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each timing (default: 2)")
    parser.add_argument("--only", default="", help="the cases with this word in their names, such as turbo")
    options = parser.parse_args()
    print(f"{'Na55, one core':20s} {'plain ms':>9s} {'quip ms':>9s} {'ratio':>7s}  {'range':>13s} {'goal':>6s}", end="")
    print(f" {'dE (eV)':>9s} {'dF (eV/A)':>9s}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        training_set(folder / "train.xyz")
        results = []
        for case in (one for one in CASES if options.only in one.name):
            results.append(measure(case, folder, options.repeats, options.seconds))
            print(row(results[-1]), flush=True)
    if options.json:
        options.json.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n")
    reached = all(result.ratio_median >= result.goal and result.energy_difference_eV < EQUAL_EV for result in results)
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
