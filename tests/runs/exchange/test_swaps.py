"""Swaps leave every rung's distribution as it is, and are permutations."""

from __future__ import annotations

from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gamma, kstest

from deckgen.runs.exchange.swaps import exchange
from deckgen.units import KB_EV_K

KELVINS = [100.0, 110.0, 125.0]


@pytest.mark.parametrize("pairs", ["all", "neighbours"])
def test_each_arrangement_occurs_as_often_as_boltzmann_says(pairs: str) -> None:
    """Three configurations that only swap: the weight of an arrangement is exp(-sum_k beta_k U_k)."""
    energies, n = [0.0, 0.02, 0.05], 24_000
    beta = 1 / (KB_EV_K * np.array(KELVINS))
    generator, here, found = np.random.default_rng(3), [0, 1, 2], Counter[tuple[int, ...]]()
    for n_th in range(n):
        source = exchange(KELVINS, [energies[k] for k in here], pairs, n_th, generator)
        here = [here[k] for k in source]
        found[tuple(here)] += 1
    weights = {order: np.exp(-beta @ [energies[k] for k in order]) for order in permutations(range(3))}
    total = sum(weights.values())
    for order, weight in weights.items():
        assert found[order] / n == pytest.approx(weight / total, abs=0.02)


@pytest.mark.parametrize("pairs", ["all", "neighbours"])
def test_canonical_energies_stay_canonical(pairs: str) -> None:
    generator = np.random.default_rng(5)
    drawn = np.array([gamma.rvs(6.0, scale=KB_EV_K * T, size=3000, random_state=generator) for T in KELVINS])
    swapped = np.array([U[exchange(KELVINS, U.tolist(), pairs, n_th, generator)] for n_th, U in enumerate(drawn.T)]).T
    assert np.mean(swapped != drawn) > 0.3
    for T, energies in zip(KELVINS, swapped, strict=True):
        assert kstest(energies, gamma(6.0, scale=KB_EV_K * T).cdf).pvalue > 1e-3


def test_two_rungs_swap_with_the_probability_of_metropolis() -> None:
    generator, n, kT = np.random.default_rng(1), 20_000, KB_EV_K * np.array([100.0, 125.0])
    lower_above = [exchange([100.0, 125.0], [0.01, 0.0], "neighbours", 0, generator) for _ in range(50)]
    assert lower_above == [[1, 0]] * 50
    swapped = sum(exchange([100.0, 125.0], [0.0, 0.03], "neighbours", 0, generator) == [1, 0] for _ in range(n))
    assert swapped / n == pytest.approx(np.exp(-(1 / kT[0] - 1 / kT[1]) * 0.03), abs=0.015)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    energies=st.lists(st.floats(-5, 5), min_size=1, max_size=9),
    pairs=st.sampled_from(["all", "neighbours"]),
    n_th=st.integers(0, 9),
    seed=st.integers(0, 9),
)
def test_every_configuration_is_somewhere_once(energies: list[float], pairs: str, n_th: int, seed: int) -> None:
    kelvins = [100.0 + 5 * k for k in range(len(energies))]
    source = exchange(kelvins, energies, pairs, n_th, np.random.default_rng(seed))
    assert sorted(source) == list(range(len(energies)))
    if pairs == "neighbours":
        assert all(
            k == origin or {k, origin} == {min(k, origin), min(k, origin) + 1} for k, origin in enumerate(source)
        )
        assert all(min(k, origin) % 2 == n_th % 2 for k, origin in enumerate(source) if k != origin)


def test_pairs_that_are_not_known_are_refused() -> None:
    with pytest.raises(ValueError, match="no pairs 'some'"):
        exchange(KELVINS, [0.0, 0.0, 0.0], "some", 0, np.random.default_rng(1))
