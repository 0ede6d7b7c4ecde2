"""A native fit from a recipe to a potential that QUIP reads."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from deckgen.errors import InputError
from deckgen.quip.gapfile import read_gap
from deckgen.training.dataset import Dataset
from deckgen.training.fit.fit import fit
from deckgen.training.fit.native.gap_xml import read_points
from deckgen.training.fit.record import FitResult
from deckgen.training.recipe import Recipe
from deckgen.training.recipe.fit import Fit

NATIVE = {
    "engine": "native",
    "two_body": {"cutoff_A": 6.0, "n_sparse": 10, "delta_eV": 0.5},
    "soap": {"cutoff_A": 5.0, "transition_A": 1.0, "n_max": 4, "l_max": 3, "n_sparse": 30},
    "sigma": {"energy_eV_atom": 0.001, "force_eV_A": 0.02, "rules": []},
}


def recipe(**changes) -> Recipe:
    return Recipe(fit=Fit.model_validate({**NATIVE, **changes}))


@pytest.fixture(scope="module")
def made(train: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[FitResult, list[str]]:
    stages: list[str] = []
    return fit(recipe(), train, tmp_path_factory.mktemp("project") / "fit", threads=2, progress=stages.append), stages


def test_a_native_fit_describes_its_frames_and_says_what_it_did(made, train):
    result, stages = made
    forces = np.concatenate([frame.forces_eV_A.ravel() for frame in train.frames])
    assert result.errors["all"]["force_pooled_rmse_meV_A"] < 0.1 * 1000 * np.sqrt(np.square(forces).mean())
    assert stages[0].startswith("memory: about")
    assert "solving" in stages
    folder = result.xml.parent
    assert json.loads((folder / "fit.json").read_text())["arguments"][0] == "engine=native"
    assert "condition number" in (folder / "native.log").read_text()
    assert {path.name for path in folder.iterdir()} == {
        *("factor.npz", "fit.json", "native.log", "train.extxyz"),
        *(path.name for path in read_gap(result.xml).files),
    }


def test_the_memory_is_what_was_said_before(made):
    assert made[0].peak_bytes == pytest.approx(made[0].estimated_bytes, rel=0.2)


def test_the_same_native_fit_is_not_made_again_and_another_engine_is_another_fit(made, train, tmp_path):
    again = fit(recipe(), train, made[0].xml.parent, threads=1)
    assert not again.new
    by_gap_fit = fit(recipe(engine="gap_fit"), train, tmp_path / "fit", threads=1)
    assert by_gap_fit.inputs_sha256 != made[0].inputs_sha256


def test_the_sparse_points_of_another_potential_are_taken_as_they_are(made, train, tmp_path):
    chosen = recipe(sparse_from=str(made[0].xml), sparse_jitter=1e-9)
    other = fit(chosen, train, tmp_path / "fit", threads=1)
    for kind, points in read_points(made[0].xml, chosen.fit, (11,)).items():
        np.testing.assert_array_equal(read_points(other.xml, chosen.fit, (11,))[kind].x, points.x)
    with pytest.raises(InputError, match=r"its terms are distance_2b .*, and those of the fit two_body Na-Na;"):
        fit(recipe(sparse_from=str(made[0].xml), soap={"use": False}), train, tmp_path / "wrong", threads=1)


def test_sparse_points_inside_of_an_xml_are_taken_as_well(made, tmp_path):
    """As gap_fit writes them with sparse_separate_file=F: in the xml of each point, or in slices of it."""
    apart, chosen = made[0].xml, recipe().fit
    tree = ET.parse(apart)
    for coordinate in tree.iter("gpCoordinates"):
        points = coordinate.findall("sparseX")
        numbers = (apart.parent / coordinate.attrib.pop("sparseX_filename")).read_text().split()
        width = len(numbers) // len(points)
        for k, point in enumerate(points):
            first, rest = (" ".join(numbers[k * width : (k + 1) * width][part]) for part in (slice(1), slice(1, None)))
            point.text = first
            ET.SubElement(point, "sparseX_slice").text = rest
    tree.write(tmp_path / "inside.xml")
    there, here = (read_points(xml, chosen, (11,)) for xml in (apart, tmp_path / "inside.xml"))
    assert list(there) == list(here)
    for kind, points in there.items():
        np.testing.assert_array_equal(here[kind].x, points.x)
        np.testing.assert_array_equal(here[kind].cutoffs, points.cutoffs)


def test_periodic_frames_are_refused(train: Dataset, tmp_path: Path):
    first, *rest = train.frames
    periodic = replace(first, atoms=Atoms(first.atoms.numbers, first.atoms.positions, cell=[20] * 3, pbc=True))
    with pytest.raises(InputError, match="data:0 is periodic") as caught:
        fit(recipe(), Dataset((periodic, *rest), dict(train.isolated_eV)), tmp_path / "fit", threads=1)
    assert "gap_fit" in caught.value.hint


def test_two_elements_are_fitted_and_quip_reads_the_same_forces(alloy: Dataset, tmp_path: Path):
    result = fit(recipe(), alloy, tmp_path / "fit", threads=1)  # refused where QUIP's forces differ
    assert read_gap(result.xml).elements == ("Na", "K")
    assert result.peak_bytes == pytest.approx(result.estimated_bytes, rel=0.2)
    forces = np.concatenate([frame.forces_eV_A.ravel() for frame in alloy.frames])
    assert result.errors["all"]["force_pooled_rmse_meV_A"] < 0.2 * 1000 * np.sqrt(np.square(forces).mean())


@pytest.mark.parametrize(
    "wrong",
    [
        {"options": "sparse_jitter=1e-4"},
        {"soap": {"options": "average=T"}},
        {"two_body": {"sparse_method": "random"}},
        {"engine": "gap_fit", "sparse_from": "gap.xml"},
    ],
)
def test_keys_of_the_other_engine_are_refused(wrong):
    with pytest.raises(ValueError, match="engine"):
        Fit.model_validate({**NATIVE, **wrong})
