from __future__ import annotations

import numpy as np
from ase.cluster import Icosahedron

from deckgen.quip.rows import SoapVectors
from deckgen.training.fit.native.points import chosen_points, draw, joined_draws, joined_surveys, survey, whitening
from deckgen.training.fit.native.targets import Target


def chosen(fit, numbered, shares):
    found = joined_surveys([survey(fit, numbered[k::shares]) for k in range(shares)])
    whiten = whitening(found.moment)
    drawn = joined_draws([draw(fit, numbered[k::shares], whiten) for k in range(shares)], 40)
    return chosen_points(fit, found, drawn)


def test_the_choice_does_not_depend_on_how_the_frames_are_shared_out(judged):
    numbered = list(enumerate(judged.targets))
    one, three = chosen(judged.fit, numbered, 1), chosen(judged.fit, numbered, 3)
    assert {name: len(points) for name, points in one.items()} == {"two_body": 8, "three_body": 20, "soap": 25}
    for name, points in one.items():
        np.testing.assert_allclose(points.x, three[name].x, rtol=0, atol=1e-9)


def test_pairs_are_equidistant_over_the_distances_that_occur(judged):
    within = []
    for target in judged.targets:
        vectors = target.positions_A[:, None] - target.positions_A
        distances = np.linalg.norm(vectors, axis=2)
        within.append(distances[(distances > 0) & (distances < 6.0)])
    points = chosen(judged.fit, list(enumerate(judged.targets)), 1)["two_body"].x[:, 0]
    np.testing.assert_allclose(points, np.linspace(np.concatenate(within).min(), np.concatenate(within).max(), 8))


def test_leverage_scores_add_up_to_the_rank_and_a_direction_of_one_vector_has_the_score_one():
    rng = np.random.default_rng(1)
    x = np.zeros((50, 8))
    x[:-1, :3] = rng.normal(size=(49, 3))
    x[-1, 5] = 0.01
    scores = np.square(x @ whitening(x.T @ x)).sum(axis=1)
    assert abs(scores.sum() - 4) < 1e-9
    assert abs(scores[-1] - 1) < 1e-9
    assert scores[:-1].max() < 0.5


def test_atoms_that_symmetry_makes_equal_give_one_sparse_point(judged):
    perfect = Icosahedron("Na", 2, latticeconstant=5.3)
    target = Target(perfect.positions, np.zeros(40), np.ones(40))
    assert len(chosen(judged.fit, [(0, target)], 1)["soap"]) == 2  # the centre, and twelve vertices


def test_an_unusual_atom_is_drawn_far_more_often_than_its_share(judged):
    alone = Target(np.zeros((1, 3)), np.zeros(1), np.ones(1))
    numbered = list(enumerate([*judged.targets[1:6] * 10, alone]))
    fit = judged.fit.model_copy(update={"soap": judged.fit.soap.model_copy(update={"n_sparse": 20})})
    whiten = whitening(survey(fit, numbered).moment)
    lone = SoapVectors(fit.soap).values(alone.positions_A)[0]
    drawn = [draw(fit.model_copy(update={"seed": seed}), numbered, whiten) for seed in range(20)]
    found = sum(bool((abs(one.vectors - lone).max(axis=1) < 1e-9).any()) for one in drawn)
    assert found >= 15  # a blind draw has it 20 * 25 / 651 < 1 times
