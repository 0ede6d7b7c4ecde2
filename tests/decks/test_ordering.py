"""Chemical order of built clusters of several elements."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from pydantic import ValidationError

from deckgen.decks.clusters import bond_length_A, build, start_structure
from deckgen.study import Cluster


def made(**keys: object) -> Atoms:
    return start_structure(Cluster.model_validate(keys), Path())


@pytest.mark.parametrize("ordering", ["random", "core-shell", "janus"])
def test_every_order_has_the_formula_on_the_places_of_the_polyhedron(ordering: str) -> None:
    atoms = made(formula="Ag35Au20", ordering=ordering)
    assert atoms.symbols.formula.count() == {"Ag": 35, "Au": 20}
    mean_A = (35 * bond_length_A("Ag") + 20 * bond_length_A("Au")) / 55
    scaled = build("Ag", 55).get_all_distances() * mean_A / bond_length_A("Ag")
    np.testing.assert_allclose(atoms.get_all_distances(), scaled, atol=1e-9)


def test_a_core_of_13_in_55_is_the_inner_icosahedron_of_the_element_that_is_named() -> None:
    for keys, inner in (({}, "Cu"), ({"core": "Ag"}, "Ag")):
        formula = "Cu13Ag42" if inner == "Cu" else "Cu42Ag13"
        atoms = made(formula=formula, ordering="core-shell", **keys)
        radius = np.linalg.norm(atoms.positions - atoms.positions.mean(axis=0), axis=1)
        core = np.array([symbol == inner for symbol in atoms.symbols])
        assert core.sum() == 13
        assert radius[core].max() < radius[~core].min()


def test_the_halves_of_a_janus_cluster_are_on_two_sides_of_a_plane() -> None:
    atoms = made(formula="Au27Ag28", ordering="janus", core=None)
    height = atoms.positions[:, 2]
    gold = np.array([symbol == "Au" for symbol in atoms.symbols])
    assert height[gold].max() <= height[~gold].min() + 1e-6


def test_a_random_order_is_that_of_its_seed() -> None:
    first, again, other = (
        str(made(formula="Na20K35", ordering_seed=seed).get_chemical_symbols()) for seed in (1, 1, 2)
    )
    assert first == again != other


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"formula": "Na55"}, "of one element"),
        ({"formula": "Na20Xx35"}, "not the symbol of an element|not a formula"),
        ({"formula": "20"}, "not a formula|not the symbol|of one element"),
        ({"formula": "Na20K35", "size": 55}, "either formula or element and size"),
        ({"formula": "Na20K35", "file": "a.xyz"}, "either file or formula"),
        ({"formula": "Na20K20Rb15", "ordering": "janus"}, "is of two elements"),
        ({"formula": "Na20K35", "core": "K"}, 'with ordering = "core-shell"'),
        ({"formula": "Na20K35", "ordering": "core-shell", "core": "Rb"}, "an element of formula"),
        ({"element": "Na", "size": 55, "ordering": "janus"}, "are about formula"),
        ({}, "give element and size .*, formula, or file"),
    ],
)
def test_keys_that_contradict_each_other_are_refused(keys: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Cluster.model_validate(keys)
