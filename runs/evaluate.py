"""What LAMMPS can do here, and what it says of one structure."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.io import read
from numpy.typing import NDArray

from deckgen.decks.environment import deck_environment, fill
from deckgen.decks.manifest import DATA, SCRIPT
from deckgen.decks.potentials import Potential
from deckgen.decks.render import structure_context, template_view
from deckgen.runs.opening import lammps_errors, open_for_script, open_lammps
from deckgen.thermostats import THERMOSTATS

__all__ = ["describe_lammps", "evaluate"]

STYLES = (
    ("pair", "quip"),
    ("pair", "eam/alloy"),
    *(style for thermostat in THERMOSTATS.values() for style in thermostat.styles),
    ("fix", "atom/swap"),
    ("fix", "halt"),
    ("fix", "print"),
    ("fix", "wall/region"),
    ("compute", "gyration/shape"),
    ("dump", "extxyz"),
)
"""What the decks use."""


def describe_lammps() -> tuple[int, list[str]]:
    """Return the version of LAMMPS as a number (20250722), and the styles of the decks that it lacks."""
    lmp = open_lammps("none", quip=True)
    return int(lmp.version()), [f"{kind} {name}" for kind, name in STYLES if not lmp.has_style(kind, name)]


def evaluate(atoms: Atoms, potential: Potential) -> tuple[float, NDArray[np.float64]]:
    """Return the potential energy in eV and the forces (N, 3) in eV/A of a free cluster.

    It creates a LAMMPS in this process: make it a task of an executor where QUIP is used.

    Raises
    ------
    RunError
        With LAMMPS' message if it fails.
    """
    context: dict[str, Any] = structure_context(atoms) | {"potential": potential}
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
        for file in potential.files:
            Path(file.name).symlink_to(file)
        env, view = deck_environment(), template_view(context)
        Path(SCRIPT).write_text(fill(env, "evaluate.in.j2", view))
        Path(DATA).write_text(fill(env, "cluster.data.j2", view))
        lmp = open_for_script("none")
        with lammps_errors(Path(scratch)):
            lmp.file(SCRIPT)
        lmp.close()
        result = read("evaluated.extxyz")
        assert isinstance(result, Atoms)
        return float(result.info["Potential_energy"]), np.asarray(result.get_forces())
