"""What configurations say of every fit that differs in scales alone: deltas, sigmas, the jitter, fewer points.

Rows are made once, with each delta and sigma 1. A sigma divides the rows of its kind of configuration, so these have
factors of their own; a delta multiplies columns, by delta^2, and leaving sparse points out drops columns. The squared
errors of coefficients alpha on such rows A = Q R are |R alpha|^2: the rows themselves are not needed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deckgen.training.dataset import ISOLATED
from deckgen.training.fit.gap_fit import sigmas
from deckgen.training.fit.native.factor import fold, prior, solve
from deckgen.training.fit.native.targets import Target, fill_rows
from deckgen.training.fit.native.terms import Kind, SparsePoints, terms_of
from deckgen.training.recipe.fit import Fit

__all__ = ["Candidate", "Errors", "Reduced", "Sort", "reduce"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Sort:
    """Configurations with the same sigmas, whatever [fit.sigma] says."""

    config_type: str
    n_atoms: int


@dataclass(eq=False)
class Reduced:
    """The rows of the configurations of one sort: those of energies as they are, a factor of those of forces."""

    energies: Array
    forces: Array
    n_forces: int


@dataclass(frozen=True)
class Errors:
    """Root mean squares of the errors on frames that were left out."""

    energy_meV_atom: float
    force_meV_A: float


def _unit(fit: Fit) -> Fit:
    """Return the fit with every delta 1."""
    tables = {
        name: getattr(fit, name).model_copy(update={"delta_eV": 1.0}) for name in ("two_body", "three_body", "soap")
    }
    return fit.model_copy(update=tables)


def reduce(
    fit: Fit, elements: Sequence[int], points: Mapping[Kind, SparsePoints], targets: Sequence[tuple[Sort, Target]]
) -> dict[Sort, Reduced]:
    """Return configurations, reduced by sort.

    Parameters
    ----------
    fit, elements, points
        As for `terms_of`; deltas and sigmas play no role.
    targets
        The configurations.
    """
    terms = terms_of(_unit(fit), points, elements)
    n = 1 + sum(len(term.points) for term in terms)
    found = dict[Sort, Reduced]()
    for sort in dict.fromkeys(sort for sort, _ in targets):
        mine = [target for other, target in targets if other == sort]
        energies, forces, n_forces = [], np.zeros((n, n), order="F"), 0
        for target in mine:
            rows = np.empty((1 + 3 * len(target.cluster), n), order="F")
            fill_rows(Target(target.cluster, target.values, np.ones(len(target))), terms, rows)
            energies.append(rows[:1].copy())
            if len(target) > 1:
                fold(forces, np.asfortranarray(rows[1:]))
                n_forces += len(target) - 1
        found[sort] = Reduced(np.concatenate(energies), forces, n_forces)
    return found


class Candidate:
    """A fit to the same rows, with other scales or fewer sparse points.

    Parameters
    ----------
    fit
        Its settings: those of the rows but for deltas, sigmas, `sparse_jitter` and `n_sparse`, of which it has no more.
    elements, points
        Of the rows.
    folds
        The configurations, reduced, dealt out by trajectories.
    """

    def __init__(
        self,
        fit: Fit,
        elements: Sequence[int],
        points: Mapping[Kind, SparsePoints],
        folds: Sequence[Mapping[Sort, Reduced]],
    ) -> None:
        self.fit, self.folds = fit, folds
        counts = {kind: min(len(one), getattr(fit, kind.table).n_sparse) for kind, one in points.items()}
        fewer = {kind: SparsePoints(one.x[: counts[kind]], one.cutoffs[: counts[kind]]) for kind, one in points.items()}
        terms = terms_of(fit, fewer, elements)
        kept, scales, first = list[int](), list[float](), 0
        for term in terms:
            kept += range(first, first + counts[term.kind])
            scales += [term.settings.delta_eV**2] * counts[term.kind]
            first += len(points[term.kind])
        self.kept, self.scales = np.array([*kept, first]), np.array([*scales, 1.0])
        self.prior = prior(terms, fit.sparse_jitter)

    def log_likelihood(self) -> float:
        """Return the logarithm of the marginal likelihood of all targets."""
        factor = self._factor(range(len(self.folds)))
        n_targets, log_sigmas = 0, 0.0
        for part in self.folds:
            for sort, one in part.items():
                energy, force = self._sigmas(sort)
                n_targets += len(one.energies) + one.n_forces
                log_sigmas += len(one.energies) * np.log(energy) + one.n_forces * np.log(force)
        log_determinant = 2 * (_log_diagonal(factor) - _log_diagonal(self.prior) + log_sigmas)
        return float(-0.5 * (factor[-1, -1] ** 2 + log_determinant + n_targets * np.log(2 * np.pi)))

    def errors(self, n_atoms: Sequence[int]) -> Errors:
        """Return the errors on the configurations of every fold by the fit to the others; of some sizes, or of all."""
        energy, force, n_energies, n_forces = 0.0, 0.0, 0, 0
        for left_out, part in enumerate(self.folds):
            alpha, _ = solve(self._factor(k for k in range(len(self.folds)) if k != left_out))
            coefficients = self.scales * np.append(alpha, -1.0)
            for sort, one in part.items():
                if sort.config_type == ISOLATED or (n_atoms and sort.n_atoms not in n_atoms):
                    continue
                energy += float(np.square(one.energies[:, self.kept] @ coefficients).sum()) / sort.n_atoms**2
                force += float(np.square(one.forces[:, self.kept] @ coefficients).sum())
                n_energies, n_forces = n_energies + len(one.energies), n_forces + one.n_forces
        return Errors(1000 * (energy / n_energies) ** 0.5, 1000 * (force / n_forces) ** 0.5)

    def _factor(self, folds: Iterable[int]) -> Array:
        """Return the factor of the prior and of some folds."""
        factor = self.prior.copy(order="F")
        for k in folds:
            for sort, one in self.folds[k].items():
                for rows, sigma in zip((one.energies, one.forces), self._sigmas(sort), strict=True):
                    fold(factor, np.asfortranarray(rows[:, self.kept] * (self.scales / sigma)))
        return factor

    def _sigmas(self, sort: Sort) -> tuple[float, float]:
        if sort.config_type == ISOLATED:
            return self.fit.sigma.isolated_eV, 1.0
        return sigmas(self.fit.sigma, sort.config_type, sort.n_atoms)


def _log_diagonal(factor: Array) -> float:
    return float(np.log(np.abs(np.diagonal(factor)[:-1])).sum())
