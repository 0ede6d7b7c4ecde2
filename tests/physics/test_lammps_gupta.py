"""LAMMPS with the eam/alloy table against the Gupta potential's formula."""

from __future__ import annotations

import numpy as np
import pytest

import deckgen
from deckgen.decks.clusters import build
from deckgen.decks.deck import study_decks
from deckgen.decks.gupta import energy_eV
from deckgen.frames import read_frames
from deckgen.study import Study

STUDY = """
[cluster]
element = "Na"
size = {size}
[potential]
name = "na-gupta"
[ladder]
temperatures_K = [100, 150, 200]
"""

SINGLE_POINTS = """{{% extends "base.in.j2" %}}
{{% block title %}}energies of given structures{{% endblock %}}
{{% block body %}}
thermo_modify norm no
{steps}
{{% endblock %}}
"""


def structures(size: int) -> dict[str, np.ndarray]:
    """Return a cold cluster, hot ones, a compressed and a stretched one, and one in pieces."""
    cold = build("Na", size).positions
    shake = np.random.default_rng(size).normal(scale=0.4, size=(3, *cold.shape))
    hot = {f"hot {k}": cold + displacement for k, displacement in enumerate(shake)}
    broken = cold + np.where(cold[:, :1] > 0.1, [12.0, 0, 0], 0)
    return {"cold": cold, "compressed": 0.9 * cold, "stretched": 1.15 * cold, "broken": broken, **hot}


@pytest.mark.parametrize("size", [13, 55, 147])
def test_lammps_energies_are_the_formulas(size, tmp_path, lmp) -> None:
    (tmp_path / "study.toml").write_text(STUDY.format(size=size))
    (tmp_path / "templates").mkdir()
    steps = []
    for positions in structures(size).values():
        steps += [f"set atom {i} x {x:.12f} y {y:.12f} z {z:.12f}" for i, (x, y, z) in enumerate(positions, 1)]
        steps += ["run 0", 'print "$(pe:%.10f)" append energies.txt']
    (tmp_path / "templates" / "minimize.in.j2").write_text(SINGLE_POINTS.format(steps="\n".join(steps)))
    deckgen.write_decks(tmp_path)
    folder = tmp_path / "decks" / "minimize" / "start"
    lmp(folder)
    by_formula = [energy_eV(positions) for positions in structures(size).values()]
    np.testing.assert_allclose(np.loadtxt(folder / "energies.txt"), by_formula, rtol=0, atol=1e-6 * size)


@pytest.mark.parametrize(("size", "published_eV"), [(13, -8.88828), (55, -47.00409), (147, -137.49295)])
def test_the_minimize_deck_finds_the_known_icosahedra(size, published_eV, tmp_path, lmp) -> None:
    (tmp_path / "study.toml").write_text(STUDY.format(size=size))
    assert any(deck.manifest.protocol == "minimize" for deck in study_decks(Study.read(tmp_path)))
    deckgen.write_decks(tmp_path)
    folder = tmp_path / "decks" / "minimize" / "start"
    lmp(folder)
    (minimum,) = read_frames(folder / "quenched.extxyz")
    assert minimum.potential_energy_eV == pytest.approx(published_eV, abs=2e-5)
    assert minimum.potential_energy_eV == pytest.approx(energy_eV(minimum.positions_A), abs=1e-6 * size)
