"""Potential energies of a run made elsewhere, in whatever format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from deckgen.errors import InputError
from deckgen.runs.external.columns import read_columns
from deckgen.runs.external.extxyz import is_extxyz, read_extxyz
from deckgen.runs.external.log import is_log, read_log
from deckgen.runs.external.npz import is_npz, npz_rungs_K, read_npz
from deckgen.runs.external.run import ExternalRun
from deckgen.runs.external.source import Source
from deckgen.runs.external.trajectory import is_trajectory, read_trajectory
from deckgen.runs.external.xvg import is_gromacs, is_xvg, read_gromacs, read_xvg

__all__ = ["read_log_energies", "rungs_of"]

Recognises = Callable[[Source], bool]
Reads = Callable[[Source], ExternalRun]

FORMATS: tuple[tuple[Recognises, Reads], ...] = (
    # binary ones first: the others look at lines
    (is_npz, read_npz),
    (is_trajectory, read_trajectory),
    (is_gromacs, read_gromacs),
    (is_log, read_log),
    (is_xvg, read_xvg),
    (is_extxyz, read_extxyz),
)
"""The first that recognises a file reads it, or refuses it by name; what none does is columns of text."""


def read_log_energies(
    path: str | Path, *, units: str | None = None, n_atoms: int | None = None, temperature_K: float | None = None
) -> ExternalRun:
    """Read the potential energies of one run at one temperature.

    Parameters
    ----------
    path
        A file of docs/results.md's table, also compressed by gzip:
        a LAMMPS log whose thermo output has `step` and `pe` (columns or YAML, any number of `run` commands);
        one column of energies in eV;
        columns, separated by blanks, commas, semicolons or tabs, under a header (with or without `#`) that names
        `potential_energy_eV`, `PotEng` (eV) or an energy with its unit, as `Potential (kJ/mol)`, and `step` or
        `time_ps` if it can, such as deckgen's own energies.dat;
        the output of LAMMPS' `fix ave/time`, which does not state its units;
        the output of `gmx energy` (xvg);
        named arrays of NumPy (npz), of one run or with a rung per row beside `temperatures_K`;
        a trajectory of ASE, or extended XYZ whose frames have `energy` (eV).
    units
        Style of LAMMPS' `units` that the energies are in, where the file does not state it.
    n_atoms
        Atoms in the cluster, for energies per atom in a file that does not tell.
    temperature_K
        At which the run was made: chooses the rung in a file of several.

    Raises
    ------
    InputError
        If the file cannot be read, has no potential energies, has them in units that are unknown, contradict `units` or
        have no scale, has no such rung, or its rows are not evenly spaced.
    """
    source = Source(Path(path), temperature_K, units, n_atoms)
    read = next((read for recognises, read in FORMATS if recognises(source)), read_columns)
    run = read(source)
    if not np.isfinite(run.potential_energy_eV).all():
        raise InputError(f"{path}: some potential energies are not finite", hint="the run has failed; leave it out")
    return run


def rungs_of(path: str | Path) -> tuple[float, ...]:
    """Return the temperatures (K) that a file of several rungs names; none where it does not name any.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    source = Source(Path(path))
    return npz_rungs_K(source) if is_npz(source) else ()
