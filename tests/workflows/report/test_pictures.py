"""Pictures of clusters."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from ase import Atoms
from ase.cluster import Icosahedron

from deckgen.workflows.report.pictures import SIZE, draw_cluster, picture_of

SVG = "{http://www.w3.org/2000/svg}"


def shapes(atoms: Atoms, name: str) -> list[ET.Element]:
    return list(ET.fromstring(draw_cluster(atoms)).iter(SVG + name))


def test_an_icosahedron_shows_its_42_bonds_and_13_atoms() -> None:
    atoms = Icosahedron("Na", 2)
    assert len(shapes(atoms, "line")) == 42
    spheres = [circle for circle in shapes(atoms, "circle") if circle.get("fill") == "url(#Na)"]
    assert len(spheres) == 13
    x, y, r = (np.array([float(circle.get(key)) for circle in spheres]) for key in ("cx", "cy", "r"))
    assert (np.minimum(x, y) - r).min() > -0.5
    assert (np.maximum(x, y) + r).max() < SIZE + 0.5


@pytest.mark.parametrize(
    ("atoms", "says"),
    [
        (Icosahedron("Na", 2, latticeconstant=5), "Na13: a nearly round cluster"),
        (Atoms("Na3", positions=[(0, 0, 0), (0, 0, 3), (0, 0, 6)]), "Na3: a long cluster, 6.0 Å"),
        (Atoms("Na4", positions=[(0, 0, 0), (0, 3, 0), (3, 0, 0), (3, 3, 0)]), "Na4: a flat cluster, 4.2 Å"),
    ],
)
def test_who_does_not_see_a_cluster_reads_its_shape_and_size(atoms: Atoms, says: str) -> None:
    picture = picture_of(atoms, "below")
    assert picture.alt.startswith(f"Drawing of {says}")
    assert picture.caption == "below"


def test_near_atoms_are_drawn_over_far_ones_and_far_ones_are_paler() -> None:
    atoms = Atoms("NaK", positions=[(0, 0, 0), (0, 0, 3.5)])
    circles = shapes(atoms, "circle")
    assert [circle.get("fill") for circle in circles] == ["url(#Na)", "#fff", "url(#K)"]
    assert {gradient.get("id") for gradient in shapes(atoms, "radialGradient")} == {"Na", "K"}
