"""Potentials of several elements: the native evaluator and LAMMPS against quippy, atom by atom."""

from __future__ import annotations

import re

import numpy as np
import pytest
from ase import Atoms
from ase.cluster import Icosahedron

COMPONENTS = ([0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2])  # xx yy zz xy xz yz


def alloys() -> dict[str, Atoms]:
    """Clusters of sodium and potassium, from one atom to 55, one with an atom that the potential does not know."""
    rng = np.random.default_rng(6)
    small, large = (Icosahedron("Na", shells, latticeconstant=5.4) for shells in (2, 3))
    for cluster in small, large:
        cluster.positions += rng.normal(0.0, 0.35, cluster.positions.shape)
    found = {
        "atom": Atoms("K"),
        "pair": Atoms("KNa", [[0.0, 0.0, 0.0], [1.3, 2.9, 0.8]]),
        "triplet": Atoms("NaKNa", [[0.0, 0.0, 0.0], [3.1, 1.0, 0.3], [-0.4, 3.6, 1.1]]),
        "sodium": small.copy(),
        "potassium": small.copy(),
        "mixture": small.copy(),
        "foreign": small.copy(),
        "large": large,
    }
    found["potassium"].symbols = "K13"
    for name in ("mixture", "foreign", "large"):
        found[name].symbols = rng.choice(["Na", "K"], len(found[name]))
    found["foreign"].symbols[[0, 7]] = ["Rb", "K"]
    for atoms in found.values():
        atoms.set_cell([60.0] * 3)
        atoms.center()
    crystal = Atoms("NaKK", cell=[[4.6, 0.0, 0.0], [0.6, 4.4, 0.0], [-0.5, 0.7, 4.9]], pbc=True)
    crystal.set_scaled_positions([[0.0, 0.0, 0.0], [0.52, 0.47, 0.1], [0.5, 0.05, 0.55]])
    return {**found, "crystal": crystal}


ALLOYS = alloys()


@pytest.fixture(scope="module")
def answers(mixed, driver, in_process, as_json):
    """Answers of the evaluator, of LAMMPS with it, and of quippy, by structure."""
    steps = [
        {"structure": as_json(atoms), "xml": str(mixed.xml), "arguments": mixed.arguments} for atoms in ALLOYS.values()
    ]
    from_quippy = in_process("evaluate_quippy.py", {"steps": steps})
    from_lammps = in_process("evaluate_lammps.py", {"steps": steps}, engine="native")
    from_driver = driver.evaluate(mixed.xml, list(ALLOYS.values()))
    return dict(zip(ALLOYS, zip(from_driver, from_lammps, from_quippy, strict=True), strict=True))


@pytest.mark.parametrize("name", ALLOYS)
def test_the_evaluator_agrees_with_quippy(answers, name):
    native, _, quippy = answers[name]
    virials = 0.5 * (native["virials"] + native["virials"].transpose(0, 2, 1))[:, *COMPONENTS]
    np.testing.assert_allclose(native["energies"], quippy["energies"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(native["forces"], quippy["forces"], rtol=0, atol=1e-8)
    np.testing.assert_allclose(virials, quippy["virials"], rtol=0, atol=1e-8)


@pytest.mark.parametrize("name", ALLOYS)
def test_the_types_of_lammps_may_be_in_any_order(answers, name):
    """Heavy elements are types of low number here, and the atoms come in an order of their own."""
    _, lammps, quippy = answers[name]
    assert "error" not in lammps, lammps
    for key in ("energy", "forces", "energies", "virial"):
        np.testing.assert_allclose(lammps[key], quippy[key], rtol=0, atol=1e-8, err_msg=key)


def test_chemical_order_counts(mixed, driver):
    """Two homotops (unlike atoms exchanged) differ in energy; exchanging like atoms changes nothing."""
    atoms = ALLOYS["mixture"]
    sodium, potassium = (np.flatnonzero(atoms.numbers == number) for number in (11, 19))
    homotop, renamed = atoms.copy(), atoms.copy()
    homotop.numbers[[sodium[0], potassium[0]]] = 19, 11
    renamed.positions[sodium[:2]] = atoms.positions[sodium[1::-1]]
    energies = [answer["energy"] for answer in driver.evaluate(mixed.xml, [atoms, homotop, renamed])]
    assert abs(energies[1] - energies[0]) > 1e-3
    assert energies[2] == pytest.approx(energies[0], abs=1e-10)


@pytest.mark.parametrize("engine", ["native", "quip"])
def test_swapped_atoms_have_the_energy_of_their_new_elements(mixed, lmp, engine):
    """What `fix atom/swap` leaves has the energy that the same structure has when it is read anew."""
    atoms = ALLOYS["mixture"]
    created = [
        f"create_atoms {1 if symbol == 'K' else 2} single {x!r} {y!r} {z!r}"
        for symbol, (x, y, z) in zip(atoms.symbols, atoms.positions.tolist(), strict=True)
    ]
    potential = f'pair_style quip\npair_coeff * * {mixed.xml} "{mixed.arguments}" 19 11'
    script = f"""
units metal
boundary f f f
neighbor 2.0 nsq
region box block 0 60 0 60 0 60
create_box 2 box
mass * 30.0
{chr(10).join(created)}
{potential}
fix nve all nve
fix swaps all atom/swap 2 1 4711 3000 types 1 2
velocity all create 100 4711
thermo 10
thermo_style custom step pe f_swaps[1] f_swaps[2]
thermo_modify format float %.12f
run 21
print "swapped $(pe:%.12f) $(f_swaps[2]:%.0f)"
write_data after.data nocoeff
clear
units metal
boundary f f f
neighbor 2.0 nsq
read_data after.data
{potential}
run 0
print "anew $(pe:%.12f)"
"""
    done = lmp(script, DECKGEN_QUIP_ENGINE=engine)
    assert done.returncode == 0, done.stdout[-1000:]
    energy, accepted = re.search(r"^swapped (\S+) (\d+)$", done.stdout, re.MULTILINE).groups()
    assert int(accepted) > 0
    assert float(re.search(r"^anew (\S+)$", done.stdout, re.MULTILINE)[1]) == pytest.approx(float(energy), abs=1e-8)
