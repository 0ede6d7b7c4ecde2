"""Files that only ASE reads: databases and trajectories, which say themselves which energy they have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ase.db import connect
from ase.io import iread

from deckgen.errors import InputError
from deckgen.training.formats.raw import RawFrame, from_results

__all__ = ["from_database", "from_trajectory"]


def from_database(path: Path, name: str) -> Iterator[RawFrame]:
    """Yield the rows of an ASE database.

    Raises
    ------
    InputError
        If it is none.
    """
    try:
        for row in connect(path).select():
            yield from_results(row.toatoms(), {**row.key_value_pairs, "row": row.id})
    except Exception as error:  # each kind of database raises its own
        raise InputError(f"{name}: not an ASE database ({type(error).__name__}: {error})") from error


def from_trajectory(path: Path, name: str) -> Iterator[RawFrame]:
    """Yield the frames of a trajectory of ASE.

    Raises
    ------
    InputError
        If it is none.
    """
    try:
        for atoms in iread(path, index=":", format="traj"):
            yield from_results(atoms, atoms.info)
    except Exception as error:  # whatever ASE comes across
        raise InputError(f"{name}: not a trajectory of ASE ({type(error).__name__}: {error})") from error
