"""Comparing hyperparameters without making rows again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deckgen.errors import InputError
from deckgen.processes.executor import open_executor
from deckgen.training.dataset import ISOLATED, Dataset, LabelledFrame
from deckgen.training.fit.native.factor import fold, prior, solve
from deckgen.training.fit.native.parts import Part, run_part, save_points, solve_parts
from deckgen.training.fit.native.reduced import Candidate, Sort, reduce
from deckgen.training.fit.native.targets import fill_rows, targets_of
from deckgen.training.fit.native.terms import SparsePoints, terms_of
from deckgen.training.fit.native.tune import tune_fit
from deckgen.training.recipe.fit import Fit
from deckgen.training.recipe.tuning import Tune


def other_scales(fit: Fit) -> Fit:
    """Deltas, sigmas, the jitter and numbers of sparse points that are not those of the rows."""
    given = fit.model_dump()
    for table, delta, count in (("two_body", 0.2, 8), ("three_body", 0.1, 11), ("soap", 0.7, 17)):
        given[table] |= {"delta_eV": delta, "n_sparse": count}
    given["sigma"] |= {"energy_eV_atom": 0.002, "force_eV_A": 0.05}
    return Fit.model_validate(given | {"sparse_jitter": 1e-6})


def sorts_of(judged) -> list[Sort]:
    return [Sort("default" if len(t) > 1 else ISOLATED, len(t.cluster)) for t in judged.targets]


@pytest.fixture(scope="module")
def candidate(judged) -> Candidate:
    sorted_targets = list(zip(sorts_of(judged), judged.targets, strict=True))
    folds = [reduce(judged.fit, judged.elements, judged.points, sorted_targets[k::2]) for k in range(2)]
    return Candidate(other_scales(judged.fit), judged.elements, judged.points, folds)


def points_of(judged, fit: Fit) -> dict:
    counts = {kind: getattr(fit, kind.table).n_sparse for kind in judged.points}
    return {k: SparsePoints(one.x[: counts[k]], one.cutoffs[: counts[k]]) for k, one in judged.points.items()}


def targets_with(judged, fit: Fit) -> list:
    frames = tuple(
        LabelledFrame(atoms, t.values[0] + judged.e0["Na"] * len(atoms), t.values[1:].reshape(-1, 3), "read", "md")
        for atoms, t in zip(judged.frames, judged.targets[1:], strict=True)
    )
    return targets_of(Dataset(frames, judged.e0), fit.sigma, judged.e0)


def test_the_likelihood_of_other_scales_is_that_of_a_fit_with_them(judged, candidate, tmp_path):
    fit = other_scales(judged.fit)
    targets = targets_with(judged, fit)
    save_points(tmp_path, points_of(judged, fit))
    part = Part(tmp_path, 0, fit, judged.elements, tuple(targets))
    assert run_part(part).complete
    log_sigmas = sum(float(np.log(target.sigmas).sum()) for target in targets)
    found = solve_parts([part], log_sigmas, tmp_path / "factor.npz").log_likelihood
    assert candidate.log_likelihood() == pytest.approx(found, rel=1e-8)


def test_the_errors_of_what_is_left_out_are_those_of_fits_without_it(judged, candidate):
    fit = other_scales(judged.fit)
    terms, targets = terms_of(fit, points_of(judged, fit), judged.elements), targets_with(judged, fit)
    errors: dict[str, list[float]] = {"energy": [], "force": []}
    for k in range(2):
        factor = prior(terms, fit.sparse_jitter)
        blocks = []
        for target in targets:
            block = np.empty((1 + 3 * len(target.cluster), len(factor)), order="F")
            fill_rows(target, terms, block)
            blocks.append(block)
        for number, block in enumerate(blocks):
            if number % 2 != k:
                fold(factor, block.copy(order="F"))
        alpha, _ = solve(factor)
        for number in range(k, len(targets), 2):
            target = targets[number]
            wrong = (blocks[number][: len(target)] @ np.append(alpha, -1.0)) * target.sigmas
            if len(target) > 1:
                errors["energy"].append(wrong[0] / len(target.cluster))
                errors["force"].extend(wrong[1:])
    found = candidate.errors(())
    assert found.energy_meV_atom == pytest.approx(1000 * np.sqrt(np.mean(np.square(errors["energy"]))), rel=1e-6)
    assert found.force_meV_A == pytest.approx(1000 * np.sqrt(np.mean(np.square(errors["force"]))), rel=1e-6)


def test_one_key_after_the_other_keeps_its_best_value(train):
    given = {
        "engine": "native",
        "two_body": {"cutoff_A": 6.0, "n_sparse": 8, "delta_eV": 0.5},
        "soap": {"use": False},
        "sigma": {"rules": []},
    }
    settings = Tune.model_validate({"values": {"sigma.force_eV_A": [50.0], "two_body.cutoff_A": [3.3]}})
    frames = tuple(replace(frame, trajectory=str(k)) for k, frame in enumerate(train.frames))
    apart = Dataset(frames, train.isolated_eV)
    with open_executor(1) as executor:
        fit, trials = tune_fit(
            Fit.model_validate(given), settings, apart, train.isolated_eV, executor=executor, show=print
        )
        assert [trial.key for trial in trials] == ["sigma.force_eV_A"] * 2 + ["two_body.cutoff_A"] * 2
        for pair in (trials[:2], trials[2:]):
            (best,) = [trial for trial in pair if trial.best]
            assert best.force_meV_A == min(trial.force_meV_A for trial in pair)
        assert fit.sigma.force_eV_A == 0.02  # with 50 the forces would count for nothing
        assert fit.two_body.cutoff_A == 6.0  # bonds are 3.7 angstrom long: 3.3 sees hardly any
        for wrong in ({"soap.colour": [1.0]}, {"two_body.cutoff_A": [0.0]}):
            with pytest.raises(InputError, match=r"\[tune\] values"):
                tune_fit(fit, Tune(values=wrong), apart, train.isolated_eV, executor=executor, show=print)
        with pytest.raises(InputError, match="of 1 trajectories"):  # all frames would be left out at once
            tune_fit(fit, settings, train, train.isolated_eV, executor=executor, show=print)
