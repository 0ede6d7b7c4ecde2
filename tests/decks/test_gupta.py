from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest
from scipy.optimize import minimize

from deckgen.decks.clusters import build
from deckgen.decks.gupta import CUTOFF_A, eam_alloy_table, energy_eV
from deckgen.decks.potentials import BUILTIN


@pytest.mark.parametrize(("size", "published_eV"), [(13, -8.88828), (55, -47.00409)])
def test_relaxed_icosahedra_have_the_known_energies(size: int, published_eV: float) -> None:
    start = build("Na", size).positions.ravel()
    relaxed = minimize(lambda x: energy_eV(x.reshape(-1, 3)), start, method="L-BFGS-B", options={"maxfun": 10**6})
    assert relaxed.fun == pytest.approx(published_eV, abs=2e-5)


def test_the_shipped_table_is_the_formulas() -> None:
    shipped = BUILTIN["na-gupta"].file.read_text().splitlines()
    now = eam_alloy_table().splitlines()
    assert shipped[:4] == now[:4]
    numbers = [np.array(" ".join(lines[6:]).split(), dtype=float) for lines in (shipped, now)]
    np.testing.assert_allclose(*numbers, rtol=2e-12, atol=0)
    assert files("deckgen").joinpath("potentials", "na-gupta", BUILTIN["na-gupta"].file.name).is_file()


def test_the_cutoff_cuts_no_bond_of_309_atoms() -> None:
    positions = build("Na", 309).positions
    assert np.linalg.norm(positions[:, None] - positions[None], axis=2).max() < CUTOFF_A - 5
