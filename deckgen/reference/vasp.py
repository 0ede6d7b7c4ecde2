"""VASP by files: the input folder of a configuration, for users with a licence."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deckgen.errors import InputError

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["OUTPUTS", "SETTINGS", "is_of", "write_folder"]

SETTINGS: dict[str, Any] = {
    "GGA": "PE",
    "PREC": "Accurate",
    "ENCUT": 102,
    "EDIFF": 1e-5,
    "ISMEAR": 0,
    "SIGMA": 0.05,
    "ISPIN": 1,
    "ISYM": 0,
    "LREAL": False,
    "NELM": 200,
    "LWAVE": False,
    "LCHARG": False,
}
"""INCAR tags of a single point: PBE, 102 eV and EDIFF as the paper has them; the others are ours."""

OUTPUTS = ("vasprun.xml", "OUTCAR")
"""What VASP leaves behind, the one that is read first."""

SAME_PLACE_A = 1e-3
"""How far apart an atom of POSCAR and the same atom of VASP's output may be: both are rounded."""

_SETUPS = "setups"
_KPOINTS = "Gamma point\n1\nReciprocal\n0 0 0 1\n"
_NO_POTCAR = """POTCAR is missing: VASP's licence does not allow us to ship it.
Make it from the PAW potentials for PBE (potpaw_PBE), in this order:

    cat {files} > POTCAR

Where VASP_PP_PATH names the folder that holds potpaw_PBE, deckgen copies it itself.
"""


def write_folder(folder: Path, atoms: Atoms, keywords: Mapping[str, Any]) -> None:
    """Write POSCAR, INCAR, KPOINTS (Gamma), and POTCAR, or POTCAR.txt that says how to make it.

    Parameters
    ----------
    folder
        Made where it is missing.
    atoms
        The configuration with its cell.
    keywords
        INCAR tags that change or extend `SETTINGS`; `setups`: {element: potential} where it is not the element's name.

    Raises
    ------
    InputError
        If the folder VASP_PP_PATH has no such potential.
    """
    from ase.io.vasp import write_vasp

    tags = SETTINGS | {name.upper(): value for name, value in keywords.items() if name != _SETUPS}
    setups = dict(keywords.get(_SETUPS, {}))
    names = [str(setups.get(symbol, symbol)) for symbol in sorted(set(atoms.symbols))]
    folder.mkdir(parents=True, exist_ok=True)
    write_vasp(folder / "POSCAR", atoms, sort=True)
    (folder / "INCAR").write_text("".join(f"{tag} = {_fortran(value)}\n" for tag, value in tags.items()))
    (folder / "KPOINTS").write_text(_KPOINTS)
    if library := os.environ.get("VASP_PP_PATH"):
        potentials = [_potential(Path(library), name) for name in names]
        (folder / "POTCAR").write_bytes(b"".join(file.read_bytes() for file in potentials))
    else:
        files = " ".join(f"potpaw_PBE/{name}/POTCAR" for name in names)
        (folder / "POTCAR.txt").write_text(_NO_POTCAR.format(files=files))


def _fortran(value: Any) -> str:
    if isinstance(value, bool):
        return ".TRUE." if value else ".FALSE."
    return " ".join(map(_fortran, value)) if isinstance(value, list | tuple) else str(value)


def _potential(library: Path, name: str) -> Path:
    found = sorted(library.glob(f"potpaw_PBE*/{name}/POTCAR"))
    if not found:
        raise InputError(
            f"VASP_PP_PATH = {library}: there is no potpaw_PBE/{name}/POTCAR",
            hint='setups = {Na = "Na_pv"} names another potential of an element',
        )
    return found[0]


def is_of(found: Atoms, given: Atoms) -> bool:
    """Return whether a configuration that VASP wrote is one that `write_folder` was given, wherever in the box it is.

    Both are whole clusters; VASP has the atoms in the order of POSCAR, by element.
    """
    as_written = given[np.argsort(given.get_chemical_symbols(), kind="stable")]
    if list(found.numbers) != list(as_written.numbers):
        return False
    moved = (found.positions - found.positions[0]) - (as_written.positions - as_written.positions[0])
    return bool(np.abs(moved).max() <= SAME_PLACE_A)
