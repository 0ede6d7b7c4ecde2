"""Second derivatives against analytic ones, and saddles told from minima."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from deckgen.decks.deck import write_quench_deck
from deckgen.decks.gupta import SODIUM
from deckgen.minima import Minimum
from deckgen.runs.quench.hessian import downhill_mode, hessians
from deckgen.study import Study

EPSILON_EV, SIGMA_A, MASS_U = 0.0104, 3.40, 39.948
STIFFNESS = 72 * EPSILON_EV / (2 ** (1 / 3) * SIGMA_A**2)
"""Second derivative of the Lennard-Jones pair at its minimum, in eV/A^2."""
LJ = f"""
[cluster]
file = "start.xyz"
[potential]
kind = "lammps"
pair_style = "lj/cut 60.0"
pair_coeff = ["* * {EPSILON_EV} {SIGMA_A}"]
mass_u = {MASS_U}
"""


@pytest.fixture
def hessian_of(tmp_path):
    """Return the Hessian of a structure of argon or sodium."""

    def find(positions, symbol="Ar"):
        lines = [f"{symbol} {x} {y} {z}" for x, y, z in positions]
        (tmp_path / "start.xyz").write_text("\n".join([str(len(lines)), "", *lines, ""]))
        text = LJ if symbol == "Ar" else '[cluster]\nfile = "start.xyz"\n[potential]\nname = "na-gupta"\n'
        (tmp_path / "study.toml").write_text(text)
        deck = write_quench_deck(Study.read(tmp_path), "tight", 1e-6).folder
        start = Minimum((symbol,) * len(lines), np.array(positions, dtype=float), 0, 0, 0, True, None, "here", 0)
        first, second = hessians(deck, [start, replace(start, positions_A=1.1 * start.positions_A)], workers=1)
        assert not np.allclose(first, second, rtol=0.1)
        return first

    return find


def downhill(hessian, positions):
    return downhill_mode(lambda vector: (hessian @ vector.ravel()).reshape(-1, 3), np.array(positions))


def test_the_triangle_of_lennard_jones_atoms_vibrates_as_it_must(hessian_of):
    """Three equal bonds at rest: breathing 3 k/m, and 3 k/2m twice; nothing else moves."""
    r = 2 ** (1 / 6) * SIGMA_A
    triangle = [(0, 0, 0), (r, 0, 0), (r / 2, r * np.sqrt(3) / 2, 0)]
    found = hessian_of(triangle)
    curvatures = np.linalg.eigvalsh(found) / STIFFNESS
    assert curvatures == pytest.approx([0] * 6 + [1.5, 1.5, 3], abs=1e-4)
    assert downhill(found, triangle) is None


def test_three_atoms_in_a_line_bend(hessian_of):
    """The linear trimer is a saddle: it bends, the middle atom against the outer two."""
    r = 2 ** (1 / 6) * SIGMA_A * 0.9989  # without forces, to a ten-thousandth of the stiffness
    line = [(-r, 0.0, 0.0), (0.0, 0.0, 0.0), (r, 0.0, 0.0)]
    mode = downhill(hessian_of(line), line)
    assert mode is not None
    assert np.linalg.norm(mode) == pytest.approx(1)
    assert mode[:, 0] == pytest.approx([0, 0, 0], abs=1e-6)
    assert mode[0] == pytest.approx(mode[2], abs=1e-6)
    assert mode[1] == pytest.approx(-2 * mode[0], abs=1e-6)


def test_the_lowest_curvature_decides_among_many():
    """A random symmetric matrix in place of a Hessian: a saddle by its lowest eigenvalue, a minimum once that is up."""
    rng = np.random.default_rng(4)
    positions = rng.normal(scale=5, size=(40, 3))
    vectors, _ = np.linalg.qr(rng.normal(size=(120, 120)))
    for lowest in (-1e-3, 1e-3):
        values = np.concatenate([[lowest], np.geomspace(2e-3, 3.0, 119)])
        mode = downhill((vectors * values) @ vectors.T, positions)
        assert (mode is None) == (lowest > 0)


def test_second_derivatives_are_those_of_the_formula(hessian_of):
    """The Gupta potential by its formula, at a structure of no symmetry that is no minimum."""
    rng = np.random.default_rng(2)
    positions = np.array(list(itertools.product([0, 3.6], repeat=3)))[:6] + rng.normal(scale=0.2, size=(6, 3))
    found = hessian_of(positions, "Na")
    assert found == pytest.approx(found.T)
    h = 1e-3
    for i, j in [(0, 0), (1, 1), (0, 5), (4, 13), (9, 17), (16, 16)]:
        energies = []
        for a, b in itertools.product((1, -1), repeat=2):
            shifted = positions.ravel().copy()
            shifted[i] += a * h
            shifted[j] += b * h
            energies.append(a * b * SODIUM.energy_eV(len(shifted) // 3 * ["Na"], shifted.reshape(-1, 3)))
        assert found[i, j] == pytest.approx(sum(energies) / (4 * h * h), abs=2e-5)
