"""A configuration arrives atom by atom, in whatever order each LAMMPS keeps its atoms."""

from __future__ import annotations

from typing import Any

import numpy as np

from deckgen.runs.exchange.configuration import Atoms
from deckgen.runs.opening import open_lammps

COMMANDS = """
units metal
boundary s s s
atom_modify sort 1 1.5 map yes
region box block -20 20 -20 20 -20 20
create_box 2 box
create_atoms 1 random 20 {seed} box overlap 3.0
create_atoms 2 random 12 {seed} box overlap 3.0
mass * 39.948
pair_style lj/cut 6.0
pair_coeff * * 0.0103 3.4
velocity all create {kelvins} {seed}
fix dynamics all nve
run 200
"""


def liquid(seed: int, kelvins: float) -> Any:
    lmp = open_lammps("none")
    lmp.commands_string(COMMANDS.format(seed=seed, kelvins=kelvins))
    return lmp


def by_number(lmp: Any, name: str) -> np.ndarray:
    values, numbers = (lmp.numpy.extract_atom(key)[:32] for key in (name, "id"))
    return np.array(values[np.argsort(numbers)])


def test_every_atom_brings_its_place_velocity_force_and_element() -> None:
    one, other = liquid(1, 20.0), liquid(2, 45.0)
    assert by_number(one, "id").tolist() == list(range(1, 33))
    assert not np.array_equal(one.numpy.extract_atom("id")[:32], other.numpy.extract_atom("id")[:32])
    assert (np.diff(one.numpy.extract_atom("id")[:32]) < 0).any()  # sorted by place
    brought = {name: by_number(one, name) for name in ("x", "v", "f", "type")}
    energy = one.get_thermo("pe")
    Atoms(other, 32, several=True).put(Atoms(one, 32, several=True).read(), 1.5)
    for name, values in brought.items():
        np.testing.assert_array_equal(by_number(other, name), 1.5 * values if name == "v" else values)
    other.command("run 0")
    assert abs(other.get_thermo("pe") - energy) < 1e-9


def test_what_is_read_later_is_what_is_there_then() -> None:
    lmp = liquid(3, 30.0)
    atoms = Atoms(lmp, 32, several=False)
    before = atoms.read()
    lmp.command("run 100 pre no")
    assert atoms.read() != before
    places = np.frombuffer(atoms.read(), np.float64, 96).reshape(32, 3)
    np.testing.assert_array_equal(places, by_number(lmp, "x"))
