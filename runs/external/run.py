"""What a file holds of one run, and which of its rows count."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deckgen.errors import InputError
from deckgen.frames import surviving

__all__ = [
    "ENERGY_NAMES",
    "STEP_NAMES",
    "TEMPERATURE_NAMES",
    "ExternalRun",
    "evenly_spaced",
    "first_named",
    "numbers",
    "of_the_cluster",
]

Array = NDArray[np.float64]

ENERGY_NAMES = ("potential_energy_eV", "PotEng", "pe", "c_pe", "v_pe", "c_thermo_pe")
STEP_NAMES = ("step", "Step", "TimeStep")
TEMPERATURE_NAMES = ("kinetic_temperature_K", "Temp", "temp", "temperature", "Temperature", "c_thermo_temp")


@dataclass(frozen=True, eq=False)
class ExternalRun:
    """What a file holds of one run.

    Parameters
    ----------
    potential_energy_eV : (n,)
        Of the whole cluster, in order of time, evenly spaced.
    units
        In which units the file has them: a style of LAMMPS or the unit that a header states.
    step : (n,) or None
        Steps, where the file has them.
    interval_ps
        Time between two rows; None where the file does not tell.
    temperature_K : (n,) or None
        Kinetic temperature as the file has it, of whatever degrees of freedom were counted.
    thermostats_K
        Temperatures that thermostats were set to, at the beginning and at the end of each command `run`.
    n_atoms
        None where the file does not tell.
    per_atom
        Whether the file has energies per atom; `potential_energy_eV` is multiplied by `n_atoms` then.
    dropped_rows
        Rows left out: minimisations, what a resumed run went over again, and rows off the even spacing.
    """

    potential_energy_eV: Array
    units: str
    step: NDArray[np.int_] | None = None
    interval_ps: float | None = None
    temperature_K: Array | None = None
    thermostats_K: frozenset[tuple[float, float]] = frozenset()
    n_atoms: int | None = None
    per_atom: bool = False
    dropped_rows: int = 0


def first_named(names: tuple[str, ...], wanted: tuple[str, ...]) -> int | None:
    """Return the column of the first of the wanted names that there is; None without any."""
    return next((names.index(name) for name in wanted if name in names), None)


def numbers(line: str) -> tuple[float, ...]:
    """Return the numbers of a row, separated by blanks or commas; none where it has anything else."""
    try:
        return tuple(float(word) for word in line.replace(",", " ").split())
    except ValueError:
        return ()


def of_the_cluster(path: Path, energies: Array, n_atoms: int | None, who: str) -> Array:
    """Return the energies of the whole cluster from those per atom.

    Raises
    ------
    InputError
        If the number of atoms is not known; `who` does not say it.
    """
    if n_atoms is None:
        raise InputError(
            f"{path}: the energies are per atom and {who} does not say of how many atoms",
            hint="give their number: --atoms 55",
        )
    return energies * n_atoms


def evenly_spaced(path: Path, steps: NDArray[np.int_]) -> NDArray[np.bool_]:
    """Return which rows count: those that no resumed run went over again, evenly spaced, each step once.

    Parameters
    ----------
    path
        Named in messages.
    steps : (n,)
        In the order of the file.

    Raises
    ------
    InputError
        If the rows are not evenly spaced.
    """
    kept = surviving(steps)
    if kept.sum() < 3:
        return kept
    # The last step of a run is printed wherever it falls.
    stride = int(np.median(np.diff(steps[kept])))
    kept &= steps % stride == steps[kept][1] % stride
    uneven = np.flatnonzero(np.diff(steps[kept]) != stride)
    if len(uneven):
        step = steps[kept][uneven[0]]
        raise InputError(
            f"{path}: the rows are not evenly spaced after step {step}: most are {stride} steps apart",
            hint="give the part of the run that was sampled evenly",
        )
    return kept
