from __future__ import annotations

import numpy as np
from ase.cluster import Icosahedron

from deckgen.quip.rows.cluster import Cluster
from deckgen.quip.rows.soap import SoapVectors
from deckgen.training.fit.native.points import chosen_points, draw, joined_draws, joined_surveys, survey, whitening
from deckgen.training.fit.native.targets import Target
from deckgen.training.fit.native.terms import Kind

NA = (11,)
PAIRS, TRIPLETS, ATOMS = Kind("two_body", (11, 11)), Kind("three_body", (11, 11, 11)), Kind("soap", NA)


def chosen(fit, numbered, shares, elements=NA):
    parts = [numbered[k::shares] for k in range(shares)]
    found = joined_surveys([survey(fit, elements, part) for part in parts])
    whiten = {kind: whitening(moment) for kind, moment in found.moments.items()}
    draws = [draw(fit, elements, part, whiten) for part in parts]
    return chosen_points(fit, found, {kind: joined_draws([one[kind] for one in draws], 40) for kind in whiten})


def test_the_choice_does_not_depend_on_how_the_frames_are_shared_out(judged):
    numbered = list(enumerate(judged.targets))
    one, three = chosen(judged.fit, numbered, 1), chosen(judged.fit, numbered, 3)
    assert {kind: len(points) for kind, points in one.items()} == {PAIRS: 8, TRIPLETS: 20, ATOMS: 25}
    for kind, points in one.items():
        np.testing.assert_allclose(points.x, three[kind].x, rtol=0, atol=1e-9)


def test_pairs_are_equidistant_over_the_distances_that_occur(judged):
    within = []
    for target in judged.targets:
        vectors = target.cluster.positions_A[:, None] - target.cluster.positions_A
        distances = np.linalg.norm(vectors, axis=2)
        within.append(distances[(distances > 0) & (distances < 6.0)])
    points = chosen(judged.fit, list(enumerate(judged.targets)), 1)[PAIRS].x[:, 0]
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
    target = Target(Cluster.of(perfect.numbers, perfect.positions), np.zeros(40), np.ones(40))
    assert len(chosen(judged.fit, [(0, target)], 1)[ATOMS]) == 2  # the centre, and twelve vertices


def test_an_unusual_atom_is_drawn_far_more_often_than_its_share(judged):
    alone = Target(Cluster.of(NA, np.zeros((1, 3))), np.zeros(1), np.ones(1))
    numbered = list(enumerate([*judged.targets[1:6] * 10, alone]))
    fit = judged.fit.model_copy(update={"soap": judged.fit.soap.model_copy(update={"n_sparse": 20})})
    whiten = {ATOMS: whitening(survey(fit, NA, numbered).moments[ATOMS])}
    lone = SoapVectors(fit.soap, NA).values(alone.cluster, 11)[0]
    drawn = [draw(fit.model_copy(update={"seed": seed}), NA, numbered, whiten)[ATOMS] for seed in range(20)]
    found = sum(bool((abs(one.vectors - lone).max(axis=1) < 1e-9).any()) for one in drawn)
    assert found >= 15  # a blind draw has it 20 * 25 / 651 < 1 times


def test_each_pair_triplet_and_central_atom_of_two_elements_has_points_of_its_own(judged_alloy):
    numbered = list(enumerate(judged_alloy.targets))
    points = chosen(judged_alloy.fit, numbered, 2, (11, 19))
    assert len(points) == 3 + 6 + 2
    assert {kind: len(one) for kind, one in points.items() if kind.table == "two_body"} == {
        Kind("two_body", pair): 5 for pair in ((11, 11), (11, 19), (19, 19))
    }
    vectors = SoapVectors(judged_alloy.fit.soap, (11, 19))
    potassium = np.concatenate([vectors.values(target.cluster, 19) for target in judged_alloy.targets])
    for x in points[Kind("soap", (19,))].x:
        assert abs(potassium - x).max(axis=1).min() == 0.0


def test_a_pair_that_does_not_occur_has_no_sparse_points(judged_alloy):
    pairs = [
        Target(Cluster.of((11, 19), [[0, 0, 0], [0, 0, 3.0 + 0.1 * k]]), np.zeros(7), np.ones(7)) for k in range(9)
    ]
    points = chosen(judged_alloy.fit, list(enumerate(pairs)), 1, (11, 19))
    assert [kind.elements for kind in points if kind.table != "soap"] == [(11, 19)]
