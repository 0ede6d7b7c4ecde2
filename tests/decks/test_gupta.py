from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar

from deckgen.decks.clusters import build
from deckgen.decks.gupta import COPPER_GOLD, GUPTA, SODIUM
from deckgen.decks.potentials import BUILTIN


def bulk_eV(a_A: float, basis: list[str], shells: int = 5) -> float:
    """Return the energy per atom of a cubic crystal of four places per cell, of the bonds up to a shell."""
    cells = np.indices((9, 9, 9)).reshape(3, -1).T - 4
    places = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    reach_A, energy = a_A * np.sqrt((shells + 0.5) / 2), 0.0
    for place, first in zip(places, basis, strict=True):
        density = 0.0
        for other, second in zip(places, basis, strict=True):
            r = a_A * np.linalg.norm(cells + other - place, axis=1)
            pair, r = COPPER_GOLD.pairs[frozenset({first, second})], r[(r > 0) & (r < reach_A)]
            energy += pair.repulsion_eV(r).sum()
            density += pair.density(r).sum()
        energy -= np.sqrt(density)
    return energy / 4


@pytest.mark.parametrize(("size", "published_eV"), [(13, -8.88828), (55, -47.00409)])
def test_relaxed_icosahedra_have_the_known_energies(size: int, published_eV: float) -> None:
    def energy(x: np.ndarray) -> float:
        return SODIUM.energy_eV(size * ["Na"], x.reshape(-1, 3))

    start = build("Na", size).positions.ravel()
    relaxed = minimize(energy, start, method="L-BFGS-B", options={"maxfun": 10**6})
    assert relaxed.fun == pytest.approx(published_eV, abs=2e-5)


@pytest.mark.parametrize("name", GUPTA)
def test_the_shipped_table_is_the_formulas(name: str) -> None:
    shipped = BUILTIN[name].file.read_text().splitlines()
    now = GUPTA[name].table().splitlines()
    assert shipped[:4] == now[:4]
    numbers = [
        np.array([x for line in lines[6:] for x in line.split() if x != "fcc"], float) for lines in (shipped, now)
    ]
    np.testing.assert_allclose(*numbers, rtol=2e-12, atol=0)
    assert files("deckgen").joinpath("potentials", name, BUILTIN[name].file.name).is_file()
    assert set(BUILTIN[name].elements) == set(GUPTA[name].elements)


def test_the_cutoff_of_sodium_cuts_no_bond_of_309_atoms() -> None:
    positions = build("Na", 309).positions
    assert np.linalg.norm(positions[:, None] - positions[None], axis=2).max() < SODIUM.cutoff_A - 5


def test_bonds_of_copper_and_gold_beyond_the_cutoff_are_worth_nothing() -> None:
    for pair in COPPER_GOLD.pairs.values():
        assert pair.density(COPPER_GOLD.cutoff_A) < 1e-12 * pair.density(pair.r0_A)
        assert pair.repulsion_eV(COPPER_GOLD.cutoff_A) < 1e-12


@pytest.mark.parametrize(
    ("basis", "a_A", "energy_eV"),
    [
        (["Cu", "Cu", "Cu", "Cu"], 3.615, -3.544),
        (["Au", "Au", "Au", "Au"], 4.079, -3.779),
        (["Au", "Cu", "Cu", "Cu"], None, (-3.779 - 3 * 3.544) / 4 - 0.0736),  # measured: formation at 0.074 eV/atom
    ],
)
def test_crystals_of_copper_and_gold_are_those_that_the_potential_was_fitted_to(basis, a_A, energy_eV) -> None:
    """Cleri and Rosato fitted lattice constants and cohesive energies, with bonds up to the fifth neighbours."""
    found = minimize_scalar(bulk_eV, bracket=(3.5, 4.2), args=(basis,))
    assert found.fun == pytest.approx(energy_eV, abs=2e-3)
    assert a_A is None or found.x == pytest.approx(a_A, abs=2e-3)
