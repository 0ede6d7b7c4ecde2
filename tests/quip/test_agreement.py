"""LAMMPS' pair_style quip against quippy, each in its own process: the same QUIP, so the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

from deckgen.decks.potentials import BUILTIN
from deckgen.quip.gapfile import read_gap

MODELS = ("2b", "3b", "soap")


@pytest.fixture(scope="module")
def answers(models, all_structures, in_process, as_json):
    """Answers of LAMMPS and of quippy, by model and structure; one process each for all of them."""
    keys = [(model, name) for model in MODELS for name in all_structures]
    steps = [
        {"structure": as_json(all_structures[name]), "xml": str(models[m].xml), "arguments": models[m].arguments}
        for m, name in keys
    ]
    from_lammps = in_process("evaluate_lammps.py", {"steps": steps}, engine="quip")
    from_quippy = in_process("evaluate_quippy.py", {"steps": steps})
    return {key: pair for key, *pair in zip(keys, from_lammps, from_quippy, strict=True)}


@pytest.mark.parametrize("structure", ["cold", "hot", "stretched", "broken", "atom", "crystal", "sheared"])
@pytest.mark.parametrize("model", MODELS)
def test_lammps_agrees_with_quippy(answers, model, structure):
    lammps, quippy = answers[model, structure]
    assert "error" not in lammps, lammps
    for key in ("energy", "forces", "energies", "virial", "virials"):
        np.testing.assert_allclose(lammps[key], quippy[key], rtol=0, atol=1e-10, err_msg=key)


@pytest.mark.parametrize("model", MODELS)
def test_parts_add_up_to_the_whole(answers, model):
    lammps, _ = answers[model, "crystal"]
    assert sum(lammps["energies"]) == pytest.approx(lammps["energy"], abs=1e-10)
    np.testing.assert_allclose(np.sum(lammps["virials"], axis=0), lammps["virial"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(np.sum(lammps["forces"], axis=0), 0.0, atol=1e-10)


def test_forces_are_the_slope_of_the_energy(models, all_structures, in_process, as_json):
    model, step = models["soap"], 1e-4
    moved = []
    for sign in (1, -1, 0):
        atoms = all_structures["hot"].copy()
        atoms.positions[3, 1] += sign * step
        moved.append({"structure": as_json(atoms), "xml": str(model.xml), "arguments": model.arguments})
    plus, minus, here = in_process("evaluate_lammps.py", {"steps": moved}, engine="quip")
    slope = (plus["energy"] - minus["energy"]) / (2 * step)
    assert here["forces"][3][1] == pytest.approx(-slope, abs=1e-6)


def test_atoms_out_of_reach_do_not_interact(answers):
    lammps, _ = answers["soap", "broken"]
    alone, _ = answers["soap", "atom"]
    assert lammps["energies"][4] == pytest.approx(alone["energy"], abs=1e-12)
    assert lammps["forces"][4] == [0.0, 0.0, 0.0]


def test_the_built_in_potential(all_structures, in_process, as_json):
    """A fit to real data has weights of 1e4 eV, and their sum loses digits: agreement to 1e-9 only."""
    gap = read_gap(BUILTIN["na-gap"].file)
    step = {"structure": as_json(all_structures["hot"]), "xml": str(gap.path)}
    step["arguments"] = f"Potential xml_label={gap.label}"
    (lammps,), (quippy,) = (
        in_process(f"evaluate_{code}.py", {"steps": [step]}, engine="quip") for code in ("lammps", "quippy")
    )
    assert lammps["energy"] == pytest.approx(quippy["energy"], abs=1e-9)
    np.testing.assert_allclose(lammps["forces"], quippy["forces"], rtol=0, atol=1e-9)


def crystal_deck(atoms, model, replicate: str) -> str:
    lines = [f"create_atoms 1 single {x!r} {y!r} {z!r}" for x, y, z in atoms.positions.tolist()]
    edge = float(atoms.cell[0, 0])
    return "\n".join(
        [
            "units metal",
            f"region box block 0 {edge!r} 0 {edge!r} 0 {edge!r}",
            "create_box 1 box",
            "mass 1 22.98977",
            *lines,
            f"replicate {replicate}",
            "pair_style quip",
            f'pair_coeff * * {model.xml} "{model.arguments}" 11',
            "compute virial all pressure NULL virial",
            "thermo_style custom step pe c_virial[*]",
            "thermo_modify format float %.15g",
            "velocity all create 300 4711",
            "fix nve all nve",
            "timestep 0.002",
            "thermo 5",
            "run 10",
        ]
    )


def thermo(output: str) -> np.ndarray:
    table = output.split("Step")[1].split("Loop time")[0].splitlines()[1:]
    numbers = np.array([[float(word) for word in line.split()] for line in table])
    numbers[:, 2:] /= abs(numbers[:, 2:]).max()  # small components of the virial are differences of large ones
    return numbers


def test_two_ranks_agree_with_one(models, all_structures, lmp):
    deck = crystal_deck(all_structures["crystal"], models["soap"], "2 1 1")
    one, two = (lmp(deck, ranks=ranks, DECKGEN_QUIP_ENGINE="quip") for ranks in (1, 2))
    assert one.returncode == two.returncode == 0, two.stdout + two.stderr
    assert "on 2 procs" in two.stdout
    np.testing.assert_allclose(thermo(two.stdout), thermo(one.stdout), rtol=1e-9, atol=1e-9)


def test_the_tuned_link_changes_nothing(models, all_structures, lmp):
    deck = crystal_deck(all_structures["crystal"], models["3b"], "1 1 1")
    plain, tuned = lmp(deck, DECKGEN_QUIP_ENGINE="plain"), lmp(deck, DECKGEN_QUIP_ENGINE="quip")
    assert "engine plain" in plain.stdout
    assert "engine quip" in tuned.stdout
    np.testing.assert_allclose(thermo(plain.stdout), thermo(tuned.stdout), rtol=1e-10, atol=1e-9)
