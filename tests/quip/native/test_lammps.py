"""pair_style quip with the native engine in LAMMPS: ghosts, ranks, the log, and what QUIP takes over."""

from __future__ import annotations

import re

import numpy as np
import pytest

MODELS = ("2b", "3b", "soap", "rich", "corners")
CORNERS = (  # two SOAPs of different reach: a zeta that is no integer and no angles, and many angles
    "soap cutoff=5.2 n_max=7 l_max=0 atom_sigma=0.6 zeta=2.5 n_sparse=11 covariance_type=dot_product delta=0.3 "
    "sparse_method=cur_points : "
    "soap cutoff=4.5 cutoff_transition_width=4.5 n_max=3 l_max=9 atom_sigma=0.9 zeta=1 n_sparse=7 "
    "covariance_type=dot_product delta=0.3 sparse_method=cur_points"
)


@pytest.fixture(scope="module")
def every(models, rich, fit):
    return {**models, "rich": rich, "corners": fit("corners", CORNERS)}


@pytest.fixture(scope="module")
def request_for(every, all_structures, as_json):
    """What the evaluating scripts are asked, for pairs of a model and a structure."""

    def make(keys):
        return {
            "steps": [
                {"structure": as_json(all_structures[name]), "xml": str(every[m].xml), "arguments": every[m].arguments}
                for m, name in keys
            ]
        }

    return make


@pytest.fixture(scope="module")
def answers(request_for, all_structures, in_process):
    """Answers of LAMMPS with the native engine and of quippy, by model and structure."""
    keys = [(model, name) for model in MODELS for name in all_structures]
    from_lammps = in_process("evaluate_lammps.py", request_for(keys), engine="native")
    from_quippy = in_process("evaluate_quippy.py", request_for(keys))
    return {key: pair for key, *pair in zip(keys, from_lammps, from_quippy, strict=True)}


def test_threads_change_nothing_but_the_order_of_sums(answers, request_for, in_process):
    keys = [("rich", name) for name in ("hot", "broken", "atom", "crystal")]  # an atom alone: fewer than threads
    threaded = in_process("evaluate_lammps.py", request_for(keys), engine="native", threads="3")
    for key, answer in zip(keys, threaded, strict=True):
        for quantity in ("energy", "forces", "energies", "virial", "virials"):
            alone = answers[key][0][quantity]
            np.testing.assert_allclose(answer[quantity], alone, rtol=0, atol=1e-12, err_msg=f"{key} {quantity}")


@pytest.mark.parametrize("threads", ["0", "two", "-1", "1e3"])
def test_a_wrong_number_of_threads_is_named(threads, request_for, in_process):
    (answer,) = in_process("evaluate_lammps.py", request_for([("2b", "cold")]), engine="native", threads=threads)
    assert f"DECKGEN_QUIP_THREADS={threads} is not a number of threads" in answer["error"]


@pytest.mark.parametrize("structure", ["cold", "hot", "stretched", "broken", "atom", "crystal", "sheared"])
@pytest.mark.parametrize("model", MODELS)
def test_native_in_lammps_agrees_with_quippy(answers, model, structure):
    native, quippy = answers[model, structure]
    assert "error" not in native, native
    for key in ("energy", "forces", "energies", "virial", "virials"):
        np.testing.assert_allclose(native[key], quippy[key], rtol=0, atol=1e-9, err_msg=key)


