"""Files as VASP writes them, as far as they matter here, made from given frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
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
    potential = "".join(
        f"<rc><c>{len(list(group))}</c><c>{symbol}</c><c>22.9</c><c>1</c><c>PAW_PBE {symbol}</c></rc>"
        for symbol, group in groupby(first.symbols)
    )
    text = "<modeling>\n<incar></incar>\n<kpoints><varray name='kpointlist'><v>0 0 0</v></varray>"
    text += "<varray name='weights'><v>1.0</v></varray></kpoints>\n"
    # a second NELM stands there from VASP 5.2 to 6.2
    again = '<separator name="response functions"><i type="int" name="NELM">1</i></separator>'
    text += f"<parameters>{tags}{again}</parameters>\n<atominfo><array name='atoms'><set>{atoms}</set></array>"
    text += f"<array name='atomtypes'><set>{potential}</set></array></atominfo>\n{_structure(first, 'initialpos')}"
    for frame in frames:
        free = frame.get_potential_energy()
        names = {"e_fr_energy": free, "e_0_energy": free + ZERO_SMEARING_EV}
        energy = "".join(f"<i name='{name}'>{value:.8f}</i>" for name, value in names.items())
        energy = f"<energy>{energy}</energy>"
        text += "<calculation>\n" + f"<scstep>{energy}</scstep>\n" * electronic_steps + _structure(frame)
        text += _rows("forces", frame.get_forces()) + energy + "\n</calculation>\n"
    return text + "</modeling>\n"


def outcar(frames: Sequence[Atoms], electronic_steps: int, settings: dict[str, object]) -> str:
    types = [(symbol, len(list(group))) for symbol, group in groupby(frames[0].symbols)]
    text = "".join(f" POTCAR:    PAW_PBE {symbol} 08Apr2002\n" for symbol, _ in (*types, types[0]))
    text += "".join(f"   TITEL  = PAW_PBE {symbol}\n" for symbol, _ in types)
    text += f"   ions per type =    {'   '.join(str(count) for _, count in types)}\n"
    text += (
        " k-points           NKPTS =      1   k-points in BZ     NKDIM =      1   number of bands    NBANDS=      8\n"
    )
    text += " k-points in reciprocal lattice and weights: Gamma\n   0.0 0.0 0.0 1.0\n"
    text += f"   ISPIN  =      {settings['ISPIN']}    spin polarized calculation?\n"
    text += f"   ENCUT  =  {settings['ENCUT']} eV  7.50 Ry\n   GGA     =    {settings['GGA']}    GGA type\n"
    text += f"   NELM   =     {settings['NELM']};   NELMIN=  2; NELMDL= -5     # of ELM steps\n"
    others = {tag: value for tag, value in settings.items() if tag not in {*SETTINGS, "NELM"}}
    text += "".join(f"   {tag} =     {value}    of the functional\n" for tag, value in others.items())
    text += f"   ISMEAR =     {settings['ISMEAR']};   SIGMA  =   {settings['SIGMA']}  broadening in eV\n"
    for number, frame in enumerate(frames):
        for electronic in range(electronic_steps):
            text += f"----- Iteration      {number + 1}({electronic + 1:4d})  -----\n"
        text += "------ aborting loop because EDIFF is reached -----\n"  # VASP 5 writes this after NELM steps, too
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
        path.write_text(vasprun(frames, steps, settings) if xml else outcar(frames, steps, settings))

    return write
