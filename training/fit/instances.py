"""The number of instances of each descriptor, from which scales and memory are estimated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list

from deckgen.errors import InputError
from deckgen.training.recipe.fit import Fit

__all__ = ["Instances", "count_instances", "require_instances"]


@dataclass(frozen=True)
class Instances:
    """The instances of the descriptors in a set of configurations, and their derivatives.

    Attributes
    ----------
    n_frames, n_atoms, n_elements
        Number of configurations, of their atoms, and of the elements of all of them.
    pairs
        Ordered pairs within the cutoff of the two-body term: gap_fit counts a bond twice.
    triplets
        Central atoms with an ordered pair of neighbours within the cutoff of the three-body term.
    neighbours
        Ordered pairs within the cutoff of SOAP.
    """

    n_frames: int
    n_atoms: int
    n_elements: int
    pairs: int
    triplets: int
    neighbours: int


def count_instances(frames: Iterable[Atoms], fit: Fit) -> Instances:
    """Count the instances of each descriptor, including those that are not in use."""
    n_frames = n_atoms = pairs = triplets = neighbours = 0
    elements = set[int]()
    cutoffs_A = (fit.two_body.cutoff_A, fit.three_body.cutoff_A, fit.soap.cutoff_A)
    for atoms in frames:
        central, distance_A = neighbor_list("id", atoms, max(cutoffs_A))
        within = [np.bincount(central[distance_A < cutoff_A], minlength=len(atoms)) for cutoff_A in cutoffs_A]
        n_frames, n_atoms = n_frames + 1, n_atoms + len(atoms)
        elements.update(atoms.numbers.tolist())
        pairs += int(within[0].sum())
        triplets += int((within[1] * (within[1] - 1)).sum())
        neighbours += int(within[2].sum())
    return Instances(n_frames, n_atoms, len(elements), pairs, triplets, neighbours)


def require_instances(found: Instances, fit: Fit) -> None:
    """Refuse a term that has no instance in the frames: gap_fit would have nothing to choose sparse points from.

    Raises
    ------
    InputError
        Naming the table and its cutoff.
    """
    for name, term, count in (("two_body", fit.two_body, found.pairs), ("three_body", fit.three_body, found.triplets)):
        if term.use and not count:
            raise InputError(
                f"[fit.{name}] cutoff_A = {term.cutoff_A:g}: no atoms of any frame are so close",
                hint="a longer cutoff_A, or use = false",
            )
