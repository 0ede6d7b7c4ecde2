"""From named columns of numbers to a run: the checks that every format shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deckgen.errors import InputError
from deckgen.runs.external.names import Name, Quantity, named
from deckgen.runs.external.run import (
    ENERGY_NAMES,
    ExternalRun,
    evenly_spaced,
    first_named,
    of_the_cluster,
)
from deckgen.runs.external.source import Source
from deckgen.runs.external.units import STYLES, agreed_style

__all__ = ["energy_column", "from_columns"]

Array = NDArray[np.float64]

WHOLE = 0.02
"""Times may be off whole multiples of their interval by this fraction of it: they were rounded."""

LARGEST_STEP = 2**53


def energy_column(names: Sequence[str]) -> int | None:
    """Return the column of potential energies among columns of these names; None without any."""
    found = first_named(tuple(names), ENERGY_NAMES)
    return found if found is not None else _first(names, "energy")


def from_columns(
    source: Source, names: Sequence[str], column: Callable[[int], Array], *, n_atoms: int | None = None
) -> ExternalRun:
    """Return the run that named columns hold.

    Parameters
    ----------
    source
        The file, and what the user says of it.
    names
        Of the columns; those that name no known quantity are not read.
    column
        Returns a column (n,) by its place among the names.
    n_atoms
        Atoms in the cluster, where the file says.

    Raises
    ------
    InputError
        If there is no column of energies, a unit is not known, the steps are not whole, or the rows not evenly spaced.
    """
    place = energy_column(names)
    if place is None:
        listed = ", ".join(names) or "none"
        raise InputError(
            f"{source.path}: no potential energies among its columns: {listed}",
            hint="name them potential_energy_eV, or by their unit: potential (kJ/mol). A total energy will not do",
        )
    energy = named(names[place]) or Name("energy")
    unit, factor = _unit(source, names[place], energy)
    energies = column(place) * factor
    if energy.per_atom:
        energies = of_the_cluster(source.path, energies, n_atoms or source.n_atoms, "the file")
    temperature = _first(names, "temperature")
    if temperature is not None:
        _known_unit(source.path, names[temperature])
    step, interval_ps = _clock(source.path, names, column)
    kept = np.ones(len(energies), dtype=bool) if step is None else evenly_spaced(source.path, step)
    return ExternalRun(
        potential_energy_eV=energies[kept],
        units=unit,
        step=step[kept] if step is not None and _first(names, "step") is not None else None,
        interval_ps=interval_ps,
        temperature_K=None if temperature is None else column(temperature)[kept],
        n_atoms=n_atoms,
        per_atom=energy.per_atom,
        dropped_rows=int((~kept).sum()),
    )


def _first(names: Sequence[str], quantity: Quantity) -> int | None:
    found = ((place, named(name)) for place, name in enumerate(names))
    return next((place for place, name in found if name is not None and name.quantity == quantity), None)


def _known_unit(path: Path, name: str) -> float | None:
    """Return the unit that a column's name states, in eV, K or ps; None where it states none."""
    said = named(name)
    if said is not None and said.unit is not None and said.factor is None:
        raise InputError(
            f"{path}: the unit of {name} is not known",
            hint="energies in eV, meV, kJ/mol, kcal/mol, Hartree, Ry or J, temperatures in K, times in fs, ps or ns",
        )
    return None if said is None else said.factor


def _unit(source: Source, name: str, energy: Name) -> tuple[str, float]:
    """Return the unit of a column and its value in eV: stated in its name, or given, or eV for the names of old."""
    factor = _known_unit(source.path, name)
    if energy.unit is not None and factor is not None:
        given = None if source.units is None else agreed_style(source.path, None, source.units)
        if given is not None and not np.isclose(given.energy_eV, factor):
            raise InputError(
                f"{source.path}: {name} is not in units {source.units}", hint="leave out --units, or correct it"
            )
        return energy.unit, factor
    if source.units is None and name in ENERGY_NAMES:
        return "eV", STYLES["metal"].energy_eV
    style = agreed_style(source.path, None, source.units)
    return style.name, style.energy_eV


def _clock(
    path: Path, names: Sequence[str], column: Callable[[int], Array]
) -> tuple[NDArray[np.int_] | None, float | None]:
    """Return steps, or times as multiples of their interval, with that interval in ps; None for what is not known."""
    step, time = _first(names, "step"), _first(names, "time")
    times = np.empty(0) if time is None else column(time)
    unit_ps = None if time is None else _known_unit(path, names[time])
    interval = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    interval_ps = interval * unit_ps if unit_ps is not None and interval > 0 else None
    if step is not None:
        return _whole_steps(path, names[step], column(step)), interval_ps
    if time is None or len(times) < 2:
        return None, None
    count = (times - times[0]) / interval if interval > 0 else np.full(len(times), np.nan)
    if not (np.abs(count - np.rint(count)) < WHOLE).all():
        raise InputError(
            f"{path}: the times in {names[time]} are not evenly spaced",
            hint="give the part of the run that was sampled evenly",
        )
    return np.rint(count).astype(int), interval_ps


def _whole_steps(path: Path, name: str, steps: Array) -> NDArray[np.int_]:
    if not ((steps == np.rint(steps)) & (np.abs(steps) < LARGEST_STEP)).all():
        raise InputError(
            f"{path}: the column {name} does not hold whole numbers",
            hint="if it is a time, name it by its unit: time_ps",
        )
    return steps.astype(int)
