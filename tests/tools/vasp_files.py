"""Files as VASP writes them, as far as they matter here, made from given frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from ase import Atoms

SETTINGS = {"GGA": "PE", "ENCUT": 102.0, "ISMEAR": 0, "SIGMA": 0.05, "ISPIN": 1, "NELM": 60}
ZERO_SMEARING_EV = 0.0123
"""By so much VASP's energy(sigma->0) lies above its free energy in these files."""


def _rows(name: str, values: Sequence[Sequence[float]]) -> str:
    lines = "".join(f"<v>{x:.8f} {y:.8f} {z:.8f}</v>\n" for x, y, z in values)
    return f'<varray name="{name}">\n{lines}</varray>\n'


def _structure(atoms: Atoms, name: str = "") -> str:
    named = f' name="{name}"' if name else ""
    crystal = f"<crystal>{_rows('basis', atoms.cell.array)}</crystal>"
    return f"<structure{named}>{crystal}{_rows('positions', atoms.get_scaled_positions())}</structure>\n"


def vasprun(frames: Sequence[Atoms], electronic_steps: int, settings: dict[str, object]) -> str:
    first = frames[0]
    tags = "".join(
        f'<i type="{"string" if isinstance(value, str) else "int"}" name="{tag}">{value}</i>\n'
        if isinstance(value, str | int)
        else f'<i name="{"ENMAX" if tag == "ENCUT" else tag}">{value}</i>\n'
        for tag, value in settings.items()
    )
    atoms = "".join(f"<rc><c>{symbol}</c><c>1</c></rc>" for symbol in first.symbols)
    potential = (
        f"<rc><c>{len(first)}</c><c>{first.symbols[0]}</c><c>22.9</c><c>1</c><c>PAW_PBE {first.symbols[0]}</c></rc>"
    )
    text = "<modeling>\n<kpoints><varray name='kpointlist'><v>0 0 0</v></varray>"
    text += "<varray name='weights'><v>1.0</v></varray></kpoints>\n"
    text += f"<parameters>{tags}</parameters>\n<atominfo><array name='atoms'><set>{atoms}</set></array>"
    text += f"<array name='atomtypes'><set>{potential}</set></array></atominfo>\n{_structure(first, 'initialpos')}"
    for frame in frames:
        free = frame.get_potential_energy()
        names = {"e_fr_energy": free, "e_0_energy": free + ZERO_SMEARING_EV}
        energy = "".join(f"<i name='{name}'>{value:.8f}</i>" for name, value in names.items())
        energy = f"<energy>{energy}</energy>"
        text += "<calculation>\n" + f"<scstep>{energy}</scstep>\n" * electronic_steps + _structure(frame)
        text += _rows("forces", frame.get_forces()) + energy + "\n</calculation>\n"
    return text + "</modeling>\n"


def outcar(frames: Sequence[Atoms], converged: bool, settings: dict[str, object]) -> str:
    symbol = frames[0].symbols[0]
    text = f" POTCAR:    PAW_PBE {symbol} 08Apr2002\n" * 2 + f"   TITEL  = PAW_PBE {symbol}\n"
    text += f"   ions per type =    {len(frames[0])}\n"
    text += (
        " k-points           NKPTS =      1   k-points in BZ     NKDIM =      1   number of bands    NBANDS=      8\n"
    )
    text += " k-points in reciprocal lattice and weights: Gamma\n   0.0 0.0 0.0 1.0\n"
    text += f"   ISPIN  =      {settings['ISPIN']}    spin polarized calculation?\n"
    text += f"   ENCUT  =  {settings['ENCUT']} eV  7.50 Ry\n   GGA     =    {settings['GGA']}    GGA type\n"
    text += f"   ISMEAR =     {settings['ISMEAR']};   SIGMA  =   {settings['SIGMA']}  broadening in eV\n"
    for number, frame in enumerate(frames):
        text += f"----- Iteration      {number + 1}(   1)  -----\n"
        text += f"------ aborting loop {'because EDIFF is reached' if converged else 'EDIFF was not reached'} -----\n"
        text += "      direct lattice vectors                 reciprocal lattice vectors\n"
        text += "".join(f"  {x:.9f}  {y:.9f}  {z:.9f}  0.0 0.0 0.0\n" for x, y, z in frame.cell.array)
        text += " POSITION                                       TOTAL-FORCE (eV/Angst)\n -----\n"
        for place, force in zip(frame.positions, frame.get_forces(), strict=True):
            text += "".join(f" {value:12.6f}" for value in (*place, *force)) + "\n"
        free = frame.get_potential_energy()
        text += "  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)\n  -----\n"
        text += f"  free  energy   TOTEN  =   {free:.8f} eV\n\n"
        text += f"  energy  without entropy=  {free + 0.02:.8f}  energy(sigma->0) =  {free + ZERO_SMEARING_EV:.8f}\n"
    return text


@pytest.fixture
def write_vasp_output() -> Callable[..., None]:
    """Write a vasprun.xml or an OUTCAR that says of each frame what its calculator says."""

    def write(path: Path, frames: Sequence[Atoms], *, converged: bool = True, **changes: object) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        settings = SETTINGS | changes
        steps = 3 if converged else int(str(settings["NELM"]))
        xml = path.suffix == ".xml"
        path.write_text(vasprun(frames, steps, settings) if xml else outcar(frames, converged, settings))

    return write
