"""What a reference has computed of a study's isomers: a folder for each isolated atom and each structure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ase import Atoms

from deckgen.analysis.isomers.alignment import Shape, matches
from deckgen.workflows.compare.energy_zero import EnergyZero
from deckgen.workflows.compare.relaxation import START, Relaxation

__all__ = ["Calculations"]

ATOM, MINIMUM = "isolated", "minimum"

SAME_START_A = 5e-3
"""A structure is known to the reference when none of its atoms is further off: turned and renumbered it is the same."""


@dataclass(frozen=True)
class Calculations:
    """The calculations of one reference.

    Parameters
    ----------
    atoms
        Of the isolated atoms, by element.
    isomers
        Of each isomer; two isomers may share one.
    """

    atoms: Mapping[str, Relaxation]
    isomers: Sequence[Relaxation]

    @classmethod
    def open(cls, folder: Path, reference: str, elements: Iterable[str], structures: Sequence[Atoms]) -> Calculations:
        """Open those that are in a folder, and begin those that are missing.

        A structure that was begun before is recognised, however it is rotated and numbered.

        Raises
        ------
        InputError
            If a file in the folder is not what it should be.
        """
        atoms = {symbol: _of_atom(folder / f"{ATOM}-{symbol}", symbol, reference) for symbol in elements}
        return cls(atoms, _of_structures(folder, structures, reference))

    @property
    def distinct(self) -> list[Relaxation]:
        """All of them, each once."""
        return list({one.folder: one for one in (*self.atoms.values(), *self.isomers)}.values())

    @property
    def atom_failures(self) -> dict[str, str]:
        """Why the reference failed for an isolated atom, by element."""
        return {symbol: atom.failure for symbol, atom in self.atoms.items() if atom.failure}

    def energy_zero(self, potential_eV: Mapping[str, float]) -> EnergyZero:
        """Return where energies are counted from, given the potential's energies of lone atoms."""
        return EnergyZero(
            potential_eV, {symbol: atom.steps[0].energy_eV for symbol, atom in self.atoms.items() if atom.steps}
        )


def _of_atom(folder: Path, symbol: str, reference: str) -> Relaxation:
    if (folder / START).is_file():
        return Relaxation(folder, reference)
    return Relaxation.begin(folder, Atoms(symbol), reference)


def _of_structures(folder: Path, structures: Sequence[Atoms], reference: str) -> list[Relaxation]:
    known = [Relaxation(path.parent, reference) for path in sorted(folder.glob(f"{MINIMUM}-*/{START}"))]
    found = list[Relaxation]()
    for atoms in structures:
        shape = Shape.of(list(atoms.symbols), atoms.positions)
        same = (relaxation for relaxation in known if _is_same(relaxation.start, shape))
        found.append(next(same, None) or Relaxation.begin(_new_folder(folder), atoms, reference))
    return found


def _is_same(start: Atoms, shape: Shape) -> bool:
    return matches(Shape.of(list(start.symbols), start.positions), shape, tolerance_A=SAME_START_A)


def _new_folder(folder: Path) -> Path:
    places = (folder / f"{MINIMUM}-{number:03d}" for number in range(1, 10**6))
    return next(place for place in places if not place.exists())
