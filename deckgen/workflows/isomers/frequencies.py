"""Harmonic frequencies of the lowest isomers, for the superposition approximation."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from deckgen.analysis.isomers.results import Isomer
from deckgen.analysis.isomers.vibrations import log_frequency_product
from deckgen.errors import AnalysisError, InputError
from deckgen.processes.display import Display
from deckgen.processes.executor import TaskExecutor
from deckgen.runs.quench.hessian import hessians
from deckgen.study.folder import ResultsFolder
from deckgen.workflows.isomers.read import IsomersDocument, read_isomers

__all__ = ["log_frequency_products"]


def log_frequency_products(
    isomers: Sequence[Isomer], deck: Path, earlier: ResultsFolder, executor: TaskExecutor, *, progress: bool = True
) -> list[float]:
    """Return the sum of ln(omega ps) of each isomer, up to the first that has none because it is a saddle.

    Parameters
    ----------
    isomers
        From the lowest.
    deck
        The quench deck that converged them.
    earlier
        Results of an earlier call: what isomers.json has of the same minima is not computed again.
    executor
        Runs the processes.
    progress
        Say on standard error what is being computed.

    Raises
    ------
    RunError
        With LAMMPS' message if it fails.
    """
    known = _known(earlier, deck.name)
    new = [isomer.minimum for isomer in isomers if _name(isomer) not in known]
    if new:
        evaluations = 6 * len(new[0].symbols) * len(new)
        what = f"{len(new)} isomer{'s' * (len(new) > 1)}"
        Display(quiet=not progress).say(f"harmonic frequencies of {what}: {evaluations:,} evaluations")
    computed = iter(hessians(deck, new, executor=executor) if new else [])
    products = list[float]()
    for isomer in isomers:
        minimum = isomer.minimum
        try:
            products.append(
                known[_name(isomer)]
                if _name(isomer) in known
                else log_frequency_product(next(computed), minimum.symbols, minimum.positions_A)
            )
        except AnalysisError:
            break
    return products


def _name(isomer: Isomer) -> tuple[str, int, float]:
    return isomer.minimum.source, isomer.minimum.frame, isomer.minimum.energy_eV


def _known(earlier: ResultsFolder, deck: str) -> dict[tuple[str, int, float], float]:
    """Return what an earlier list says of minima that the same deck converged; nothing if it is not readable."""
    document: IsomersDocument | None = None
    with contextlib.suppress(InputError):
        document = read_isomers(earlier)
    if document is None or document.settings.deck != deck:
        return {}
    return {
        (isomer.source, isomer.frame, isomer.energy_eV): isomer.log_frequency_product
        for isomer in document.isomers
        if isomer.log_frequency_product is not None
    }
