"""The native evaluator, by itself and under the sanitizers, against quippy: two codes of the same formulas."""

from __future__ import annotations

import re

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.cluster import Icosahedron

from deckgen.decks.potentials import BUILTIN
from deckgen.quip.gapfile import read_gap

STATES = ("cold", "hot", "compressed", "stretched", "dissociating", "random")
SIZES = (1, 2, 3, 13, 55, 147)
LARGE = {55: ("compressed", "dissociating"), 147: ("hot",)}
CRYSTALS = ("primitive", "sheared")
CLUSTERS = [f"{state}-{size}" for size in SIZES for state in LARGE.get(size, STATES)]
CASES = {  # structures by model; two-body, three-body and SOAP by themselves are compared in LAMMPS
    "rich": [*CLUSTERS, *CRYSTALS],
    "na-gap": ["cold-1", "hot-2", "random-3", "hot-13", "dissociating-13", "hot-55", *CRYSTALS],
}
ZETAS = (1, 2, 3, 4, 5, 6)
"""The powers of SOAP kernels in published GAPs."""
COMPONENTS = ([0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2])  # xx yy zz xy xz yz


def random_gas(n: int, rng: np.random.Generator) -> np.ndarray:
    """Points in a ball, none nearer than 2.2 angstrom to another: as dense as the melt, without its order."""
    radius, points = 2.4 * n ** (1 / 3) + 1.0, [np.zeros(3)]
    while len(points) < n:
        point = rng.uniform(-radius, radius, 3)
        if np.linalg.norm(point) < radius and np.linalg.norm(np.array(points) - point, axis=1).min() > 2.2:
            points.append(point)
    return np.array(points)


def cluster(state: str, n: int) -> Atoms:
    rng = np.random.default_rng([n, STATES.index(state)])
    shells = {13: 2, 55: 3, 147: 4}.get(n, 2)
    positions = Icosahedron("Na", shells, latticeconstant=5.3).positions[:n]
    if state == "hot":
        positions = positions + rng.normal(0.0, 0.45, (n, 3))
    elif state == "compressed":
        positions = 0.8 * positions + rng.normal(0.0, 0.1, (n, 3))
    elif state == "stretched":
        positions = 1.35 * positions + rng.normal(0.0, 0.1, (n, 3))
    elif state == "dissociating":
        positions = positions + rng.normal(0.0, 0.3, (n, 3))
        positions[: n // 4 + 1] += [6.5, 2.5, 0.0]
    elif state == "random":
        positions = random_gas(n, rng)
    atoms = Atoms(f"Na{n}", positions, cell=[80.0] * 3)
    atoms.center()
    return atoms


def crystal(name: str) -> Atoms:
    """Cells so small that most neighbours of an atom are images of one atom."""
    if name == "primitive":
        return bulk("Na", "bcc", a=4.2)
    atoms = bulk("Na", "bcc", a=4.2, cubic=True)
    atoms.set_cell([[4.1, 0.0, 0.0], [0.7, 4.3, 0.0], [-0.4, 0.5, 4.0]], scale_atoms=True)
    atoms.positions += np.random.default_rng(8).normal(0.0, 0.15, (2, 3))
    return atoms


def structure(name: str) -> Atoms:
    if name in CRYSTALS:
        return crystal(name)
    state, size = name.split("-")
    return cluster(state, int(size))


@pytest.fixture(scope="module")
def answers(rich, driver, in_process, as_json):
    """Answers of the evaluator and of quippy, by model and structure."""
    gap = read_gap(BUILTIN["na-gap"].file)
    files = {"rich": (rich.xml, rich.arguments), "na-gap": (gap.path, f"Potential xml_label={gap.label}")}
    found = {}
    for model, names in CASES.items():
        xml, arguments = files[model]
        frames = [structure(name) for name in names]
        steps = [{"structure": as_json(frame), "xml": str(xml), "arguments": arguments} for frame in frames]
        from_quippy = in_process("evaluate_quippy.py", {"steps": steps})
        pairs = zip(driver.evaluate(xml, frames), from_quippy, strict=True)
        found.update({(model, name): pair for name, pair in zip(names, pairs, strict=True)})
    return found


@pytest.mark.parametrize(("model", "name"), [(model, name) for model, names in CASES.items() for name in names])
def test_the_evaluator_agrees_with_quippy(answers, model, name):
    assert_same(*answers[model, name])


def assert_same(native, quippy):
    n = len(native["forces"])
    virials = 0.5 * (native["virials"] + native["virials"].transpose(0, 2, 1))[:, *COMPONENTS]
    assert native["energy"] == pytest.approx(quippy["energy"], abs=1e-9 * n)
    np.testing.assert_allclose(native["energies"], quippy["energies"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(native["forces"], quippy["forces"], rtol=0, atol=1e-8)
    np.testing.assert_allclose(virials, quippy["virials"], rtol=0, atol=1e-8)
    np.testing.assert_allclose(virials.sum(axis=0), quippy["virial"], rtol=0, atol=1e-8 * n)


@pytest.fixture(scope="module")
def of_powers(rich, driver, in_process, as_json):
    """Answers of the evaluator and of quippy for the rich model with another power of its SOAP kernel, by power."""
    frames, found = [structure("hot-13"), structure("random-3")], {}
    files = {zeta: rich.xml.with_name(f"of_power_{zeta}.xml") for zeta in ZETAS}
    for zeta, file in files.items():
        file.write_text(re.sub(r'\bzeta=("?)3\S*?(?=["\s])', rf"zeta=\g<1>{zeta}", rich.xml.read_text()))
    steps = [
        {"structure": as_json(frame), "xml": str(file), "arguments": rich.arguments}
        for file in files.values()
        for frame in frames
    ]
    from_quippy = in_process("evaluate_quippy.py", {"steps": steps})
    for i, (zeta, file) in enumerate(files.items()):
        found[zeta] = list(zip(driver.evaluate(file, frames), from_quippy[2 * i : 2 * i + 2], strict=True))
    return found


@pytest.mark.parametrize("zeta", ZETAS)
def test_every_power_of_the_kernel_agrees_with_quippy(of_powers, zeta):
    for native, quippy in of_powers[zeta]:
        assert_same(native, quippy)
    others = [pairs[0][1]["energy"] for power, pairs in of_powers.items() if power != zeta]
    assert min(abs(energy - of_powers[zeta][0][1]["energy"]) for energy in others) > 1e-6  # it is another kernel
