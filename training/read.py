"""Reading labelled frames from extended XYZ, vasprun.xml, OUTCAR and ASE databases into one checked data set."""

from __future__ import annotations

import glob
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.db import connect
from numpy.typing import NDArray

from deckgen.cells import freed
from deckgen.errors import InputError
from deckgen.findings import Finding
from deckgen.reference.vasp import is_output, read_output
from deckgen.structures import read_structures
from deckgen.training.dataset import DEFAULT_TYPE, Dataset, LabelledFrame, bare, joined_isolated
from deckgen.training.e0 import e0_of
from deckgen.training.findings import about_net_forces, about_settings, listed, without_duplicates
from deckgen.training.recipe.data import Data

__all__ = ["Reading", "read_data"]

REFERENCE_KEY = "reference"
"""Name of the key for the calculator and the settings that made a label."""

_XYZ = {".xyz", ".extxyz"}
_DATABASES = {".db", ".json"}


@dataclass(frozen=True, eq=False)
class Reading:
    """A data set, and warnings about what was read."""

    dataset: Dataset
    findings: tuple[Finding, ...]


@dataclass(frozen=True, eq=False)
class _Raw:
    """A frame as read: perhaps periodic, perhaps without labels; `fault` is what is wrong with it.

    `known` are the names of the numbers in the file.
    """

    atoms: Atoms
    energy_eV: float | None
    forces_eV_A: NDArray[np.float64] | None
    fault: str = ""
    known: tuple[str, ...] = ()


@dataclass(eq=False)
class _Collected:
    frames: list[LabelledFrame] = field(default_factory=list)
    isolated: list[dict[str, float]] = field(default_factory=list)
    left_out: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    periodic: list[str] = field(default_factory=list)
    settings: dict[str, dict[str, str]] = field(default_factory=dict)


def read_data(data: Data, folder: Path) -> Reading:
    """Read the labelled frames that the table [data] names, and check them.

    Frames without labels, with labels that are not finite or did not converge, and frames that occur twice are left
    out with a finding. A cluster in a periodic box becomes a free one.

    Parameters
    ----------
    data
        The table [data] of gap.toml.
    folder
        The folder that its files are relative to.

    Raises
    ------
    InputError
        If a file is missing or cannot be read, has no usable frame, was made with settings that cannot be mixed with
        those of the others, or if e0 has no value for an element.
    """
    found = _Collected()
    for path in _files(data, folder):
        name = _name(path, folder)
        raws = list(_raw_frames(path, name, data, found))
        for index, raw in enumerate(raws):
            _collect(found, raw, data, name, index)
        if all(_fault(raw) for raw in raws):
            raise _nothing_labelled(name, data, raws)
    frames, findings = without_duplicates(found.frames)
    dataset = Dataset(tuple(frames), joined_isolated(found.isolated))
    e0_of(dataset, data.e0)
    findings = _about_collected(found) + findings + about_net_forces(frames) + about_settings(found.settings)
    return Reading(dataset, tuple(findings))


def _files(data: Data, folder: Path) -> Iterator[Path]:
    for pattern in data.files:
        if glob.has_magic(str(pattern)):
            matched = sorted(Path(name) for name in glob.glob(str(folder / pattern), recursive=True))
            if not matched:
                raise InputError(f'[data] files: no file matches "{pattern}" in {folder}')
            yield from matched
        elif not (folder / pattern).is_file():
            raise InputError(f"[data] files: {folder / pattern}: no such file")
        else:
            yield folder / pattern