@pytest.mark.parametrize("model", MODELS)
def test_native_parts_add_up_to_the_whole(answers, model):
    native, _ = answers[model, "crystal"]
    assert sum(native["energies"]) == pytest.approx(native["energy"], abs=1e-10)
    np.testing.assert_allclose(np.sum(native["virials"], axis=0), native["virial"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(np.sum(native["forces"], axis=0), 0.0, atol=1e-10)


def deck(atoms, model, numbers: str = "11", more: str = "run 10") -> str:
    """A crystal of two types of atoms, warm."""
    lines = [
        f"create_atoms {1 + i % 2} single {x!r} {y!r} {z!r}" for i, (x, y, z) in enumerate(atoms.positions.tolist())
    ]
    edge = float(atoms.cell[0, 0])
    return "\n".join(
        [
            "units metal",
            f"region box block 0 {edge!r} 0 {edge!r} 0 {edge!r}",
            "create_box 2 box",
            "mass * 22.98977",
            *lines,
            "replicate 2 1 1",
            "pair_style quip",
            f'pair_coeff * * {model.xml} "{model.arguments}" 11 {numbers}',
            "compute virial all pressure NULL virial",
            "compute stresses all stress/atom NULL virial",
            "compute sums all reduce sumsq c_stresses[*] fx fy fz",
            "thermo_style custom step pe c_virial[*] c_sums[*]",
            "thermo_modify format float %.15g",
            "velocity all create 300 4711",
            "fix nve all nve",
            "timestep 0.002",
            "thermo 5",
            more,
        ]
    )


def thermo(output: str) -> np.ndarray:
    table = output.split("   Step ")[1].split("Loop time")[0].splitlines()[1:]
    numbers = np.array([[float(word) for word in line.split()] for line in table])
    numbers[:, 2:] /= abs(numbers[:, 2:]).max()  # small components of the virial are differences of large ones
    return numbers


def test_native_on_two_ranks_agrees_with_one(rich, all_structures, lmp):
    text = deck(all_structures["crystal"], rich)
    one, two = (lmp(text, ranks=ranks, DECKGEN_QUIP_ENGINE="native") for ranks in (1, 2))
    assert one.returncode == two.returncode == 0, two.stdout + two.stderr
    assert "on 2 procs" in two.stdout
    np.testing.assert_allclose(thermo(two.stdout), thermo(one.stdout), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("other", ["19", "NULL"])
def test_atoms_that_the_potential_does_not_know_are_left_alone(rich, all_structures, lmp, other):
    """Half of the atoms are potassium, or another pair style's: the native engine does with them what QUIP does."""
    text = deck(all_structures["crystal"], rich, numbers=other)
    if other == "NULL":
        text = text.replace("pair_style quip", "pair_style hybrid/overlay quip zero 5.0").replace("* * /", "* * quip /")
        text = text.replace("compute virial all", "pair_coeff * * zero\ncompute virial all")
    native, quip = (lmp(text, DECKGEN_QUIP_ENGINE=engine) for engine in ("native", "quip"))
    assert native.returncode == quip.returncode == 0, native.stdout + native.stderr
    np.testing.assert_allclose(thermo(native.stdout), thermo(quip.stdout), rtol=1e-8, atol=1e-9)


def test_auto_takes_native_and_says_so(rich, all_structures, lmp):
    done = lmp(deck(all_structures["crystal"], rich))
    assert "pair_style quip: engine native, to be checked at the first step against quip, QUIP of" in done.stdout
    difference = re.search(r"native engine checked against QUIP: forces differ by at most (\S+) eV/A", done.stdout)
    assert difference is not None
    assert float(difference.group(1)) < 1e-10


UNCOVERED = {  # descriptors that the native engine leaves to QUIP, and the reason that it gives
    "mean": (
        "distance_2b cutoff=5.0 covariance_type=ard_se delta=0.5 theta_uniform=1.0 f0=0.01 sparse_method=uniform "
        "n_sparse=10",
        "it has a mean (f0) other than 0",
    ),
    "dense": (
        "soap cutoff=4.0 n_max=24 l_max=0 atom_sigma=1.0 zeta=2 n_sparse=10 covariance_type=dot_product delta=0.1 "
        "sparse_method=cur_points",
        "the radial basis of its soap is nearly linearly dependent",
    ),
}


@pytest.fixture(scope="module")
def uncovered(fit):
    return {name: fit(name, descriptors) for name, (descriptors, _) in UNCOVERED.items()}


@pytest.mark.parametrize("name", UNCOVERED)
def test_auto_leaves_to_quip_what_native_does_not_cover(uncovered, all_structures, lmp, name):
    text = deck(all_structures["crystal"], uncovered[name])
    auto, quip = lmp(text), lmp(text, DECKGEN_QUIP_ENGINE="quip")
    assert re.search(rf"engine quip, QUIP of .* \(not native: {re.escape(UNCOVERED[name][1])}\)", auto.stdout)
    np.testing.assert_array_equal(thermo(auto.stdout), thermo(quip.stdout))


@pytest.mark.parametrize("name", UNCOVERED)
def test_native_by_force_refuses_what_it_does_not_cover(uncovered, all_structures, lmp, name):
    done = lmp(deck(all_structures["crystal"], uncovered[name]), DECKGEN_QUIP_ENGINE="native")
    assert done.returncode == 1
    assert "ERROR: Pair style quip: the native engine does not cover the potential" in done.stdout
    assert f"{UNCOVERED[name][1]}; use DECKGEN_QUIP_ENGINE=auto or quip" in done.stdout


def test_the_energy_is_conserved(rich, all_structures, lmp):
    """1 ps without a thermostat: the total energy fluctuates by far less than the kinetic energy (0.6 eV) does."""
    text = deck(all_structures["crystal"], rich, more="run 500").replace("step pe", "step pe etotal ke")
    done = lmp(text, DECKGEN_QUIP_ENGINE="native")
    total, kinetic = thermo(done.stdout)[:, 2:4].T
    assert np.ptp(total) < 0.02 * np.ptp(kinetic)
