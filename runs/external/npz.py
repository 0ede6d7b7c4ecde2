"""Energies in named arrays of NumPy (npz): of one run, or of a temperature ladder with a rung per row."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deckgen.errors import InputError
from deckgen.runs.external.names import named
from deckgen.runs.external.run import ExternalRun
from deckgen.runs.external.series import energy_column, from_columns
from deckgen.runs.external.source import LARGEST_BYTES, Source
from deckgen.runs.external.units import STYLES, agreed_style, named_energy_eV

__all__ = ["is_npz", "npz_rungs_K", "read_npz"]

ZIP = (b"PK\x03\x04", b"PK\x05\x06")
RUNGS = ("temperatures_K", "temperatures", "T_K", "T_k", "temperature_K", "temperature")
UNITS = ("units", "energy_units", "unit", "energy_unit")
N_ATOMS = ("n_atoms", "natoms")
N_ROWS = ("N_k", "n_k")
SAME = 1e-4
"""Two temperatures are one if they differ by less than this fraction."""

Arrays = Mapping[str, NDArray[Any]]


def is_npz(source: Source) -> bool:
    """Return whether a file is an archive of arrays."""
    return source.data.startswith(ZIP)


def read_npz(source: Source) -> ExternalRun:
    """Read named arrays; see `read_log_energies`."""
    arrays = _arrays(source)
    energy = _energy(source, arrays)
    row = _row(source, arrays, energy)
    columns = {
        name: _numbers(source, arrays, name, row, energy)
        for name in arrays
        if named(name) and name != _rungs_name(arrays, energy)
    }
    n_atoms = _n_atoms(source, _first(arrays, N_ATOMS))
    unit, names, series = _first(arrays, UNITS), list(columns), list(columns.values())
    said = named(energy)
    if unit is not None and str(unit) in (*STYLES, "lj"):
        source = replace(source, units=agreed_style(source.path, str(unit), source.units).name)
    elif unit is not None and said is not None and said.unit is None:
        names[names.index(energy)] = f"{energy} ({unit})"
    elif unit is not None and said is not None and said.factor != named_energy_eV(str(unit)):
        raise InputError(f"{source.path}: {energy} is not in units {unit}, as the file says", hint="correct the one")
    return from_columns(source, names, series.__getitem__, n_atoms=n_atoms)


def npz_rungs_K(source: Source) -> tuple[float, ...]:
    """Return the temperatures that a file has energies at; none where it does not say.

    Raises
    ------
    InputError
        If the file is not an archive of arrays with potential energies.
    """
    arrays = _arrays(source)
    rungs = _rungs(source, arrays, _energy(source, arrays))
    return () if rungs is None else tuple(rungs.tolist())


def _arrays(source: Source) -> Arrays:
    """Return the arrays whose names say what they are."""
    others = {*RUNGS, *UNITS, *N_ATOMS, *N_ROWS}
    try:
        with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
            if sum(member.file_size for member in archive.infolist()) > LARGEST_BYTES:
                raise InputError(f"{source.path}: more than {LARGEST_BYTES // 10**9} GB when it is unpacked")
        with np.load(io.BytesIO(source.data), allow_pickle=False) as file:
            if not any(map(named, file.files)):
                raise InputError(
                    f"{source.path}: no potential energies among its arrays: {', '.join(file.files) or 'none'}",
                    hint="name them potential_energy_eV, or potential_energy beside an array units",
                )
            return {name: np.asarray(file[name]) for name in file.files if named(name) or name in others}
    except (OSError, ValueError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            f"{source.path}: not an archive of arrays ({error})", hint="write it by: numpy.savez(file, name=array)"
        ) from error


def _energy(source: Source, arrays: Arrays) -> str:
    """Return the name of the potential energies: (n,), or (K, n) for K rungs."""
    names = list(arrays)
    place = energy_column(names)
    if place is None:
        raise InputError(
            f"{source.path}: no potential energies among its arrays: {', '.join(names)}",
            hint="name them potential_energy_eV, or potential_energy beside an array units",
        )
    if arrays[names[place]].ndim not in (1, 2) or arrays[names[place]].size == 0:
        raise InputError(
            f"{source.path}: {names[place]} has the shape {arrays[names[place]].shape}",
            hint="give (n,) for one run, or (K, n) beside temperatures_K (K,)",
        )
    return names[place]


def _rungs_name(arrays: Arrays, energy: str) -> str | None:
    """Return the name of the ladder; an array as large as the energies is the kinetic temperature."""
    return next((name for name in RUNGS if name in arrays and arrays[name].shape != arrays[energy].shape), None)


def _rungs(source: Source, arrays: Arrays, energy: str) -> NDArray[np.float64] | None:
    name, shape = _rungs_name(arrays, energy), arrays[energy].shape
    wanted = shape[0] if len(shape) == 2 else 1
    if name is None:
        if len(shape) == 2:
            raise InputError(
                f"{source.path}: {energy} has the shape {shape} and no array has the {wanted} temperatures",
                hint="name it temperatures_K, a rung per row of the energies",
            )
        return None
    rungs = np.atleast_1d(arrays[name])
    if rungs.dtype.kind not in "fiu" or rungs.shape != (wanted,):
        raise InputError(
            f"{source.path}: {name} has the shape {arrays[name].shape} for energies of the shape {shape}",
            hint="give one temperature per row of the energies: (K,) and (K, n)",
        )
    return rungs.astype(float)


def _row(source: Source, arrays: Arrays, energy: str) -> int | None:
    """Return the row of the rung that is asked for; None where the file is one run."""
    rungs = _rungs(source, arrays, energy)
    if rungs is None:
        return None
    given = source.temperature_K
    if given is None:
        raise InputError(f"{source.path}: it has rungs of its own", hint=f"choose one of {_listed(rungs)} K")
    found = np.flatnonzero(np.isclose(rungs, given, rtol=SAME, atol=0))
    if len(found) != 1:
        many = f"{len(found)} rungs" if len(found) else "no rung"
        raise InputError(
            f"{source.path}: {many} at {given:g} K; its temperatures are {_listed(rungs)} K",
            hint="give the temperature of a rung; replicas of one rung go into one file each",
        )
    return int(found[0]) if arrays[energy].ndim == 2 else None


def _numbers(source: Source, arrays: Arrays, name: str, row: int | None, energy: str) -> NDArray[np.float64]:
    """Return an array of the run: its row of a ladder's, or one that all rungs share; cut to the rung's own length."""
    values, shape = arrays[name], arrays[energy].shape
    if values.dtype.kind not in "fiu" or values.shape not in (shape, shape[-1:]):
        raise InputError(
            f"{source.path}: {name} ({values.dtype}) has the shape {values.shape}, the energies have {shape}",
            hint="give one number per energy",
        )
    n_rows = next((arrays[key] for key in N_ROWS if key in arrays), None)
    if row is None:
        return values.astype(float)
    fits = n_rows is None or (n_rows.dtype.kind in "iu" and n_rows.shape == shape[:1] and 0 < n_rows[row] <= shape[1])
    if not fits:
        raise InputError(
            f"{source.path}: N_k does not fit energies of the shape {shape}", hint="give the rows per rung"
        )
    mine = values[row] if values.shape == shape else values
    return mine[: None if n_rows is None else int(n_rows[row])].astype(float)


def _n_atoms(source: Source, said: Any) -> int | None:
    if said is not None and not (isinstance(said, int) and not isinstance(said, bool) and said > 1):
        raise InputError(f"{source.path}: n_atoms is {said!r}", hint="give the number of atoms of the cluster")
    return said


def _first(arrays: Arrays, names: Iterable[str]) -> Any:
    """Return the value of the first of these names that holds one; None without any."""
    return next((arrays[name].item() for name in names if name in arrays and arrays[name].size == 1), None)


def _listed(rungs: NDArray[np.float64]) -> str:
    return ", ".join(f"{T:g}" for T in rungs)