def _name(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _raw_frames(path: Path, name: str, data: Data, found: _Collected) -> Iterator[_Raw]:
    """Yield the frames of one file, labelled or not."""
    if is_output(path):
        run = read_output(path)
        found.settings[name] = run.settings
        for step in run.steps:
            yield _Raw(step.atoms, step.energy_eV, step.forces_eV_A, "" if step.converged else "did not converge")
    elif path.suffix in _DATABASES:
        yield from _from_database(path, name)
    elif path.suffix in _XYZ:
        yield from _from_xyz(path, name, data)
    else:
        known = ", ".join(sorted(_XYZ | _DATABASES))
        raise InputError(f"[data] files: {name}: unknown kind of file", hint=f"known are vasprun.xml, OUTCAR, {known}")


def _from_xyz(path: Path, name: str, data: Data) -> Iterator[_Raw]:
    try:
        for atoms in read_structures(path, kind="extxyz"):
            # ASE moves what it knows by name (energy, free_energy, forces) into a calculator's results
            results = atoms.calc.results if atoms.calc is not None else {}
            info = dict(atoms.info)
            energy = info.pop(data.energy_key, results.get(data.energy_key))
            forces = atoms.arrays.get(data.forces_key, results.get(data.forces_key))
            yield _Raw(bare(atoms, info), _number(energy), forces, known=(*results, *atoms.arrays))
    except InputError as error:
        raise InputError(f"{name}: not extended XYZ ({error.message})") from error


def _from_database(path: Path, name: str) -> Iterator[_Raw]:
    try:
        for row in connect(path).select():
            results = row.toatoms().calc.results if row.get("calculator") else {}
            energy = results.get("free_energy", results.get("energy"))
            info = {**row.key_value_pairs, "row": row.id}
            yield _Raw(bare(row.toatoms(), info), _number(energy), results.get("forces"))
    except Exception as error:  # sqlite3's and ASE's readers raise what they like
        raise InputError(f"{name}: not an ASE database ({type(error).__name__}: {error})") from error


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _collect(found: _Collected, raw: _Raw, data: Data, name: str, index: int) -> None:
    """Sort a frame: a labelled frame, an isolated atom, or one to leave out."""
    place = f"{name}:{index}"
    if fault := _fault(raw):
        found.left_out[fault].append(place)
        return
    assert raw.energy_eV is not None
    if len(raw.atoms) == 1:
        found.isolated.append({str(raw.atoms.symbols[0]): raw.energy_eV})
        return
    atoms = freed(raw.atoms) or raw.atoms
    if atoms.pbc.any():
        found.periodic.append(place)
    info = atoms.info
    if reference := info.get(REFERENCE_KEY):
        found.settings.setdefault(f"{name} ({reference})", {REFERENCE_KEY: str(reference)})
    frame = LabelledFrame(
        atoms=atoms,
        energy_eV=raw.energy_eV,
        forces_eV_A=np.asarray(raw.forces_eV_A, dtype=float),
        source=str(info.pop("source", place)),
        trajectory=str(info.pop(data.trajectory_key, name)),
        config_type=str(info.pop("config_type", DEFAULT_TYPE)),
    )
    found.frames.append(frame)


def _fault(raw: _Raw) -> str:
    """Return why a frame cannot be used; empty where it can."""
    if raw.fault:
        return raw.fault
    if raw.energy_eV is None:
        return "have no energy"
    if raw.forces_eV_A is None:
        return "" if len(raw.atoms) == 1 else "have no forces"
    numbers = (raw.energy_eV, raw.forces_eV_A, raw.atoms.positions)
    return "" if all(np.isfinite(values).all() for values in numbers) else "have numbers that are not finite"


def _nothing_labelled(name: str, data: Data, raws: list[_Raw]) -> InputError:
    if not raws:
        return InputError(f"{name}: there is no frame in it")
    faults = listed(sorted({_fault(raw) for raw in raws}))
    known = listed(sorted({key for raw in raws for key in (*raw.atoms.info, *raw.known)}))
    hint = f'[data] energy_key = "{data.energy_key}", forces_key = "{data.forces_key}"; its frames have: {known}'
    return InputError(f"{name}: no frame can be used, they {faults}", hint=hint if known else "")


def _about_collected(found: _Collected) -> list[Finding]:
    findings = [
        Finding("left_out", f"{len(places)} frames {fault} and were left out: {listed(places)}")
        for fault, places in found.left_out.items()
    ]
    if found.periodic:
        message = f"{len(found.periodic)} frames are periodic, with no vacuum around a free cluster"
        findings.append(Finding("periodic", f"{message}: {listed(found.periodic)}"))
    return findings
