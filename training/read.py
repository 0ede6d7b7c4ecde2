"""Reading labelled frames from the files that [data] names into one checked data set, and an account of each frame."""

from __future__ import annotations

import glob
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from deckgen.cells import freed, image_distance_A
from deckgen.errors import InputError
from deckgen.findings import Finding
from deckgen.summaries import Summarised, Summary
from deckgen.training.dataset import DEFAULT_TYPE, ISOLATED, Dataset, LabelledFrame, joined_isolated
from deckgen.training.e0 import e0_of
from deckgen.training.findings import (
    about_net_forces,
    about_outliers,
    about_settings,
    about_two_energies,
    listed,
    without_duplicates,
)
from deckgen.training.formats.files import raw_file
from deckgen.training.formats.raw import RawFrame
from deckgen.training.recipe.data import Data

__all__ = ["REFERENCE_KEY", "Reading", "read_data"]

REFERENCE_KEY = "reference"
"""Name of the key for the calculator and the settings that made a label."""

ISOLATED_A = 8.0
"""An atom this far from its images is isolated: no solid has such a distance, not even an expanded one."""

REPEATED = "occur more than once"


@dataclass(frozen=True, eq=False, repr=False)
class Reading(Summarised):
    """A data set, warnings about what was read, and what became of every frame.

    Attributes
    ----------
    dataset
        The frames that can be used, and the isolated atoms.
    findings
        Warnings.
    n_read
        Frames in the files: those of the data set, `n_isolated` and all of `left_out`.
    n_isolated
        Frames of isolated atoms.
    left_out
        Number of frames left out, by the reason.
    """

    dataset: Dataset
    findings: tuple[Finding, ...]
    n_read: int = 0
    n_isolated: int = 0
    left_out: dict[str, int] = field(default_factory=dict)

    def summary(self) -> Summary:
        """Return what the data set has."""
        found = self.dataset.summary()
        return Summary(found.title, found.head, found.rows, [one.message for one in self.findings])


@dataclass(eq=False)
class _Collected:
    frames: list[LabelledFrame] = field(default_factory=list)
    isolated: list[dict[str, float]] = field(default_factory=list)
    left_out: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    periodic: list[str] = field(default_factory=list)
    set_aside_eV_atom: dict[str, float] = field(default_factory=dict)
    settings: dict[str, dict[str, str]] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    n_read: int = 0


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
        those of the others, a key is named that no frame has, or e0 has no value for an element.
    """
    found = _Collected()
    for path in _files(data, folder):
        _collect_file(found, path, _name(path, folder), data)
    _check_trajectory_key(found, data)
    frames, repeated = without_duplicates(found.frames)
    dataset = Dataset(tuple(frames), joined_isolated(found.isolated))
    e0_of(dataset, data.e0)
    left_out = {fault: len(places) for fault, places in found.left_out.items()}
    if len(frames) < len(found.frames):
        left_out[REPEATED] = len(found.frames) - len(frames)
    findings = [
        *_about_collected(found),
        *repeated,
        *about_two_energies(found.set_aside_eV_atom, data.energy_key),
        *about_outliers(dataset),
        *about_net_forces(frames),
        *about_settings(found.settings),
    ]
    return Reading(dataset, tuple(findings), found.n_read, len(found.isolated), left_out)


def _files(data: Data, folder: Path) -> Iterator[Path]:
    for pattern in data.files:
        if glob.has_magic(str(pattern)):
            matched = sorted(Path(name) for name in glob.glob(str(folder / pattern), recursive=True))
            if not matched:
                raise InputError(f'[data] files: no file matches "{pattern}" in {folder}')
            yield from matched
        elif not (folder / pattern).exists():
            raise InputError(f"[data] files: {folder / pattern}: no such file")
        else:
            yield folder / pattern


def _name(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _collect_file(found: _Collected, path: Path, name: str, data: Data) -> None:
    file = raw_file(path, name, data)
    if file.settings:
        found.settings[name] = file.settings
    faults, keys, index = set[str](), set[str](), -1
    used = False
    for index, raw in enumerate(file.frames):
        keys |= {*raw.atoms.info, *raw.known}
        if fault := raw.why_not:
            found.left_out[fault].append(f"{name}:{index}")
            faults.add(fault)
        else:
            used = True
            _collect(found, raw, data, name, index)
    found.n_read += index + 1
    found.keys |= keys
    if not used:
        raise _nothing_usable(name, data, faults, keys)


def _collect(found: _Collected, raw: RawFrame, data: Data, name: str, index: int) -> None:
    """Take a frame that can be used: a labelled frame, or an isolated atom."""
    assert raw.energy_eV is not None
    place = f"{name}:{index}"
    if raw.set_aside_eV is not None:
        found.set_aside_eV_atom[place] = (raw.set_aside_eV - raw.energy_eV) / len(raw.atoms)
    if _is_isolated(raw):
        found.isolated.append({str(raw.atoms.symbols[0]): raw.energy_eV})
        return
    assert raw.forces_eV_A is not None
    atoms = (freed(raw.atoms) if len(raw.atoms) > 1 else None) or raw.atoms
    if atoms.pbc.any():
        found.periodic.append(place)
    info = atoms.info
    if reference := info.get(REFERENCE_KEY):
        found.settings.setdefault(f"{name} ({reference})", {REFERENCE_KEY: str(reference)})
    frame = LabelledFrame(
        atoms=atoms,
        energy_eV=raw.energy_eV,
        forces_eV_A=raw.forces_eV_A,
        source=str(info.pop("source", place)),
        trajectory=str(info.pop(data.trajectory_key, name)),
        config_type=str(info.pop("config_type", DEFAULT_TYPE)),
    )
    found.frames.append(frame)


def _is_isolated(raw: RawFrame) -> bool:
    """Return whether a frame is an isolated atom: a crystal may have one atom in its cell, too."""
    if len(raw.atoms) != 1:
        return False
    kind = str(raw.atoms.info.get("config_type", "")).replace("_", "").lower()
    return kind == ISOLATED.replace("_", "") or image_distance_A(raw.atoms) >= ISOLATED_A


def _check_trajectory_key(found: _Collected, data: Data) -> None:
    named = "trajectory_key" in data.model_fields_set and data.trajectory_key != Data().trajectory_key
    if named and data.trajectory_key not in found.keys:
        raise InputError(
            f'[data] trajectory_key = "{data.trajectory_key}": no frame has it',
            hint=f"the frames have: {', '.join(sorted(found.keys)) or 'no keys at all'}",
        )


def _nothing_usable(name: str, data: Data, faults: set[str], keys: set[str]) -> InputError:
    if not faults:
        return InputError(f"{name}: there is no frame in it")
    hint = f'[data] energy_key = "{data.energy_key}", forces_key = "{data.forces_key}"; its frames have: '
    return InputError(
        f"{name}: no frame can be used, they {listed(sorted(faults))}",
        hint=hint + ", ".join(sorted(keys)) if keys else "",
    )


def _about_collected(found: _Collected) -> list[Finding]:
    findings = [
        Finding("left_out", f"{len(places)} frames {fault} and were left out: {listed(places)}")
        for fault, places in found.left_out.items()
    ]
    if found.periodic:
        message = f"{len(found.periodic)} frames are periodic, with no vacuum around a free cluster"
        findings.append(Finding("periodic", f"{message}: {listed(found.periodic)}"))
    return findings
