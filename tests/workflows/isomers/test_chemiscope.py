"""Isomers as chemiscope reads them: structures and properties of one length."""

from __future__ import annotations

import numpy as np
from ase.cluster import Icosahedron

from deckgen.analysis.isomers.find import find_isomers
from deckgen.minima import Minimum
from deckgen.workflows.isomers.chemiscope import chemiscope_document


def test_every_isomer_is_a_structure_with_its_properties() -> None:
    positions = Icosahedron("Na", 2).positions
    minima = [
        Minimum(("Na",) * 13, positions * (1 + 0.05 * k), 0.5 * k - 9, 1e-5, 8, True, 150.0, "a", k) for k in range(2)
    ]
    found = find_isomers(lambda: iter(minima), lambda tight: tight)
    document = chemiscope_document(found, "Na13")
    assert document["meta"]["name"] == "Na13"
    first, second = document["structures"]
    assert (first["size"], first["names"]) == (13, ["Na"] * 13)
    np.testing.assert_allclose(np.transpose([first["x"], first["y"], first["z"]]), found.isomers[0].minimum.positions_A)
    assert second["x"] != first["x"]
    energies = document["properties"]["energy above the lowest"]
    assert energies == {"target": "structure", "values": [0.0, 0.5], "units": "eV"}
    assert document["properties"]["point group"]["values"] == ["Ih", "Ih"]
    assert {len(one["values"]) for one in document["properties"].values()} == {2}
