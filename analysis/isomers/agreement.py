"""How far a potential's isomers are from those of a reference: energies, their order, bond lengths, structures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from deckgen.analysis.isomers.alignment import Shape, align
from deckgen.analysis.isomers.geometry import BondLengths, bond_lengths

__all__ = [
    "MATCH_A",
    "EnergyError",
    "OrderErrors",
    "StructureChange",
    "energy_error",
    "order_errors",
    "structure_change",
]

MATCH_A = 0.5
"""Two minima are the same isomer when, one scaled to the size of the other, no atom is further off than this."""

LEAST_RANKED = 3
"""Two energies are always in some order: from three on a correlation of ranks says something."""


@dataclass(frozen=True)
class EnergyError:
    """The error of one energy, dE = E - E_ref.

    Parameters
    ----------
    error_eV
        dE, signed.
    per_atom_eV
        |dE| / N.
    percent
        100 |dE| / |E_ref - sum e0|; None where the binding energy is not known or is zero.
    """

    error_eV: float
    per_atom_eV: float
    percent: float | None


@dataclass(frozen=True)
class OrderErrors:
    """How well relative energies agree.

    Parameters
    ----------
    n_isomers
        Isomers compared, the first one included.
    mean_absolute_error_eV
        Mean of |(E_i - E_1) - (E_ref,i - E_ref,1)| over the isomers i > 1; None where there is no other.
    spearman, kendall
        Rank correlations of the two lists (Kendall's tau-b); None for fewer than three isomers or where all are equal.
    """

    n_isomers: int
    mean_absolute_error_eV: float | None
    spearman: float | None
    kendall: float | None


@dataclass(frozen=True)
class StructureChange:
    """What becomes of a potential's minimum when the reference relaxes it.

    Parameters
    ----------
    before, after
        Bond lengths of the two structures.
    same
        Whether it is still the same isomer: the two match within `MATCH_A`.
    deviation_A, rmsd_A
        Largest and root mean square distance of an atom from its counterpart in that match, the sizes made equal; None
        without a match.
    """

    before: BondLengths
    after: BondLengths
    same: bool
    deviation_A: float | None
    rmsd_A: float | None


def energy_error(energy_eV: float, reference_eV: float, e0_eV: float | None, n_atoms: int) -> EnergyError:
    """Compare an energy with the reference's, both of one structure or each of its own minimum.

    Parameters
    ----------
    energy_eV, reference_eV
        The two, counted from the same zero.
    e0_eV
        Sum of the reference's energies of the isolated atoms; None where they are not known.
    n_atoms
        Number of atoms.
    """
    error = energy_eV - reference_eV
    binding = None if e0_eV is None else abs(reference_eV - e0_eV)
    return EnergyError(error, abs(error) / n_atoms, 100 * abs(error) / binding if binding else None)


def order_errors(energies_eV: ArrayLike, reference_eV: ArrayLike) -> OrderErrors:
    """Compare the energies of isomers relative to the first one, whatever their zeros.

    Parameters
    ----------
    energies_eV, reference_eV : (n,)
        Energies of the isomers, n >= 1, by the potential and by the reference.
    """
    from scipy.stats import kendalltau, spearmanr  # here, because it is slow to import

    energies, reference = (np.asarray(values, dtype=float) for values in (energies_eV, reference_eV))
    errors = np.abs((energies - energies[0]) - (reference - reference[0]))[1:]
    ranked = len(energies) >= LEAST_RANKED and bool(np.ptp(energies)) and bool(np.ptp(reference))
    return OrderErrors(
        n_isomers=len(energies),
        mean_absolute_error_eV=float(errors.mean()) if len(errors) else None,
        spearman=float(spearmanr(energies, reference).statistic) if ranked else None,
        kendall=float(kendalltau(energies, reference).statistic) if ranked else None,
    )


def structure_change(
    symbols: Sequence[str], positions_A: ArrayLike, after_symbols: Sequence[str], after_A: ArrayLike
) -> StructureChange:
    """Compare a minimum with what the reference made of it, its atoms in any order.

    Parameters
    ----------
    symbols, positions_A : (N,), (N, 3)
        The potential's minimum.
    after_symbols, after_A : (N,), (N, 3)
        The reference's.
    """
    found = align(Shape.of(symbols, positions_A), Shape.of(after_symbols, after_A), tolerance_A=MATCH_A, scale=True)
    return StructureChange(
        before=bond_lengths(positions_A),
        after=bond_lengths(after_A),
        same=found is not None,
        deviation_A=None if found is None else found.deviation_A,
        rmsd_A=None if found is None else found.rmsd_A,
    )
