"""What a sample more or less changes, against solving anew."""

from __future__ import annotations

import numpy as np

from deckgen.analysis.mbar.influence import influence_on_means, influence_on_variances
from deckgen.analysis.mbar.reweighting import reweight
from deckgen.analysis.pool import Pool

GRID_K = np.array([160.0, 233.0, 251.0, 290.0])
SHARE = 1e-4
"""Of the samples of a rung, moved to an energy: so little that the change is linear."""


def test_a_change_of_a_rungs_samples_changes_averages_as_the_influence_says(two_basins, ladder, rng):
    """The energies of one rung drawn more or less often, its number kept: to first order."""
    parts = [two_basins.sample(T, 300, rng) for T in ladder]
    energies = np.concatenate(parts)
    ones, lowest = (1.0,) * len(ladder), energies.min()
    pool = Pool(ladder, energies - lowest, lowest, None, (300,) * len(ladder), ones, ones, tuple(range(len(ladder))))
    solved = reweight(pool)
    weights = solved.node_weights(np.exp(rng.normal(scale=0.2, size=len(energies))))
    variances = influence_on_variances(solved, GRID_K, weights)
    means = influence_on_means(solved, GRID_K)
    change = rng.normal(size=len(energies)) * SHARE
    change[: 3 * 300] = 0  # of the rungs from the fourth to the fifth only
    change[5 * 300 :] = 0
    change -= np.where(change != 0, change.sum() / np.count_nonzero(change), 0)
    nodes = solved.energy_grid.sum(change)

    def averages(counts, node_weights):
        return solved.averages(GRID_K, solved.weights_of(counts[None], node_weights))

    for node_weights, influence, name in (
        (weights, variances, "variance_eV2"),
        (np.ones(len(nodes)), means, "mean_eV"),
    ):
        after = getattr(averages(solved.counts + nodes, node_weights), name)[0]
        before = getattr(averages(solved.counts, node_weights), name)[0]
        np.testing.assert_allclose(after - before, influence @ nodes, rtol=2e-3, atol=1e-12)


def test_weights_of_nodes_are_the_mean_of_the_samples(two_basins, ladder, rng):
    """A weight that is a smooth function of the energy is found again at every node."""
    energies = np.concatenate([two_basins.sample(T, 2000, rng) for T in ladder])
    ones, lowest = (1.0,) * len(ladder), energies.min()
    pool = Pool(ladder, energies - lowest, lowest, None, (2000,) * len(ladder), ones, ones, tuple(range(len(ladder))))
    solved = reweight(pool)
    found = solved.node_weights(1 + 0.3 * pool.energies_eV)
    crowded = solved.counts > 5
    np.testing.assert_allclose(found[crowded], 1 + 0.3 * solved.energy_grid.energies_eV[crowded], rtol=2e-3)


def test_distributions_of_the_rungs_sum_to_one_and_have_their_means(two_basins, ladder, rng):
    energies = np.concatenate([two_basins.sample(T, 500, rng) for T in ladder])
    ones, lowest = (1.0,) * len(ladder), energies.min()
    pool = Pool(ladder, energies - lowest, lowest, None, (500,) * len(ladder), ones, ones, tuple(range(len(ladder))))
    solved = reweight(pool)
    np.testing.assert_allclose(solved.distributions.sum(axis=1), 1)
    means = solved.distributions @ solved.energy_grid.energies_eV + lowest
    np.testing.assert_allclose(means, solved.rung_means_eV(), atol=2e-3)  # nodes of few samples may be negative
