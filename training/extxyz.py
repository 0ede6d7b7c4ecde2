"""Data sets and unlabelled frames as extended XYZ."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import write

from deckgen.errors import InputError
from deckgen.files import whole
from deckgen.structures import read_structures
from deckgen.training.dataset import ISOLATED, Dataset, LabelledFrame, bare, joined_isolated, one_line
from deckgen.training.recipe.data import ENERGY_KEY, FORCES_KEY

__all__ = ["frames_text", "labelled_frame", "labelled_text", "read_dataset", "write_dataset"]

ISOLATED_BOX_A = 20.0


def write_dataset(path: Path, dataset: Dataset) -> None:
    """Write a data set as extended XYZ, the isolated atoms first; the file appears whole or not at all."""
    with whole(path) as part, part.open("w", encoding="utf-8") as file:
        for symbol, energy_eV in sorted(dataset.isolated_eV.items()):
            file.write(labelled_text(_isolated(symbol, energy_eV)))
        for frame in dataset.frames:
            file.write(labelled_text(frame))


def _isolated(symbol: str, energy_eV: float) -> LabelledFrame:
    middle = ISOLATED_BOX_A / 2
    atoms = Atoms(symbol, positions=[[middle] * 3], cell=[ISOLATED_BOX_A] * 3)
    return LabelledFrame(atoms, energy_eV, np.zeros((1, 3)), ISOLATED, ISOLATED, ISOLATED)


def labelled_text(frame: LabelledFrame) -> str:
    """Return one frame as extended XYZ: REF_energy (eV), REF_forces (eV/A), trajectory, config_type, source."""
    atoms = bare(frame.atoms, frame.atoms.info)
    atoms.info[ENERGY_KEY] = float(frame.energy_eV)
    named = {"config_type": frame.config_type, "trajectory": frame.trajectory, "source": frame.source}
    atoms.info |= {key: one_line(text) for key, text in named.items()}
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
        for atoms in read_structures(path, kind="extxyz"):
            frame = labelled_frame(atoms)
            if frame.config_type == ISOLATED:
                isolated.append({frame.atoms.symbols[0]: frame.energy_eV})
            else:
                frames.append(frame)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not a data set ({type(error).__name__}: {error})") from error
    return Dataset(tuple(frames), joined_isolated(isolated))


def labelled_frame(atoms: Atoms) -> LabelledFrame:
    """Return what `labelled_text` wrote, as ASE reads it.

    Raises
    ------
    KeyError
        If something is missing.
    """
    info = dict(atoms.info)
    return LabelledFrame(
        energy_eV=float(info.pop(ENERGY_KEY)),
        forces_eV_A=np.asarray(atoms.arrays[FORCES_KEY], dtype=float).reshape(-1, 3),
        source=str(info.pop("source")),
        trajectory=str(info.pop("trajectory")),
        config_type=str(info.pop("config_type")),
        atoms=bare(atoms, info),
    )


def frames_text(frames: Iterable[Atoms]) -> str:
    """Return frames as extended XYZ, with all that they have."""
    text = io.StringIO()
    for atoms in frames:
        write(text, atoms, format="extxyz")
    return text.getvalue()
