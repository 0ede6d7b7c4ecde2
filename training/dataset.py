"""The data set: labelled frames and the isolated atoms. What reading, curating, fitting and validating hand on."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from ase import Atoms
from ase.io import iread, write
from numpy.typing import NDArray

from deckgen.errors import InputError
from deckgen.files import whole

__all__ = [
    "ENERGY_KEY",
    "FORCES_KEY",
    "ISOLATED",
    "Dataset",
    "LabelledFrame",
    "bare",
    "e0_of",
    "frame_key",
    "read_dataset",
    "write_dataset",
    "xyz_text",
]

ENERGY_KEY, FORCES_KEY = "REF_energy", "REF_forces"

ISOLATED = "isolated_atom"
"""The config_type of an isolated atom, as gap_fit knows it."""

DEFAULT_TYPE = "default"
ISOLATED_BOX_A = 20.0
SAME_PLACE_DIGITS = 3
SAME_ENERGY_EV = 1e-4


@dataclass(frozen=True, eq=False)
class LabelledFrame:
    """One configuration with its energy and forces.

    Parameters
    ----------
    atoms
        The configuration: no calculator, no arrays beside species and positions; `info` holds what else was known.
    energy_eV
        Free energy, consistent with the forces.
    forces_eV_A : (N, 3)
        Forces.
    source
        Where it was read: "file:index".
    trajectory
        Frames of one MD run share it: a split keeps them on one side.
    config_type
        Kind of configuration, for regularisation by kind.
    """

    atoms: Atoms
    energy_eV: float
    forces_eV_A: NDArray[np.float64]
    source: str
    trajectory: str
    config_type: str = DEFAULT_TYPE

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.atoms)

    @property
    def formula(self) -> str:
        """Chemical formula, such as Na55."""
        return str(self.atoms.get_chemical_formula())


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled frames.

    Parameters
    ----------
    frames
        The frames, without the isolated atoms.
    isolated_eV
        Energy of the isolated atom of each element, as far as it is known.
    """

    frames: tuple[LabelledFrame, ...]
    isolated_eV: dict[str, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.frames)

    def __add__(self, other: Dataset) -> Dataset:
        return Dataset(self.frames + other.frames, joined_isolated([self.isolated_eV, other.isolated_eV]))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Numbers of atoms that occur, sorted."""
        return tuple(sorted({frame.n_atoms for frame in self.frames}))

    @property
    def elements(self) -> tuple[str, ...]:
        """Chemical symbols that occur, sorted."""
        return tuple(sorted({symbol for frame in self.frames for symbol in frame.atoms.symbols}))

    def select(self, indices: Iterable[int]) -> Dataset:
        """Return the frames with these indices, in this order, and the isolated atoms."""
        return Dataset(tuple(self.frames[index] for index in indices), dict(self.isolated_eV))

    def of_size(self, n_atoms: int) -> Dataset:
        """Return the frames of that many atoms, and the isolated atoms."""
        return self.select(index for index, frame in enumerate(self.frames) if frame.n_atoms == n_atoms)


def joined_isolated(parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Join the energies of isolated atoms.

    Raises
    ------
    InputError
        If an element has two energies that differ: labels of different settings.
    """
    joined = dict[str, float]()
    for part in parts:
        for symbol, energy_eV in part.items():
            known = joined.setdefault(symbol, energy_eV)
            if abs(known - energy_eV) > SAME_ENERGY_EV:
                raise InputError(
                    f"the isolated {symbol} atom has two energies, {known:.6f} and {energy_eV:.6f} eV",
                    hint="labels of different settings (spin?) cannot be mixed: keep one of the two frames",
                )
    return joined


def e0_of(dataset: Dataset, choice: Literal["isolated", "average"] | Mapping[str, float]) -> dict[str, float]:
    """Return the energy of each element's atom that a fit subtracts.

    Parameters
    ----------
    dataset
        Labelled frames.
    choice
        "isolated": that of the isolated atom. "average": the least-squares solution of E = sum n_element e0_element per
        atom; of one element this is the mean energy per atom, as in gap_fit. Or the values themselves.

    Raises
    ------
    InputError
        If an element has no value.
    """
    if choice == "average":
        return _average(dataset)
    values = dataset.isolated_eV if choice == "isolated" else dict(choice)
    if missing := [symbol for symbol in dataset.elements if symbol not in values]:
        raise InputError(
            f"[data] e0: no energy of the isolated atom of {', '.join(missing)}",
            hint='add a frame of the single atom to the files, give values (e0 = {Na = -0.24}), or e0 = "average"',
        )
    return {symbol: float(values[symbol]) for symbol in dataset.elements}


