"""Energies, forces and descriptors by quippy itself.

quippy and LAMMPS with QUIP in one process can end it: call these functions in a process of their own
(`deckgen.processes.executor`). `python -m deckgen.quip.quippy STRUCTURE GAP.xml` prints the energy and the forces of a
structure as JSON.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deckgen.quip.stack import require_stack

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["average_soap", "evaluate", "main"]

Array = NDArray[np.float64]


def evaluate(xml: Path, label: str, frames: Sequence[Atoms]) -> list[tuple[float, Array]]:
    """Return energy (eV) and forces (N, 3) (eV/A) of each frame, in its own cell."""
    calculator = _calculator(xml, label)
    return [(float(calculator.get_potential_energy(atoms)), calculator.get_forces(atoms)) for atoms in frames]


def average_soap(arguments: str, frames: Sequence[Atoms]) -> list[Array]:
    """Return the SOAP vector of each frame, averaged over its atoms, (D,); `arguments` is QUIP's descriptor string."""
    from quippy.descriptors import Descriptor

    require_stack()
    descriptor = Descriptor(arguments)
    return [np.asarray(descriptor.calc_descriptor(atoms)).mean(axis=0) for atoms in frames]


def main(structure: str, xml: str) -> None:
    """Print `{"energy": eV, "forces": [[eV/A] * 3] * N}` of a structure file that ASE reads."""
    from ase import Atoms
    from ase.io import read

    from deckgen.quip.gapfile import read_gap

    atoms = read(structure)
    assert isinstance(atoms, Atoms)
    ((energy, forces),) = evaluate(Path(xml), read_gap(Path(xml)).label, [atoms])
    print(json.dumps({"energy": energy, "forces": forces.tolist()}))


def _calculator(xml: Path, label: str) -> Any:
    from quippy.potential import Potential

    require_stack()
    with contextlib.chdir(xml.parent):  # where QUIP looks for a compress_file of soap_turbo
        return Potential(f"Potential xml_label={label}", param_filename=xml.name)


if __name__ == "__main__":
    main(*sys.argv[1:])
