"""VASP by files: writes the input folder of a configuration, for users with a licence, and reads what VASP wrote."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from deckgen.errors import InputError

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["OUTPUTS", "SETTINGS", "VaspRun", "VaspStep", "is_of", "is_output", "read_output", "write_folder"]

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

_TAGS = ("GGA", "ENCUT", "PREC", "EDIFF", "ISMEAR", "SIGMA", "ISPIN")
_OUTCAR_TAG = re.compile(rf"^\s+({'|'.join(_TAGS)})\s*=\s*([^\s;]+)", re.MULTILINE)
_OUTCAR_TITLE = re.compile(r"^\s+TITEL\s*=\s*(.+?)\s*$", re.MULTILINE)
_OUTCAR_ENDS = re.compile(r"EDIFF is reached|FREE ENERGIE OF THE ION-ELECTRON SYSTEM")


@dataclass(frozen=True, eq=False)
class VaspStep:
    """One ionic step: periodic atoms as VASP has them, the free energy (TOTEN), the forces, whether it converged."""

    atoms: Atoms
    energy_eV: float | None
    forces_eV_A: NDArray[np.float64] | None
    converged: bool


@dataclass(frozen=True, eq=False)
class VaspRun:
    """What one vasprun.xml or OUTCAR holds: its ionic steps, and the settings that labels depend on."""

    steps: tuple[VaspStep, ...]
    settings: dict[str, str]


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


def is_output(path: Path) -> bool:
    """Tell by its name whether a file is a vasprun.xml or an OUTCAR, such as OUTCAR.300K."""
    return "OUTCAR" in path.name or ("vasprun" in path.name and path.suffix == ".xml")


def read_output(path: Path) -> VaspRun:
    """Read the complete ionic steps of a vasprun.xml or an OUTCAR; of a run that goes on, those that are there.

    The energy is the free energy TOTEN, which the forces belong to, never the one extrapolated to zero smearing.

    Raises
    ------
    InputError
        If the file cannot be read, or has no complete step.
    """
    from ase.io import read

    xml = path.suffix == ".xml"
    try:
        frames = read(path, index=":", format="vasp-xml" if xml else "vasp-out")
        settings, converged = _of_xml(path) if xml else _of_outcar(path)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except Exception as error:  # ASE's readers raise what they come across
        raise InputError(f"{path}: not a complete {OUTPUTS[not xml]} ({type(error).__name__}: {error})") from error
    done = [frame for frame in frames if frame.calc is not None]
    if not done:
        raise InputError(f"{path}: no complete ionic step", hint="the run has not come so far, or has failed")
    steps = [_step(frame, good) for frame, good in zip(done, converged, strict=False)]  # the last may be cut short
    return VaspRun(tuple(steps), settings)


def is_of(found: Atoms, given: Atoms) -> bool:
    """Return whether a configuration that VASP wrote is one that `write_folder` was given, wherever in the box it is.

    Both are whole clusters; VASP has the atoms in the order of POSCAR, by element.
    """
    as_written = given[np.argsort(given.get_chemical_symbols(), kind="stable")]
    if list(found.numbers) != list(as_written.numbers):
        return False
    moved = (found.positions - found.positions[0]) - (as_written.positions - as_written.positions[0])
    return bool(np.abs(moved).max() <= SAME_PLACE_A)


def _step(frame: Atoms, converged: bool) -> VaspStep:
    # from the results themselves: get_forces would set those of fixed atoms to zero
    results = frame.calc.results
    atoms = type(frame)(frame.numbers, positions=frame.positions, cell=frame.cell, pbc=True)
    return VaspStep(atoms, results.get("free_energy"), results.get("forces"), converged)


def _of_xml(path: Path) -> tuple[dict[str, str], list[bool]]:
    """Return the settings, and of each ionic step whether it ended before the last allowed electronic step."""
    found, electronic, titles = dict[str, str](), list[int](), list[str]()
    with contextlib.suppress(ElementTree.ParseError):  # the run goes on, or was killed
        for _, element in ElementTree.iterparse(path):  # noqa: S314 (a file of the user's own)
            if element.tag == "parameters":
                found = {item.get("name", ""): (item.text or "").strip() for item in element.iter("i")}
            elif element.tag == "array" and element.get("name") == "atomtypes":
                titles = [(row[-1].text or "").strip() for row in element.iter("rc")]
            elif element.tag == "calculation":
                electronic.append(len(element.findall("scstep")))
                element.clear()
    settings = {tag: _plain(found[name]) for tag in _TAGS if (name := {"ENCUT": "ENMAX"}.get(tag, tag)) in found}
    most = int(found.get("NELM", "0")) or max(electronic, default=0) + 1
    return settings | {"POTCAR": ", ".join(titles)}, [count < most for count in electronic]


def _of_outcar(path: Path) -> tuple[dict[str, str], list[bool]]:
    text = path.read_text(errors="replace")
    found = dict[str, str]()
    for tag, value in _OUTCAR_TAG.findall(text.replace(";", ";\n ")):
        found.setdefault(tag, _plain(value))
    titles = _OUTCAR_TITLE.findall(text)
    converged, reached = list[bool](), False
    for match in _OUTCAR_ENDS.finditer(text):
        if match[0].startswith("FREE"):
            converged.append(reached)
        reached = match[0].startswith("EDIFF")
    return found | {"POTCAR": ", ".join(dict.fromkeys(titles))}, converged


def _plain(value: str) -> str:
    """Return a setting so that both files show it alike: numbers as numbers, words by their first four letters."""
    try:
        return f"{float(value):g}"
    except ValueError:
        return value.lower()[:4]
