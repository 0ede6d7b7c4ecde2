"""A share of the configurations, folded into a factor of its own in a process of its own; and the end of all shares.

A part writes its factor every few minutes, and when it is asked to stop; begun again, it continues from there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dtrcon

from deckgen.files import write_whole
from deckgen.processes.signals import StopRequest
from deckgen.training.fit.gap_fit import high_water
from deckgen.training.fit.native.factor import BLOCK_ROWS, fold, join, prior, solve
from deckgen.training.fit.native.targets import Target, fill_rows
from deckgen.training.fit.native.terms import Kind, SparsePoints, Term, terms_of
from deckgen.training.fit.native.uncertainty import save_factor
from deckgen.training.recipe.fit import Fit

__all__ = ["Part", "PartReport", "Solution", "load_points", "rows_done", "run_part", "save_points", "solve_parts"]

Array = NDArray[np.float64]

SAVE_EVERY_S = 180.0
SAY_EVERY_S = 2.0
POINTS = "points.npz"


@dataclass(frozen=True, eq=False)
class Part:
    """A share of a fit.

    Attributes
    ----------
    folder
        Where its factor and its progress are kept, beside the sparse points.
    index
        Its number; part 0 holds the prior as well.
    fit
        The settings.
    elements
        Atomic numbers of the potential.
    targets
        Its configurations.
    """

    folder: Path
    index: int
    fit: Fit
    elements: tuple[int, ...]
    targets: tuple[Target, ...]

    @property
    def progress(self) -> Path:
        """A file that says how many rows are done."""
        return self.folder / f"part-{self.index}.rows"

    def saved(self) -> dict[int, Path]:
        """Return the factors on disk by the number of configurations in them."""
        return {int(path.stem.split("-")[2]): path for path in self.folder.glob(f"part-{self.index}-*.npy")}


@dataclass(frozen=True)
class PartReport:
    """Whether a part is complete (or was asked to stop), and its largest memory."""

    complete: bool
    peak_bytes: int


@dataclass(frozen=True, eq=False)
class Solution:
    """A solution.

    Attributes
    ----------
    alpha : (n_sparse,)
        The coefficients, 1/eV.
    residual
        Norm of (K alpha - y) / sigma and the prior's part.
    log_likelihood
        Logarithm of the marginal likelihood of the targets.
    condition
        Condition number of the factor, in the 1-norm.
    peak_bytes
        The largest memory of the process.
    """

    alpha: Array
    residual: float
    log_likelihood: float
    condition: float
    peak_bytes: int


def save_points(folder: Path, points: dict[Kind, SparsePoints]) -> None:
    """Write the sparse points for the parts, each array named by its kind."""
    arrays = dict[str, Any]()
    for kind, one in points.items():
        name = f"{kind.table}:{'-'.join(map(str, kind.elements))}"
        arrays |= {f"{name}:x": one.x, f"{name}:cutoffs": one.cutoffs}
    aside = folder / f"unfinished-{POINTS}"
    np.savez(aside, **arrays)
    os.replace(aside, folder / POINTS)


def load_points(folder: Path) -> dict[Kind, SparsePoints] | None:
    """Return the sparse points of an earlier start; None if there are none."""
    if not (folder / POINTS).exists():
        return None
    with np.load(folder / POINTS) as arrays:
        found = dict[Kind, SparsePoints]()
        for name in dict.fromkeys(key.rpartition(":")[0] for key in arrays):
            table, elements = name.split(":")
            kind = Kind(table, tuple(map(int, elements.split("-"))))
            found[kind] = SparsePoints(arrays[f"{name}:x"], arrays[f"{name}:cutoffs"])
        return found


def rows_done(part: Part) -> int:
    """Return the number of rows that a part has folded so far, as it last said."""
    try:
        return int(part.progress.read_text())
    except (OSError, ValueError):
        return 0


def run_part(part: Part) -> PartReport:
    """Fold a part's configurations: from its last saved factor, to its end or until it is asked to stop."""
    points = load_points(part.folder)
    assert points is not None, "the sparse points are chosen first"
    terms = terms_of(part.fit, points, part.elements)
    done, factor = _begin(part, terms)
    with StopRequest() as stop:
        done = _fold_from(done, factor, part, terms, stop)
    return PartReport(done == len(part.targets), high_water(os.getpid()))


