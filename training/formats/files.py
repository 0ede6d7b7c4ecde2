"""Which module reads a file: by its name, or by its first line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from deckgen.compressed import opened, plain_name
from deckgen.errors import InputError
from deckgen.files import require_file
from deckgen.reference.vasp_output.read import is_output, read_output
from deckgen.reference.vasp_output.run import VaspRun
from deckgen.training.formats.ase_files import from_database, from_trajectory
from deckgen.training.formats.dpdata import TYPES, from_dpdata
from deckgen.training.formats.raw import RawFile, RawFrame
from deckgen.training.formats.xyz import read_frames_of_xyz
from deckgen.training.recipe.data import Data

__all__ = ["raw_file"]

_XYZ = {".xyz", ".extxyz"}
_DATABASES = {".db", ".json"}
_TRAJECTORY = ".traj"
_KNOWN = "vasprun.xml, OUTCAR, .extxyz, .xyz (these also as .gz), .traj, .db, .json, folders of dpdata"
_CONVERT = "write its frames as extended XYZ, energies in eV and forces in eV/A: ase.io.write(..., format='extxyz')"

_REFUSED = {
    ".npz": "arrays whose names and units each data set defines itself (sGDML, MD17, ...)",
    ".npy": "an array without names; a folder of dpdata is named as a whole",
    ".h5": "HDF5, whose names and units each data set defines itself",
    ".hdf5": "HDF5, whose names and units each data set defines itself",
    ".lammpstrj": "a dump of LAMMPS, which has no energy of the whole configuration",
    ".dump": "a dump of LAMMPS, which has no energy of the whole configuration",
    "ML_AB": "training data of VASP's own force field, without the settings they were computed with",
    "XDATCAR": "positions without energies and forces",
    "POSCAR": "positions without energies and forces",
    "CONTCAR": "positions without energies and forces",
}
"""Kinds that are known and not read, by the ending or the beginning of the name."""
_DUMP = b"ITEM:"


def raw_file(path: Path, name: str, data: Data) -> RawFile:
    """Return the frames of a file, or of a folder of dpdata; `name` is what messages call it.

    Raises
    ------
    InputError
        If its kind is not read, or it cannot be.
    """
    if path.is_dir():
        if not (path / TYPES).is_file():
            raise InputError(f"[data] files: {name} is a folder without {TYPES}", hint=f"read are {_KNOWN}")
        return RawFile(from_dpdata(path, name))
    require_file(path)
    if is_output(path):
        run = read_output(path)
        return RawFile(_of_vasp(run), run.settings)
    plain = Path(plain_name(path))
    if plain.suffix in _XYZ:
        return RawFile(read_frames_of_xyz(path, name, data))
    if path.suffix in _DATABASES:
        return RawFile(from_database(path, name))
    if path.suffix == _TRAJECTORY:
        return RawFile(from_trajectory(path, name))
    raise _unknown(path, plain.name, name)


def _of_vasp(run: VaspRun) -> Iterator[RawFrame]:
    for step in run.steps:
        yield RawFrame(step.atoms, step.energy_eV, step.forces_eV_A, step.fault)
    if run.breaks_off:
        yield RawFrame(type(run.steps[0].atoms)(), None, None, f"are not whole: {run.breaks_off}")


def _unknown(path: Path, plain: str, name: str) -> InputError:
    kinds = (words for part, words in _REFUSED.items() if plain.endswith(part) or plain.startswith(part))
    if words := next(kinds, ""):
        return InputError(f"[data] files: {name}: {words}", hint=_CONVERT)
    with opened(path) as file:
        if file.read(len(_DUMP)) == _DUMP:
            return InputError(f"[data] files: {name}: {_REFUSED['.dump']}", hint=_CONVERT)
    return InputError(f"[data] files: {name}: unknown kind of file", hint=f"known are {_KNOWN}")
