from __future__ import annotations

from pathlib import Path

import pytest

from deckgen.errors import InputError
from deckgen.training.fit.arguments import gap_fit_arguments
from deckgen.training.recipe import Recipe, json_schema

MINIMAL = '[data]\nfiles = ["frames.extxyz"]\n'
TABLE_1 = {  # hyperparameters of the published sodium potentials
    "distance_2b": {"cutoff": 12.9, "delta": 0.001, "theta_uniform": 0.6, "n_sparse": 20},
    "angle_3b": {"cutoff": 3.5, "delta": 0.001, "theta_uniform": 0.6, "n_sparse": 100},
    "soap": {
        "cutoff": 12.9,
        "cutoff_transition_width": 1.0,
        "delta": 0.04,
        "atom_sigma": 0.6,
        "n_max": 12,
        "l_max": 6,
        "zeta": 4,
        "n_sparse": 6000,
    },
}


def read(folder: Path, text: str) -> Recipe:
    (folder / "gap.toml").write_text(text)
    return Recipe.read(folder)


def descriptors(recipe: Recipe) -> dict[str, dict[str, str]]:
    """The descriptors that gap_fit is given, by name."""
    gap = next(word for word in gap_fit_arguments(recipe.fit, {"Na": -0.2}) if word.startswith("gap="))
    parts = [part.split() for part in gap.removeprefix("gap={").removesuffix("}").split(" : ")]
    return {part[0]: dict(word.split("=") for word in part[1:]) for part in parts}


def test_a_file_with_the_frames_alone_is_enough(tmp_path: Path) -> None:
    recipe = read(tmp_path, MINIMAL)
    assert recipe.data.files == (Path("frames.extxyz"),)
    assert recipe.folder == tmp_path.resolve()
    assert set(descriptors(recipe)) == {"distance_2b", "soap"}


def test_the_papers_preset_is_its_table_1(tmp_path: Path) -> None:
    found = descriptors(read(tmp_path, MINIMAL + '[fit]\npreset = "paper"\n'))
    assert set(found) == set(TABLE_1)
    for name, expected in TABLE_1.items():
        assert {key: float(found[name][key]) for key in expected} == expected
    assert found["soap"]["sparse_method"] == "cur_points"
    assert found["distance_2b"]["sparse_method"] == found["angle_3b"]["sparse_method"] == "uniform"


def test_a_given_key_goes_before_the_preset_and_leaves_the_others(tmp_path: Path) -> None:
    found = descriptors(read(tmp_path, MINIMAL + '[fit]\npreset = "paper"\n[fit.soap]\nn_sparse = 500\n'))
    assert found["soap"]["n_sparse"] == "500"
    assert found["soap"]["cutoff"] == "12.9"


def test_a_term_that_is_given_is_used_and_can_be_taken_out(tmp_path: Path) -> None:
    with_triplets = read(tmp_path, MINIMAL + "[fit.three_body]\ncutoff_A = 4.5\n[fit.soap]\nuse = false\n")
    assert set(descriptors(with_triplets)) == {"distance_2b", "angle_3b"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[fit.soap]\nn_sparce = 10\n", r"\[fit.soap\] unknown key 'n_sparce'; did you mean 'n_sparse'"),
        ("[fit.soap]\ncutoff_A = 1.0\n", r"transition_A = 2 must not exceed cutoff_A = 1"),
        ("[fit.soap]\nuse = false\n[fit.two_body]\nuse = false\n", "nothing is left to fit"),
        ('[fit]\npreset = "Paper"\n', r'preset = "Paper"'),
        ("[fit.sigma]\nrules = [{max_atoms = 8, energy_eV_atom = 0.01}]\n", "force_eV_A is missing"),
        ("[fit]\nseed = -1\n", "seed = -1"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read(tmp_path, MINIMAL + text)


def test_the_schema_describes_every_table_and_key() -> None:
    schema = json_schema()
    assert {"data", "reference", "sample", "curate", "fit", "augment"} <= schema["properties"].keys()
    soap = schema["$defs"]["Soap"]["properties"]
    assert all(key["description"] for key in soap.values())
