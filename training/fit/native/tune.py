"""Comparing hyperparameters: rows are made once for all candidates that differ in scales or in fewer sparse points."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from ase.data import atomic_numbers
from pydantic import ValidationError

from deckgen.errors import InputError
from deckgen.processes.executor import TaskExecutor
from deckgen.training.dataset import ISOLATED, Dataset
from deckgen.training.fit.native.points import chosen_points, draw, survey, whitening
from deckgen.training.fit.native.reduced import Candidate, Reduced, Sort, reduce
from deckgen.training.fit.native.targets import Target, targets_of
from deckgen.training.fit.native.terms import Kind, SparsePoints
from deckgen.training.recipe.fit import Fit
from deckgen.training.recipe.tuning import Tune

__all__ = ["Trial", "tune_fit"]

SCALES = {
    "sparse_jitter",
    *(f"sigma.{key}" for key in ("energy_eV_atom", "force_eV_A", "isolated_eV")),
    *(f"{table}.delta_eV" for table in ("two_body", "three_body", "soap")),
    *(f"{table}.n_sparse" for table in ("three_body", "soap")),
}
"""Keys that need no new rows. Fewer pairs' sparse points are others: they are equidistant."""


@dataclass(frozen=True)
class Trial:
    """One value of one key, the others as they are best so far.

    Attributes
    ----------
    log_likelihood
        Logarithm of the marginal likelihood of all labels.
    energy_meV_atom, force_meV_A
        Root mean square errors on left-out trajectories.
    """

    key: str
    value: float
    log_likelihood: float
    energy_meV_atom: float
    force_meV_A: float
    best: bool


class _Rows:
    """The reduced configurations of fits that differ in scales alone, and the sparse points."""

    def __init__(self, fit: Fit, train: Dataset, e0: Mapping[str, float], folds: int, executor: TaskExecutor) -> None:
        self.fit = fit
        self.elements = tuple(sorted(atomic_numbers[symbol] for symbol in train.elements))
        targets = targets_of(train, fit.sigma, e0)
        n_isolated = len(targets) - len(train)
        sorts = [Sort(ISOLATED, 1)] * n_isolated + [Sort(frame.config_type, frame.n_atoms) for frame in train.frames]
        self.points: dict[Kind, SparsePoints] = executor.submit(_points, fit, self.elements, targets).result()
        names = list(dict.fromkeys(frame.trajectory for frame in train.frames))
        if len(names) < folds:
            raise InputError(
                f"[tune] folds = {folds}: the curated frames are of {len(names)} trajectories",
                hint="fewer folds, or frames with the trajectory that they come from",
            )
        places = [0] * n_isolated + [names.index(frame.trajectory) % folds for frame in train.frames]
        futures: list[Future[dict[Sort, Reduced]]] = []
        for k in range(folds):
            part = [(sorts[i], targets[i]) for i, place in enumerate(places) if place == k]
            futures.append(executor.submit(reduce, fit, self.elements, self.points, part))
        self.folds = [future.result() for future in futures]

    def lacks(self, fit: Fit) -> bool:
        """Return whether a fit has more sparse points than these rows."""
        tables = ("three_body", "soap")
        return any(getattr(fit, table).n_sparse > getattr(self.fit, table).n_sparse for table in tables)


def _points(fit: Fit, elements: Sequence[int], targets: Sequence[Target]) -> dict[Kind, SparsePoints]:
    numbered = list(enumerate(targets))
    found = survey(fit, elements, numbered)
    whiten = {kind: whitening(moment) for kind, moment in found.moments.items()}
    return chosen_points(fit, found, draw(fit, elements, numbered, whiten) if whiten else {})


def tune_fit(
    fit: Fit,
    settings: Tune,
    train: Dataset,
    e0: Mapping[str, float],
    *,
    executor: TaskExecutor,
    show: Callable[[Trial], None],
) -> tuple[Fit, list[Trial]]:
    """Return the best fit found, one key after the other, and all trials.

    Parameters
    ----------
    fit
        Where to begin, all scales numbers.
    settings
        The values to try.
    train
        Labelled frames; whole trajectories are left out.
    e0
        Energies of the isolated atoms, eV.
    executor
        Makes the rows.
    show
        Called with every trial.

    Raises
    ------
    InputError
        If a key or a value is none of [fit], or there are fewer trajectories than folds.
    """
    trials, rows = list[Trial](), dict[str, _Rows]()
    for key, values in settings.values.items():
        candidates = {value: _with(fit, key, value) for value in dict.fromkeys((_value(fit, key), *values))}
        found = dict[float, Trial]()
        for value in sorted(candidates, reverse=True):  # the most sparse points first
            candidate = candidates[value]
            if _needs(candidate) not in rows or rows[_needs(candidate)].lacks(candidate):
                rows = {_needs(candidate): _Rows(candidate, train, e0, settings.folds, executor)}
            known = rows[_needs(candidate)]
            one = Candidate(candidate, known.elements, known.points, known.folds)
            errors, likelihood = one.errors(settings.sizes), one.log_likelihood()
            found[value] = Trial(key, value, likelihood, errors.energy_meV_atom, errors.force_meV_A, best=False)
            show(found[value])
        best = min(found.values(), key=lambda trial: _cost(trial, settings)).value
        fit = candidates[best]
        trials += [replace(found[value], best=value == best) for value in sorted(found)]
    return fit, trials


def _needs(fit: Fit) -> str:
    """Return what the rows of a fit depend on, beside the number of sparse points."""
    given = fit.model_dump()
    for key in SCALES:
        *tables, last = key.split(".")
        del (given[tables[0]] if tables else given)[last]
    return json.dumps(given, sort_keys=True)


def _cost(trial: Trial, settings: Tune) -> float:
    costs = {
        "forces": trial.force_meV_A,
        "energies": trial.energy_meV_atom,
        "likelihood": -trial.log_likelihood,
    }
    return costs[settings.by]


def _value(fit: Fit, key: str) -> float:
    found: Any = fit
    for name in key.split("."):
        found = getattr(found, name, None)
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise InputError(
            f'[tune] values: "{key}" is no number of [fit]', hint='a key such as "soap.zeta" or "sigma.force_eV_A"'
        )
    return float(found)


def _with(fit: Fit, key: str, value: float) -> Fit:
    """Return the fit with another value of a key."""
    given = fit.model_dump()
    *tables, last = key.split(".")
    inner = given
    for name in tables:
        inner = inner[name]
    inner[last] = int(value) if value == int(value) and isinstance(inner[last], int) else value
    try:
        return Fit.model_validate(given)
    except ValidationError as error:
        raise InputError(f"[tune] values: {key} = {value:g}: {error.errors()[0]['msg']}") from error
