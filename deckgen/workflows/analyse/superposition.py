"""The heat capacity that a study's own isomers lead to, as a check of its runs at low temperatures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.isomers.superposition import Well, superposition_heat_capacity
from deckgen.analysis.results import Thermodynamics
from deckgen.study.folder import StudyFolder
from deckgen.workflows.isomers.read import IsomersDocument, read_isomers

__all__ = ["superposition", "wells_of"]


def superposition(thermo: Thermodynamics, study_folder: Path) -> NDArray[np.float64] | None:
    """Return C_v/C_0 on the grid in the harmonic superposition approximation; None without isomers of this potential.

    Raises
    ------
    InputError
        If results/isomers.json is not readable.
    """
    isomers = read_isomers(StudyFolder(study_folder).results)
    if isomers is None or isomers.potential.sha256 != thermo.potential_sha256:
        return None
    wells = wells_of(isomers)
    return superposition_heat_capacity(thermo.temperatures_K, wells, thermo.n_atoms) if wells else None


def wells_of(found: IsomersDocument) -> tuple[Well, ...]:
    """Return the wells of the isomers whose frequencies are known: the lowest ones, without a gap."""
    enantiomers_listed = not found.tolerances.reflection
    return tuple(
        Well(
            energy_eV=isomer.energy_eV,
            log_frequency_product=isomer.log_frequency_product,
            log_moment_product=float(np.log(isomer.moments_uA2).sum()),
            copies=(1 if enantiomers_listed and isomer.chiral else 2) / isomer.point_group_order,
        )
        for isomer in found.isomers
        if isomer.log_frequency_product is not None
    )
