"""Enantiomers: chiral isomers and their mirror images, counted as two where that is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deckgen.analysis.isomers.alignment import Shape, align, matches
from deckgen.minima import Minimum

__all__ = ["split_enantiomers"]

Indices = NDArray[np.intp]

LOOSE = 5.0
"""How far the atoms of a loosely converged quench may be off their isomer's, in tolerances for tight minima."""


def split_enantiomers(
    isomers: Sequence[Minimum], isomer_of: Indices, quenches: Iterable[tuple[int, Minimum]], tolerance_A: float
) -> tuple[list[Minimum], Indices]:
    """Split every chiral isomer into itself and its mirror image, as far as quenches led to them.

    Parameters
    ----------
    isomers
        Distinct minima, mirror images counted as equal.
    isomer_of : (n,)
        Which isomer each quench led to; negative for none.
    quenches
        Each quench with its index, in any order.
    tolerance_A
        Largest distance of an atom from its counterpart in minima that are equal.

    Returns
    -------
    The isomers, mirror images next to each other, and (n,) indices into them; negative also for a quench that is too
    loosely converged to decide.
    """
    shapes = [Shape.of(isomer.symbols, isomer.positions_A) for isomer in isomers]
    chiral = [not matches(shape, _mirrored(shape), tolerance_A=tolerance_A, reflection=False) for shape in shapes]
    # isomer k becomes 2 k, its mirror image 2 k + 1
    enantiomer_of, first = 2 * isomer_of, dict[int, tuple[int, Minimum]]()
    for index, quench in quenches:
        k = int(isomer_of[index])
        if k < 0 or not chiral[k]:
            continue
        found = align(shapes[k], Shape.of(quench.symbols, quench.positions_A), tolerance_A=LOOSE * tolerance_A)
        enantiomer_of[index] = -1 if found is None else 2 * k + found.reflected
        if found is not None and found.reflected:
            first[k] = min(first.get(k, (index, quench)), (index, quench), key=lambda pair: pair[0])
    minima = {2 * k: isomer for k, isomer in enumerate(isomers)}
    minima |= {2 * k + 1: _mirror_image(isomers[k], quench) for k, (_, quench) in first.items()}
    seen = enantiomer_of >= 0
    present, enantiomer_of[seen] = np.unique(enantiomer_of[seen], return_inverse=True)
    return [minima[enantiomer] for enantiomer in present.tolist()], np.where(seen, enantiomer_of, -1)


def _mirrored(shape: Shape) -> Shape:
    return Shape(shape.kinds, -shape.positions_A, shape.radii_A)


def _mirror_image(isomer: Minimum, quench: Minimum) -> Minimum:
    """Return the mirror image of a tight minimum, as found from a quench."""
    return replace(
        isomer,
        positions_A=-isomer.positions_A,
        temperature_K=quench.temperature_K,
        source=quench.source,
        frame=quench.frame,
    )
