"""Energies of the frames of a trajectory of ASE (.traj), in eV."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from ase import Atoms
from ase import units as ase_units
from ase.io.trajectory import TrajectoryReader

from deckgen.errors import InputError
from deckgen.runs.external.run import ExternalRun
from deckgen.runs.external.series import from_columns
from deckgen.runs.external.source import Source

__all__ = ["is_trajectory", "read_trajectory"]

ULM = b"- of Ulm"
MD, MINIMISATION = "molecular-dynamics", "optimization"


def is_trajectory(source: Source) -> bool:
    """Return whether a file is one of ASE's binary ones."""
    return source.data.startswith(ULM)


def read_trajectory(source: Source) -> ExternalRun:
    """Read the energies of the frames, and the temperature of their momenta; see `read_log_energies`."""
    try:
        with TrajectoryReader(io.BytesIO(source.data)) as file:
            run = _run(file)
            frames = list(file)
    except Exception as error:  # whatever ASE comes across
        raise InputError(
            f"{source.path}: not a trajectory of ASE ({type(error).__name__}: {error})",
            hint="write the frames again: ase.io.write('frames.extxyz', frames)",
        ) from error
    sizes = sorted({len(atoms) for atoms in frames})
    if run.get("type") == MINIMISATION or len(sizes) != 1:
        what = "a minimisation" if run.get("type") == MINIMISATION else f"frames of {sizes or 'no'} atoms"
        raise InputError(f"{source.path}: {what}, not a run at one temperature", hint="give the frames of one run")
    columns = {"potential_energy_eV": np.array([_energy(source, k, atoms) for k, atoms in enumerate(frames)])}
    if all(atoms.has("momenta") for atoms in frames):
        columns["temperature_K"] = np.array([_temperature_K(atoms) for atoms in frames])
    if run.get("type") == MD:
        columns |= _clock(run, frames)
    series = list(columns.values())
    read = from_columns(source, list(columns), series.__getitem__, n_atoms=sizes[0])
    set_K = _positive(run, "temperature_K")
    return replace(read, thermostats_K=frozenset({(set_K, set_K)})) if set_K else read


def _run(file: TrajectoryReader) -> Mapping[str, Any]:
    """Return what the trajectory says of the run that wrote it; nothing where it was written by hand."""
    said = file.description if len(file) else None
    return said if isinstance(said, dict) else {}


def _positive(run: Mapping[str, Any], key: str) -> float | None:
    value = run.get(key)
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < np.inf
    return float(value) if fits and value is not None else None


def _energy(source: Source, k: int, atoms: Atoms) -> float:
    """Return the energy that the forces belong to: the free energy where there is one."""
    results = atoms.calc.results if atoms.calc is not None else {}
    energy: Any = results.get("free_energy", results.get("energy"))
    try:
        return float(energy)
    except (TypeError, ValueError):
        raise InputError(
            f"{source.path}: frame {k} has no energy", hint="write the trajectory of atoms with a calculator"
        ) from None


def _temperature_K(atoms: Atoms) -> float:
    """Return the kinetic temperature as LAMMPS has it: of 3N - 3 degrees of freedom."""
    return float(2 * atoms.get_kinetic_energy() / (3 * max(len(atoms), 2) - 3) / ase_units.kB)


def _clock(run: Mapping[str, Any], frames: list[Atoms]) -> dict[str, np.ndarray]:
    """Return the steps, and times where known: ASE writes the frame that a run resumes from again, without its step."""
    seen = dict[bytes, int]()
    steps: list[int] = []
    for atoms in frames:
        following = steps[-1] + 1 if steps else 0
        steps.append(seen.get(_key(atoms), following))
        seen[_key(atoms)] = steps[-1]
    stride, timestep, count = _positive(run, "interval"), _positive(run, "timestep"), np.array(steps, dtype=float)
    if stride is None or timestep is None:
        return {"step": count}
    return {"step": stride * count, "time_fs": stride * count * timestep / ase_units.fs}


def _key(atoms: Atoms) -> bytes:
    return bytes(atoms.positions.tobytes() + atoms.get_momenta().tobytes())
