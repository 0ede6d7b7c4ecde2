"""Folders of dpdata and DeePMD-kit: type.raw, type_map.raw, and set.*/ with coord, box, energy and force (A, eV)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from ase import Atoms

from deckgen.errors import InputError
from deckgen.training.formats.raw import RawFrame, raw_frame

__all__ = ["TYPES", "from_dpdata"]

TYPES = "type.raw"


def from_dpdata(folder: Path, name: str) -> Iterator[RawFrame]:
    """Yield the frames of a folder.

    Raises
    ------
    InputError
        If a file of it is missing or has another shape.
    """
    try:
        types = np.loadtxt(folder / TYPES, dtype=int, ndmin=1)
        elements = (folder / "type_map.raw").read_text().split()
        symbols = [elements[kind] for kind in types]
        sets = sorted(folder.glob("set.*"))
        if not sets:
            raise FileNotFoundError("set.*")
        for part in sets:
            yield from _frames(part, symbols, periodic=not (folder / "nopbc").exists())
    except (OSError, ValueError, IndexError, KeyError) as error:
        raise InputError(f"{name}: not a folder of dpdata ({type(error).__name__}: {error})") from error


def _frames(part: Path, symbols: list[str], *, periodic: bool) -> Iterator[RawFrame]:
    positions = np.load(part / "coord.npy").reshape(-1, len(symbols), 3)
    energies, forces, cells = (_array(part / f"{quantity}.npy") for quantity in ("energy", "force", "box"))
    for index, places in enumerate(positions):
        atoms = Atoms(symbols, positions=places, pbc=periodic)
        if periodic and cells is not None:
            atoms.set_cell(cells[index].reshape(3, 3))
        energy = None if energies is None else energies[index]
        yield raw_frame(atoms, {}, energy, None if forces is None else forces[index])


def _array(path: Path) -> np.ndarray | None:
    return np.load(path) if path.is_file() else None
