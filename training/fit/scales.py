"""Energy scales and regularisation from the data, where gap.toml has a zero."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from deckgen.errors import InputError
from deckgen.training.dataset import Dataset
from deckgen.training.fit.instances import count_instances
from deckgen.training.recipe.fit import Fit
from deckgen.training.validation.errors import binding_eV

__all__ = ["with_scales"]

SIGMA_SHARE = 0.1
"""Regularisation from the data: this fraction of the spread that the potential is to describe."""


def with_scales(fit: Fit, train: Dataset, e0: Mapping[str, float]) -> Fit:
    """Return the fit with numbers for every delta and sigma that is 0.

    delta is the standard deviation of the frames' binding energies per atom, divided by the average number of instances
    of the term per atom (one for SOAP). This is the rule of the GAP workflows wfl ("multistage GAP fitting") and
    autoplex (`calculate_delta`). The standard deviation is pooled over the cluster sizes: differences between sizes do
    not contribute.

    sigma of the energy is a tenth of that standard deviation, and sigma of the force a tenth of the root mean square
    force component.

    Raises
    ------
    InputError
        If the data have no spread, as with one frame per size.
    """
    terms = {"two_body": fit.two_body, "three_body": fit.three_body, "soap": fit.soap}
    asked = [term.delta_eV for term in terms.values() if term.use]
    if all((*asked, fit.sigma.energy_eV_atom, fit.sigma.force_eV_A)):
        return fit
    spread_eV = _spread_eV(train, e0)
    found = count_instances((frame.atoms for frame in train.frames), fit)
    instances = {"two_body": found.pairs, "three_body": found.triplets, "soap": found.n_atoms}
    updates = {
        name: term.model_copy(update={"delta_eV": spread_eV * found.n_atoms / max(instances[name], 1)})
        for name, term in terms.items()
        if term.use and not term.delta_eV
    }
    sigma = fit.sigma.model_copy(
        update={
            "energy_eV_atom": fit.sigma.energy_eV_atom or SIGMA_SHARE * spread_eV,
            "force_eV_A": fit.sigma.force_eV_A or SIGMA_SHARE * _rms_force(train),
        }
    )
    return fit.model_copy(update={**updates, "sigma": sigma})


def _spread_eV(train: Dataset, e0: Mapping[str, float]) -> float:
    squares, freedom = 0.0, 0
    for formula in sorted({frame.formula for frame in train.frames}):
        energies = [
            binding_eV(frame, frame.energy_eV, e0) / frame.n_atoms for frame in train.frames if frame.formula == formula
        ]
        squares += float(np.square(np.array(energies) - np.mean(energies)).sum())
        freedom += len(energies) - 1
    if squares == 0.0:
        raise InputError(
            "[fit] delta_eV = 0 or energy_eV_atom = 0: the energies have no spread to take a scale from",
            hint="give numbers, or more than one frame of a size",
        )
    return float(np.sqrt(squares / freedom))


def _rms_force(train: Dataset) -> float:
    return float(np.sqrt(np.square(np.concatenate([frame.forces_eV_A.ravel() for frame in train.frames])).mean()))
