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


def test_every_key_of_the_fit_reaches_gap_fit(tmp_path: Path) -> None:
    text = """
[fit]
sparse_jitter = 1e-7
seed = 11
options = "sparsify_only_no_fit=F"
[fit.two_body]
cutoff_A = 8.1
transition_A = 0.6
delta_eV = 0.21
n_sparse = 26
sparse_method = "random"
options = "a=1"
theta_A = 1.3
[fit.three_body]
cutoff_A = 5.1
transition_A = 0.7
delta_eV = 0.022
n_sparse = 101
sparse_method = "covariance"
options = "b=2"
theta_A = 1.4
[fit.soap]
cutoff_A = 8.2
transition_A = 1.9
delta_eV = 0.9
n_sparse = 601
sparse_method = "cur_covariance"
options = "c=3"
atom_sigma_A = 0.8
n_max = 7
l_max = 5
zeta = 3.0
central_weight = 0.5
"""
    recipe = read(tmp_path, MINIMAL + text)
    arguments = dict(word.split("=", 1) for word in gap_fit_arguments(recipe.fit, {"K": -0.1, "Na": -0.25}))
    assert arguments["e0"] == "{K:-0.1:Na:-0.25}"
    assert (arguments["sparse_jitter"], arguments["rnd_seed"]) == ("1e-07", "11")
    assert arguments["sparsify_only_no_fit"] == "F"
    assert (arguments["energy_parameter_name"], arguments["force_parameter_name"]) == ("REF_energy", "REF_forces")
    expected = {
        "distance_2b": "cutoff=8.1 cutoff_transition_width=0.6 covariance_type=ard_se theta_uniform=1.3 delta=0.21 "
        "n_sparse=26 sparse_method=random a=1",
        "angle_3b": "cutoff=5.1 cutoff_transition_width=0.7 covariance_type=ard_se theta_uniform=1.4 delta=0.022 "
        "n_sparse=101 sparse_method=covariance b=2",
        "soap": "cutoff=8.2 cutoff_transition_width=1.9 atom_sigma=0.8 n_max=7 l_max=5 central_weight=0.5 "
        "covariance_type=dot_product zeta=3.0 delta=0.9 n_sparse=601 sparse_method=cur_covariance c=3",
    }
    assert descriptors(recipe) == {
        name: dict(word.split("=") for word in line.split()) for name, line in expected.items()
    }


def test_a_sampling_run_has_its_frames_after_the_whole_equilibration(tmp_path: Path) -> None:
    """20 ps in 8 frames of 1250 steps; 3.1 ps are 1550 steps, so two frames are left out at the start."""
    text = "[sample]\ntimestep_fs = 2.0\nequilibration_ps = 3.1\nduration_ps = 20.0\nframes = 8\n"
    sample = read(tmp_path, MINIMAL + text).sample
    assert (sample.frame_every, sample.n_steps) == (1250, (2 + 8) * 1250)


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
