"""The heat capacity that a study's own isomers lead to, as a check of its runs at low temperatures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.isomers.superposition import superposition_heat_capacity, wells_of
from deckgen.analysis.results import Thermodynamics
from deckgen.study.folder import StudyFolder
from deckgen.workflows.isomers.files import read_isomers

__all__ = ["superposition"]


def superposition(thermo: Thermodynamics, study_folder: Path) -> NDArray[np.float64] | None:
    """Return C_v/C_0 on the grid in the harmonic superposition approximation; None without isomers of this potential.

    Raises
    ------
    InputError
        If results/isomers.json is not readable.
    """
    isomers = read_isomers(StudyFolder(study_folder).results)
    if isomers is None or isomers.get("potential", {}).get("sha256") != thermo.potential_sha256:
        return None
    wells = wells_of(isomers)
    return superposition_heat_capacity(thermo.temperatures_K, wells, thermo.n_atoms) if wells else None