def _begin(part: Part, terms: list[Term]) -> tuple[int, Array]:
    saved = part.saved()
    if saved:
        done = max(saved)
        return done, np.load(saved[done])
    if part.index == 0:
        return 0, prior(terms, part.fit.sparse_jitter)
    n = 1 + sum(len(term.points) for term in terms)
    return 0, np.zeros((n, n), order="F")


def _fold_from(done: int, factor: Array, part: Part, terms: list[Term], stop: StopRequest) -> int:
    """Fold configurations from number `done` on; return the number of those in the factor that is saved at the end."""
    tallest = max(3 * len(target.cluster) + 1 for target in part.targets)
    block = np.empty((max(BLOCK_ROWS, tallest), len(factor)), order="F")
    filled, rows = 0, sum(len(target) for target in part.targets[:done])
    last_saved = last_said = time.monotonic()
    for target in part.targets[done:]:
        height = 1 + 3 * len(target.cluster)
        due = stop.requested or time.monotonic() - last_saved > SAVE_EVERY_S
        if filled + height > len(block) or due:
            _fold_filled(factor, block, filled)
            filled = 0
        if due:
            _save(part, factor, done)
            last_saved = time.monotonic()
        if stop.requested:
            return done
        fill_rows(target, terms, block[filled : filled + height])
        filled, done, rows = filled + height, done + 1, rows + len(target)
        if time.monotonic() - last_said > SAY_EVERY_S:
            write_whole(part.progress, str(rows))
            last_said = time.monotonic()
    _fold_filled(factor, block, filled)
    _save(part, factor, done)
    write_whole(part.progress, str(rows))
    return done


def _fold_filled(factor: Array, block: Array, filled: int) -> None:
    """Fold the rows that are filled; those below them count for nothing."""
    if filled:
        block[filled:] = 0.0
        fold(factor, block)


def _save(part: Part, factor: Array, done: int) -> None:
    """Write the factor, then remove older ones: one that exists is complete."""
    older = part.saved()
    aside = part.folder / f"unfinished-{part.index}.npy"
    np.save(aside, factor)
    os.replace(aside, part.folder / f"part-{part.index}-{done}.npy")
    for number, path in older.items():
        if number != done:
            path.unlink()


def solve_parts(parts: Sequence[Part], log_sigmas: float, keep: Path) -> Solution:
    """Join the factors of all parts, keep the whole factor, and solve.

    Parameters
    ----------
    parts
        All of them, complete.
    log_sigmas
        Sum of the logarithms of the sigmas of all targets.
    keep
        The file of the factor.
    """
    points = load_points(parts[0].folder)
    assert points is not None
    log_prior = _log_diagonal(prior(terms_of(parts[0].fit, points, parts[0].elements), parts[0].fit.sparse_jitter))
    first, *others = (part.saved()[len(part.targets)] for part in parts)
    factor = np.load(first)
    for path in others:
        join(factor, np.load(path))
    save_factor(keep, factor, sum(len(target) for part in parts for target in part.targets))
    alpha, residual = solve(factor)
    # y ~ N(0, K_NM K_MM^-1 K_MN + Sigma): by the matrix determinant lemma its determinant needs that of R alone
    n_targets = sum(len(target) for part in parts for target in part.targets)
    log_determinant = 2 * (_log_diagonal(factor) - log_prior + log_sigmas)
    log_likelihood = -0.5 * (residual**2 + log_determinant + n_targets * np.log(2 * np.pi))
    factor[:-1, -1] = 0.0  # the targets' column takes no part in the condition number
    factor[-1, -1] = np.abs(np.diagonal(factor)[:-1]).max()
    reciprocal, _ = dtrcon(factor)
    return Solution(alpha, residual, float(log_likelihood), 1.0 / reciprocal, high_water(os.getpid()))


def _log_diagonal(factor: Array) -> float:
    """Return the logarithm of the determinant of a factor without its column of targets."""
    return float(np.log(np.abs(np.diagonal(factor)[:-1])).sum())