def _average(dataset: Dataset) -> dict[str, float]:
    elements = dataset.elements
    counts = np.array([[list(frame.atoms.symbols).count(symbol) for symbol in elements] for frame in dataset.frames])
    if not len(counts):
        raise InputError('[data] e0 = "average" needs at least one frame')
    n_atoms = counts.sum(axis=1)
    energies_eV = np.array([frame.energy_eV for frame in dataset.frames])
    e0_eV, *_ = np.linalg.lstsq(counts / n_atoms[:, None], energies_eV / n_atoms, rcond=None)
    return dict(zip(elements, e0_eV.tolist(), strict=True))


def frame_key(atoms: Atoms) -> str:
    """Return what a configuration is known by: species and positions to 1e-3 angstrom, wherever it is in space."""
    places = np.round(atoms.positions - atoms.positions[0], SAME_PLACE_DIGITS) + 0.0  # no minus zero
    return hashlib.sha256(atoms.numbers.astype("<i8").tobytes() + places.astype("<f8").tobytes()).hexdigest()[:16]


def bare(atoms: Atoms, info: Mapping[str, object] | None = None) -> Atoms:
    """Return the configuration alone: species, positions, cell, pbc; with this `info`, and no calculator."""
    return Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=atoms.pbc, info=dict(info or {}))


def write_dataset(path: Path, dataset: Dataset) -> None:
    """Write a data set as extended XYZ, the isolated atoms first; the file appears whole or not at all."""
    with whole(path) as part, part.open("w", encoding="utf-8") as file:
        for symbol, energy_eV in sorted(dataset.isolated_eV.items()):
            file.write(xyz_text(_isolated(symbol, energy_eV)))
        for frame in dataset.frames:
            file.write(xyz_text(frame))


def _isolated(symbol: str, energy_eV: float) -> LabelledFrame:
    middle = ISOLATED_BOX_A / 2
    atoms = Atoms(symbol, positions=[[middle] * 3], cell=[ISOLATED_BOX_A] * 3)
    return LabelledFrame(atoms, energy_eV, np.zeros((1, 3)), ISOLATED, ISOLATED, ISOLATED)


def xyz_text(frame: LabelledFrame) -> str:
    """Return one frame as extended XYZ: REF_energy (eV), REF_forces (eV/A), trajectory, config_type, source."""
    atoms = bare(frame.atoms, frame.atoms.info)
    atoms.info[ENERGY_KEY] = float(frame.energy_eV)
    atoms.info |= {"config_type": frame.config_type, "trajectory": frame.trajectory, "source": frame.source}
    atoms.arrays[FORCES_KEY] = np.asarray(frame.forces_eV_A, dtype=float).reshape(len(atoms), 3)
    text = io.StringIO()
    write(text, atoms, format="extxyz", columns=["symbols", "positions", FORCES_KEY], write_results=False)
    return text.getvalue()


def read_dataset(path: Path) -> Dataset:
    """Read a data set that `write_dataset` wrote.

    Raises
    ------
    InputError
        If the file cannot be read, or is not such a file.
    """
    frames, isolated = list[LabelledFrame](), list[dict[str, float]]()
    try:
        for atoms in iread(path, index=":", format="extxyz"):
            frame = _labelled(atoms)
            if frame.n_atoms == 1:
                isolated.append({frame.atoms.symbols[0]: frame.energy_eV})
            else:
                frames.append(frame)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, ValueError, KeyError, IndexError, RuntimeError) as error:
        raise InputError(f"{path}: not a data set ({type(error).__name__}: {error})") from error
    return Dataset(tuple(frames), joined_isolated(isolated))


def _labelled(atoms: Atoms) -> LabelledFrame:
    info = dict(atoms.info)
    return LabelledFrame(
        energy_eV=float(info.pop(ENERGY_KEY)),
        forces_eV_A=np.asarray(atoms.arrays[FORCES_KEY], dtype=float),
        source=str(info.pop("source")),
        trajectory=str(info.pop("trajectory")),
        config_type=str(info.pop("config_type")),
        atoms=bare(atoms, info),
    )
