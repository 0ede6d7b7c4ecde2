"""LAMMPS with the tables of the Gupta potentials against their formula."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.io import write

import deckgen
from deckgen.decks.clusters import bond_length_A, build
from deckgen.decks.deck import study_decks
from deckgen.decks.gupta import GUPTA, SODIUM
from deckgen.frames import read_frames
from deckgen.study import Study

STUDY = """
[cluster]
{cluster}
[potential]
name = "{name}"
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


def sodium(size: int) -> str:
    return STUDY.format(cluster=f'element = "Na"\nsize = {size}', name="na-gupta")


def structures(symbol: str, size: int) -> dict[str, np.ndarray]:
    """Return a cold cluster, hot ones, a compressed and a stretched one, and one in pieces."""
    cold = build(symbol, size).positions
    shake = np.random.default_rng(size).normal(scale=0.1 * bond_length_A(symbol), size=(3, *cold.shape))
    hot = {f"hot {k}": cold + displacement for k, displacement in enumerate(shake)}
    broken = cold + np.where(cold[:, :1] > 0.1, [12.0, 0, 0], 0)
    return {"cold": cold, "compressed": 0.9 * cold, "stretched": 1.15 * cold, "broken": broken, **hot}


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("na-gupta", {"Na": 13}),
        ("na-gupta", {"Na": 55}),
        ("na-gupta", {"Na": 147}),
        ("cuau-gupta", {"Au": 13, "Cu": 42}),
        ("cuau-gupta", {"Cu": 13}),
    ],
)
def test_lammps_energies_are_the_formulas(name, counts, tmp_path, lmp) -> None:
    """Types follow the elements' names: Au, Cu."""
    symbols = [symbol for symbol, count in counts.items() for _ in range(count)]
    given = structures(symbols[0], len(symbols)).values()
    write(tmp_path / "start.xyz", Atoms(symbols, next(iter(given))))
    (tmp_path / "study.toml").write_text(STUDY.format(cluster='file = "start.xyz"\nrelax = false', name=name))
    (tmp_path / "templates").mkdir()
    steps = []
    for positions in given:
        steps += [f"set atom {i} x {x:.12f} y {y:.12f} z {z:.12f}" for i, (x, y, z) in enumerate(positions, 1)]
        steps += ["run 0", 'print "$(pe:%.10f)" append energies.txt']
    (tmp_path / "templates" / "nvt.in.j2").write_text(SINGLE_POINTS.format(steps="\n".join(steps)))
    deckgen.write_decks(tmp_path)
    folder = tmp_path / "decks" / "nvt" / "T0100.000K-r1"
    lmp(folder)
    by_formula = [GUPTA[name].energy_eV(symbols, positions) for positions in given]
    np.testing.assert_allclose(np.loadtxt(folder / "energies.txt"), by_formula, rtol=0, atol=1e-6 * len(symbols))


@pytest.mark.parametrize(("size", "published_eV"), [(13, -8.88828), (55, -47.00409), (147, -137.49295)])
def test_the_minimize_deck_finds_the_known_icosahedra(size, published_eV, tmp_path, lmp) -> None:
    (tmp_path / "study.toml").write_text(sodium(size))
    assert any(deck.manifest.protocol == "minimize" for deck in study_decks(Study.read(tmp_path)))
    deckgen.write_decks(tmp_path)
    folder = tmp_path / "decks" / "minimize" / "start"
    lmp(folder)
    (minimum,) = read_frames(folder / "quenched.extxyz")
    assert minimum.potential_energy_eV == pytest.approx(published_eV, abs=2e-5)
    assert minimum.potential_energy_eV == pytest.approx(
        SODIUM.energy_eV(size * ["Na"], minimum.positions_A), abs=1e-6 * size
    )


def test_the_icosahedron_of_twelve_copper_atoms_about_gold_is_the_best_homotop(tmp_path, lmp) -> None:
    """The global minimum of Cu12Au43 (Wu, Cai, Shao, J. Comput. Chem. 30, 1992 (2009)): any swap of two atoms costs."""
    shape = build("Au", 55)
    order = np.argsort(np.linalg.norm(shape.positions, axis=1))  # the centre, twelve, thirty edges, twelve vertices
    symbols = np.array(55 * ["Au"])
    symbols[order[1:13]] = "Cu"
    energies = []
    for number, (one, other) in enumerate([(0, 0), (0, 1), (1, 20), (1, 54)]):
        study, swapped = tmp_path / str(number), symbols.copy()
        swapped[[order[one], order[other]]] = symbols[[order[other], order[one]]]
        study.mkdir()
        write(study / "start.xyz", Atoms(swapped, shape.positions))
        (study / "study.toml").write_text(STUDY.format(cluster='file = "start.xyz"', name="cuau-gupta"))
        deckgen.write_decks(study)
        lmp(study / "decks" / "minimize" / "start")
        (minimum,) = read_frames(study / "decks" / "minimize" / "start" / "quenched.extxyz")
        energies.append(minimum.potential_energy_eV)
    assert min(energies[1:]) > energies[0] + 0.05
