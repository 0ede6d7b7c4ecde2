"""Energy and forces by quippy itself: `python -m deckgen.quip.reference STRUCTURE GAP.xml` prints JSON.

A program of its own: quippy and LAMMPS with QUIP in one process can end it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

__all__ = ["main"]


def main(structure: str, xml: str) -> None:
    """Print `{"energy": eV, "forces": [[eV/A] * 3] * N}` of a structure file that ASE reads."""
    from ase import Atoms
    from ase.io import read
    from quippy.potential import Potential

    from deckgen.quip.gapfile import read_gap

    atoms = read(structure)
    assert isinstance(atoms, Atoms)
    atoms.calc = Potential(f"Potential xml_label={read_gap(Path(xml)).label}", param_filename=xml)
    print(json.dumps({"energy": float(atoms.get_potential_energy()), "forces": atoms.get_forces().tolist()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
