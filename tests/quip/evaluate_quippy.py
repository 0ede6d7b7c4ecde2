"""Evaluate structures with quippy: a JSON request on stdin, the JSON answer on the last line."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import numpy as np
from ase import Atoms
from quippy.potential import Potential


def evaluate(structure: dict[str, Any], xml: str, arguments: str) -> dict[str, Any]:
    n = len(structure["positions"])
    atoms = Atoms(structure["numbers"], structure["positions"], cell=structure["cell"], pbc=structure["periodic"])
    potential = Potential(args_str=arguments, param_filename=xml)
    potential.calculate(atoms, ["energy", "forces", "virial", "energies"], local_virial=True)
    virials = np.asarray(potential.extra_results["atoms"]["local_virial"]).T.reshape(n, 3, 3)
    virials = 0.5 * (virials + virials.transpose(0, 2, 1))
    v = np.asarray(potential.extra_results["config"]["virial"])
    components = ([0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2])  # LAMMPS' order: xx yy zz xy xz yz
    return {
        "energy": float(potential.results["energy"]),
        "forces": np.asarray(potential.results["forces"]).tolist(),
        "energies": np.asarray(potential.results["energies"]).tolist(),
        "virial": v[components].tolist(),
        "virials": virials[:, components[0], components[1]].tolist(),
    }


def main() -> None:
    request = json.load(sys.stdin)
    answers = [evaluate(step["structure"], step["xml"], step["arguments"]) for step in request["steps"]]
    print(json.dumps(answers), flush=True)
    os._exit(0)  # quippy may abort when the interpreter ends


main()
