"""Forms of a GAP's xml that published models have, read natively as QUIP reads them."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from ase.cluster import Icosahedron

from deckgen.errors import InputError
from deckgen.quip.gapfile import read_gap

COMPONENTS = ([0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2])  # xx yy zz xy xz yz
FORMS = ("points in the xml", "no element", "a brace too many", "distance_Nb", "cancelling")
SLICED = (  # points of 1 number, of 3, and of 61, which gap_fit writes in slices of 50
    "distance_2b cutoff=6.0 covariance_type=ard_se delta=0.5 theta_uniform=1.0 sparse_method=uniform n_sparse=6 : "
    "angle_3b cutoff=4.5 n_sparse=5 covariance_type=ard_se delta=0.1 theta_fac=0.5 sparse_method=uniform : "
    "soap cutoff=5.0 n_max=4 l_max=5 atom_sigma=0.7 zeta=2 n_sparse=7 covariance_type=dot_product delta=0.2 "
    "sparse_method=cur_points"
)
PAIRS = (  # each repeated by gap_fit for the three kinds of pair; those of like atoms have two permutations
    "distance_Nb order=2 cutoff=6.0 cutoff_transition_width=0.8 covariance_type=ard_se delta=0.5 theta_uniform=1.0 "
    "sparse_method=uniform n_sparse=6 compact_clusters=T : "
    "distance_Nb order=2 cutoff=4.0 covariance_type=ard_se delta=0.2 theta_uniform=0.7 sparse_method=uniform n_sparse=5"
)


def changed(model, name: str, *changes: tuple[str, str]):
    text = model.xml.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    xml = model.xml.with_name(f"{name}.xml")
    xml.write_text(text)
    return replace(model, xml=xml)


def cancelling(model):
    """A pair potential of some eV, as the sixth difference of Gaussians of 1e5 eV: fits to few data are like that."""
    points = "".join(
        f'<sparseX i="{k + 1}" alpha="{(-1) ** k * math.comb(6, k) * 1e4}" sparseCutoff="1.0">{3.0 + 0.1 * k}</sparseX>'
        for k in range(7)
    )
    head, rest = model.xml.read_text().split("<gpCoordinates ", 1)
    first, rest = rest.split("<sparseX ", 1)
    first = re.sub(r' sparseX_\w+="[^"]*"', "", first.replace('n_sparseX="12"', 'n_sparseX="7"'))
    first = re.sub(r"<theta>[^<]*<", "<theta> 0.6 <", first).replace('signal_variance=".5', 'signal_variance="1.')
    xml = model.xml.with_name("cancelling.xml")
    head, end = head.replace('n_coordinate="3"', 'n_coordinate="1"'), rest.rsplit("</gpSparse>", 1)[1]
    xml.write_text(f"{head}<gpCoordinates {first}{points}</gpCoordinates></gpSparse>{end}")
    return replace(model, xml=xml)


@pytest.fixture(scope="module")
def forms(fit, rich):
    """Models with their points in the xml, of any element, and with what a command line had too many of."""
    return {
        "points in the xml": fit("inside", SLICED, arguments=["sparse_separate_file=F"]),
        "no element": changed(
            rich,
            "no-element",
            (" Z=11 species_Z={11 }", ""),  # as gap_fit leaves them with add_species=F: nothing, or 0
            (" Z=11 Z1=11 Z2=11", " Z=0 Z1=0 Z2=0"),
            (" Z1=11 Z2=11", ""),
        ),
        "a brace too many": changed(rich, "brace", ("sparse_method=cur_points ", "radial_scaling=-0.5 } ")),
        "distance_Nb": fit("pairs", PAIRS, ("Na", "K")),
        "cancelling": cancelling(rich),
    }


@pytest.fixture(scope="module")
def clusters() -> list[Atoms]:
    """Sodium, and sodium with two atoms of elements that no descriptor names."""
    sodium = Icosahedron("Na", 2, latticeconstant=5.4)
    sodium.positions += np.random.default_rng(9).normal(0.0, 0.3, sodium.positions.shape)
    sodium.set_cell([60.0] * 3)
    sodium.center()
    mixture = sodium.copy()
    mixture.symbols[[0, 5]] = ["Rb", "K"]
    return [sodium, mixture]


@pytest.fixture(scope="module")
def answers(forms, clusters, driver, in_process, as_json):
    steps = [
        {"structure": as_json(atoms), "xml": str(model.xml), "arguments": model.arguments}
        for model in forms.values()
        for atoms in clusters
    ]
    by_quippy = iter(in_process("evaluate_quippy.py", {"steps": steps}))
    return {
        name: [(native, next(by_quippy)) for native in driver.evaluate(model.xml, clusters)]
        for name, model in forms.items()
    }


@pytest.mark.parametrize("name", FORMS)
def test_published_forms_are_evaluated_as_quippy_does(answers, name):
    for native, quippy in answers[name]:
        virials = 0.5 * (native["virials"] + native["virials"].transpose(0, 2, 1))[:, *COMPONENTS]
        np.testing.assert_allclose(native["energies"], quippy["energies"], rtol=0, atol=1e-9)
        np.testing.assert_allclose(native["forces"], quippy["forces"], rtol=0, atol=1e-8)
        np.testing.assert_allclose(virials, quippy["virials"], rtol=0, atol=1e-8)


def test_to_descriptors_without_an_element_all_atoms_are_alike(answers):
    (sodium, _), (mixture, _) = answers["no element"]
    np.testing.assert_array_equal(mixture["forces"], sodium["forces"])
    (sodium, _), (mixture, _) = answers["a brace too many"]
    assert abs(mixture["forces"] - sodium["forces"]).max() > 1e-2


def test_points_in_the_xml_are_counted(forms, driver):
    """The last point of the SOAP lacks its last number."""
    model = forms["points in the xml"]
    assert read_gap(model.xml).files == (model.xml,)
    text = model.xml.read_text()
    assert '<sparseX_slice start="51"' in text
    head, tail = text.rsplit("</sparseX_slice>", 1)
    short = model.xml.with_name("short.xml")
    short.write_text(f"{head.rstrip().rsplit(maxsplit=1)[0]} </sparseX_slice>{tail}")
    with pytest.raises(InputError, match=f"{7 * 61 - 1} numbers of sparse points in it where {7 * 61} are needed"):
        read_gap(short)
    done = driver.run("gap_driver", str(short), "frames.xyz")
    assert (done.returncode, done.stdout) == (1, "")
    assert "the sparse points in its xml are not n_sparseX of so many dimensions" in done.stderr
    short.write_text(text.replace('start="51"', 'start="52"', 1))
    assert "its sparse points are out of order" in driver.run("gap_driver", str(short), "frames.xyz").stderr
    short.write_text(text.replace('<sparseX_slice start="1" end="50">', '<sparseX_slice start="1" end="50"> 1.0', 1))
    assert "out of order" in driver.run("gap_driver", str(short), "frames.xyz").stderr
