"""Potential energies of a run made elsewhere, in whatever format."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from deckgen.errors import InputError
from deckgen.runs.external.columns import read_columns
from deckgen.runs.external.log import is_log, read_log
from deckgen.runs.external.run import ExternalRun
from deckgen.runs.external.text import read_lines
from deckgen.runs.external.xvg import is_xvg, read_xvg

__all__ = ["read_log_energies"]


def read_log_energies(path: str | Path, *, units: str | None = None, n_atoms: int | None = None) -> ExternalRun:
    """Read the potential energies of one run at one temperature.

    Parameters
    ----------
    path
        UTF-8 or UTF-16, also compressed by gzip:
        a LAMMPS log whose thermo output has `step` and `pe` (columns or YAML, any number of `run` commands);
        one column of energies in eV;
        columns, separated by blanks or commas, under a header (with or without `#`) that names
        `potential_energy_eV`, `PotEng` (eV) or an energy with its unit, as `potential (kJ/mol)`, and `step` or
        `time_ps` if it can, such as deckgen's own energies.dat;
        the output of LAMMPS' `fix ave/time`, which does not state its units;
        the output of `gmx energy` (xvg).
    units
        Style of LAMMPS' `units` that the energies are in, where the file does not state it.
    n_atoms
        Atoms in the cluster, for energies per atom in a log that does not tell.

    Raises
    ------
    InputError
        If the file cannot be read, has no potential energies, has them in units that are unknown, contradict `units` or
        have no scale, or its rows are not evenly spaced.
    """
    path = Path(path)
    lines = read_lines(path)
    if is_log(lines):
        run = read_log(path, lines, units, n_atoms)
    elif is_xvg(lines):
        run = read_xvg(path, lines, units)
    else:
        run = read_columns(path, lines, units)
    if not np.isfinite(run.potential_energy_eV).all():
        raise InputError(f"{path}: some potential energies are not finite", hint="the run has failed; leave it out")
    return run
