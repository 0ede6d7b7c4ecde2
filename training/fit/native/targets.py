"""What a fit is fitted to: energies and forces, each with its expected error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from ase.data import atomic_numbers
from numpy.typing import NDArray

from deckgen.errors import InputError
from deckgen.quip.rows.cluster import Cluster
from deckgen.training.dataset import Dataset
from deckgen.training.fit.gap_fit import sigmas
from deckgen.training.fit.native.terms import Term
from deckgen.training.recipe.fit import Sigma

__all__ = ["Target", "elements_of", "fill_rows", "targets_of"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Target:
    """A configuration and its labels.

    Parameters
    ----------
    cluster
        The atoms.
    values : (1 + 3 N,) or (1,)
        Energy without that of the isolated atoms (eV), then the forces (eV/A); the energy alone for an isolated atom.
    sigmas : as values
        Expected errors.
    """

    cluster: Cluster
    values: Array
    sigmas: Array

    def __len__(self) -> int:
        return len(self.values)


def targets_of(train: Dataset, sigma: Sigma, e0: Mapping[str, float]) -> list[Target]:
    """Return the isolated atoms, then the frames, with the regularisation that gap_fit is given.

    Raises
    ------
    InputError
        If a frame is periodic.
    """
    targets = [
        Target(
            Cluster.of([atomic_numbers[symbol]], np.zeros((1, 3))),
            np.array([energy_eV - e0[symbol]]),
            np.array([sigma.isolated_eV]),
        )
        for symbol, energy_eV in sorted(train.isolated_eV.items())
        if symbol in e0
    ]
    for frame in train.frames:
        if frame.atoms.pbc.any():
            raise InputError(
                f'[fit] engine = "native" fits free clusters, and {frame.source} is periodic', hint='engine = "gap_fit"'
            )
        energy_sigma, force_sigma = sigmas(sigma, frame.config_type, frame.n_atoms)
        binding_eV = frame.energy_eV - sum(e0[symbol] for symbol in frame.atoms.symbols)
        targets.append(
            Target(
                Cluster.of(frame.atoms.numbers, frame.atoms.positions),
                np.concatenate([[binding_eV], frame.forces_eV_A.ravel()]),
                np.concatenate([[energy_sigma], np.full(3 * frame.n_atoms, force_sigma)]),
            )
        )
    return targets


def elements_of(targets: Sequence[Target]) -> tuple[int, ...]:
    """Return the atomic numbers that occur, rising."""
    return tuple(sorted({int(number) for target in targets for number in np.unique(target.cluster.numbers)}))


def fill_rows(target: Target, terms: Sequence[Term], rows: Array) -> None:
    """Write a configuration's rows of [K | y], each divided by its sigma.

    Parameters
    ----------
    target
        The configuration.
    terms
        In the order of their columns.
    rows : (1 + 3 N, n_sparse + 1), Fortran-ordered
        What is written; where there are fewer targets, the rows beyond are 0.
    """
    rows[:] = 0.0
    first = 0
    for term in terms:
        term.add_rows(target.cluster, rows[:, first : first + len(term.points)])
        first += len(term.points)
    n = len(target)
    rows[n:] = 0.0
    rows[:n, first] = target.values
    rows[:n] /= target.sigmas[:, None]
