"""Energies of a run made elsewhere, in every format that deckgen reads: what the generated ones begin as."""

from __future__ import annotations

import io
import math
import tempfile
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io.trajectory import TrajectoryWriter

__all__ = ["ELSEWHERE", "ROWS"]


def _arrays(**arrays: object) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def _trajectory(energies: list[float]) -> bytes:
    with tempfile.TemporaryDirectory() as folder, TrajectoryWriter(f"{folder}/md.traj") as file:
        file.set_description({"type": "molecular-dynamics", "interval": 10, "timestep": 0.1, "temperature_K": 100.0})
        for k, energy in enumerate(energies):
            atoms = Atoms("Na2", positions=[[0, 0, 0], [3 + 0.01 * k, 0, 0]])
            atoms.calc = SinglePointCalculator(atoms, energy=energy)
            file.write(atoms)
        return Path(folder, "md.traj").read_bytes()


ROWS = [(step, -1.5 - 0.01 * math.sin(step), 100 + math.cos(step)) for step in range(0, 3000, 100)]
"""Step, potential energy (eV), kinetic temperature (K)."""
_TABLE = "".join(f"{step:8d} {energy:14.8f} {kelvin:10.4f}\n" for step, energy, kelvin in ROWS)
ELSEWHERE: dict[str, tuple[bytes, ...]] = {
    "LAMMPS log": (
        (
            "LAMMPS (22 Jul 2025)\nunits metal\ntimestep 0.002\nfix 1 all nvt temp 100.0 100.0 0.2\n"
            "thermo_modify norm no\nrun 2900\nPer MPI rank memory allocation (min/avg/max) = 1 | 1 | 1 Mbytes\n"
            f"   Step      PotEng       Temp\n{_TABLE}Loop time of 1.5 on 1 procs for 2900 steps with 13 atoms\n"
        ).encode(),
        (
            "units real\n---\nkeywords: ['Step', 'PotEng', 'Temp', ]\ndata:\n"
            + "".join(f"  - [{step}, {energy}, {kelvin}, ]\n" for step, energy, kelvin in ROWS)
            + "...\nLoop time of 1.5 on 1 procs for 2900 steps with 13 atoms\n"
        ).encode(),
    ),
    "columns": (
        ("# step potential_energy_eV kinetic_temperature_K\n" + _TABLE).encode(),
        "".join(f"{energy}\n" for _, energy, _ in ROWS).encode(),
    ),
    "CSV": (
        ("time_ps,potential (kJ/mol)\n" + "".join(f"{0.1 * step:g},{energy}\n" for step, energy, _ in ROWS)).encode(),
        (
            '#"Step","Time (ps)","Potential Energy (kJ/mole)","Speed (ns/day)"\n'
            + "".join(f"{step},{0.1 * step:g},{energy},--\n" for step, energy, _ in ROWS)
        ).encode(),
    ),
    "xvg": (
        (
            '@    xaxis  label "Time (ps)"\n@    yaxis  label "(kJ/mol)"\n@ s0 legend "Potential"\n'
            + "".join(f"{0.1 * step:g} {energy}\n" for step, energy, _ in ROWS)
        ).encode(),
    ),
    "extxyz": (
        "".join(
            f'3\nProperties=species:S:1:pos:R:3 energy={energy} step={step} pbc="F F F"\nNa 0 0 0\nNa 3 0 0\nNa 0 3 0\n'
            for step, energy, _ in ROWS
        ).encode(),
    ),
    "npz": (
        _arrays(potential_energy=[energy for _, energy, _ in ROWS], units="kJ/mol", step=[step for step, _, _ in ROWS]),
        _arrays(potential_energy_eV=2 * [[energy for _, energy, _ in ROWS]], temperatures_K=[100.0, 120.0]),
    ),
    "ASE trajectory": (_trajectory([energy for _, energy, _ in ROWS]),),
}
"""Right files by the name of their format."""
