"""Labelled frames and isolated atoms: what reading, curating, fitting and validating pass on."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from deckgen.errors import InputError
from deckgen.summaries import Summarised, Summary

__all__ = ["DEFAULT_TYPE", "ISOLATED", "Dataset", "LabelledFrame", "bare", "frame_key", "joined_isolated", "one_line"]

ISOLATED = "isolated_atom"
"""The config_type of an isolated atom, as gap_fit knows it."""

DEFAULT_TYPE = "default"
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


@dataclass(frozen=True, eq=False, repr=False)
class Dataset(Summarised):
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

    def summary(self) -> Summary:
        """Return how many frames there are of each formula."""
        counts = Counter(frame.formula for frame in self.frames)
        rows = [(formula, f"{count}") for formula, count in sorted(counts.items())]
        return Summary(f"{len(self)} frames", ("formula", "frames"), rows)

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


def frame_key(atoms: Atoms) -> str:
    """Return what a configuration is known by: species and positions to 1e-3 angstrom, wherever it is in space.

    Of a periodic one the cell, too.
    """
    rows = [atoms.positions - atoms.positions[0], *([atoms.cell.array] if atoms.pbc.any() else [])]
    places = np.round(np.concatenate(rows), SAME_PLACE_DIGITS) + 0.0  # no minus zero
    return hashlib.sha256(atoms.numbers.astype("<i8").tobytes() + places.astype("<f8").tobytes()).hexdigest()[:16]


def bare(atoms: Atoms, info: Mapping[str, object] | None = None) -> Atoms:
    """Return the configuration alone: species, positions, cell, pbc; with this `info`, and no calculator.

    Texts become what extended XYZ can hold: another text would end the frame's line, or take the next value with it.
    """
    known = {key: one_line(value) if isinstance(value, str) else value for key, value in (info or {}).items()}
    return Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=atoms.pbc, info=known)


def one_line(text: str) -> str:
    """Return a text on one line and not empty, without what ASE's extended XYZ takes for more than a text.

    That is a backslash, an equals sign at the end, and `_JSON ` at the beginning.
    """
    line = " ".join("".join(char if char.isprintable() else " " for char in text.replace("\\", "/")).split())
    return re.sub(r"^(_JSON )+|[ =]+$", "", line) or "_"
