"""Reference calculators, each in a process of its own."""

from __future__ import annotations

import os
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.lj import LennardJones
from ase.io import read

from deckgen.decks.clusters import build
from deckgen.errors import InputError, InstallationError, RunError
from deckgen.processes.executor import SubprocessExecutor
from deckgen.reference.calculator import boxed, check, dynamics, relax, single_point
from deckgen.reference.settings import ReferenceChoice

TBLITE = ReferenceChoice(calculator="tblite", keywords={"method": "GFN1-xTB"})
LJ = ReferenceChoice(calculator="lj", keywords={"rc": 1000.0})

ODD_CALCULATORS = """
import os, signal, time
from ase.calculators.lj import LennardJones

class Smeared(LennardJones):
    '''Its energy is the one extrapolated to no smearing, its free energy the one that the forces belong to.'''
    def calculate(self, *args, **kwargs):
        super().calculate(*args, **kwargs)
        self.results["free_energy"] = self.results["energy"]
        self.results["energy"] += 0.05

class Strict(LennardJones):
    def __init__(self, *, cutoff):
        super().__init__(rc=cutoff)

class Dies(LennardJones):
    def calculate(self, *args, **kwargs):
        print("about to die", flush=True)
        os.kill(os.getpid(), signal.SIGSEGV)

class Sleeps(LennardJones):
    def calculate(self, *args, **kwargs):
        time.sleep(60)
"""


def dimer(distance_A: float, symbol: str = "Na") -> Atoms:
    return Atoms([symbol] * 2, positions=[(0, 0, 0), (0, 0, distance_A)])


@pytest.fixture
def _odd_calculators(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calculators that a user might have in a module of their own."""
    (tmp_path / "odd_calculators.py").write_text(ODD_CALCULATORS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def test_forces_of_an_electronic_structure_calculator_are_the_slope_of_its_energy() -> None:
    h = 0.003
    with SubprocessExecutor(2) as executor:
        down, middle, up = executor.map(single_point, [dimer(3.2 - h), dimer(3.2), dimer(3.2 + h)], [TBLITE] * 3)
    slope = (up.energy_eV - down.energy_eV) / (2 * h)
    assert middle.forces_eV_A[1, 2] == pytest.approx(-slope, abs=2e-5)
    assert middle.forces_eV_A[0] == pytest.approx(-middle.forces_eV_A[1], abs=1e-8)
    assert abs(slope) > 0.05
    assert middle.energy_kind == "energy"
    assert {"python", "ase", "tblite"} <= middle.versions.keys()


def test_the_box_is_a_cube_around_a_free_cluster() -> None:
    cluster = build("Na", 55)
    extent = np.ptp(cluster.positions, axis=0).max()
    box = boxed(cluster, ReferenceChoice(vacuum_A=9))
    assert box.cell.lengths() == pytest.approx([np.ceil(extent + 9)] * 3)
    assert (box.positions.max(axis=0) + box.positions.min(axis=0)) / 2 == pytest.approx(box.cell.lengths() / 2)
    assert not box.pbc.any()
    assert boxed(dimer(3), ReferenceChoice()).cell.lengths() == pytest.approx([14] * 3)
    crystal = Atoms("Na", cell=[4, 4, 4], pbc=True)
    assert boxed(crystal, ReferenceChoice()).cell.lengths() == pytest.approx([4] * 3)


def test_lj13_relaxes_to_its_known_minimum() -> None:
    start = build("Ar", 13)
    start.positions *= 1.05 / np.linalg.norm(start.positions - start.positions[0], axis=1)[1:].min()
    start.rattle(0.02, seed=1)
    relaxed = relax(start, LJ, max_force_eV_A=1e-4, max_steps=300)
    assert relaxed.converged
    assert relaxed.n_steps > 3
    assert relaxed.energy_eV == pytest.approx(-44.326801, abs=1e-5)  # Wales and Doye 1997
    assert np.linalg.norm(relaxed.forces_eV_A, axis=1).max() < 1e-4
    hardly = relax(start, LJ, max_force_eV_A=1e-4, max_steps=2)
    assert (hardly.converged, hardly.n_steps) == (False, 2)


@pytest.mark.usefixtures("_odd_calculators")
def test_the_energy_is_the_one_that_the_forces_belong_to() -> None:
    labels = single_point(dimer(1.2, "Ar"), ReferenceChoice(calculator="odd_calculators:Smeared"))
    free = dimer(1.2, "Ar")
    free.calc = LennardJones()
    assert labels.energy_eV == pytest.approx(free.get_potential_energy(), abs=1e-12)
    assert labels.energy_kind == "free_energy"


def test_an_isolated_atom_may_have_keywords_of_its_own() -> None:
    choice = ReferenceChoice(
        calculator="tblite", keywords={"method": "GFN1-xTB"}, isolated_keywords={"electronic_temperature": 5000.0}
    )
    own = single_point(Atoms("Na"), choice).energy_eV
    assert own != pytest.approx(single_point(Atoms("Na"), TBLITE).energy_eV, abs=1e-3)
    assert single_point(dimer(3), choice).energy_eV == pytest.approx(single_point(dimer(3), TBLITE).energy_eV, abs=1e-7)


@pytest.mark.usefixtures("_odd_calculators")
def test_a_calculator_that_dies_fails_its_own_calculation_only() -> None:
    with SubprocessExecutor(2) as executor:
        names = ("odd_calculators:Dies", "odd_calculators:Smeared")
        dies, lives = [executor.submit(single_point, dimer(1.2, "Ar"), ReferenceChoice(calculator=n)) for n in names]
        with pytest.raises(RunError, match=r"SIGSEGV; it printed last:\nabout to die"):
            dies.result()
        assert lives.result().energy_kind == "free_energy"


@pytest.mark.usefixtures("_odd_calculators")
def test_what_goes_wrong_is_said() -> None:
    with pytest.raises(InputError, match="calculator is missing"):
        check(ReferenceChoice())
    with pytest.raises(InstallationError, match=r'"nothing": not found by this Python .*\n.*/usr/bin/python3'):
        check(ReferenceChoice(calculator="nothing"))
    with pytest.raises(InstallationError, match='"/no/python": there is no such interpreter'):
        check(ReferenceChoice(calculator="lj", python="/no/python"))
    with pytest.raises(InputError, match=r"keywords: odd_calculators:Strict refuses them: TypeError: .*'cutof'"):
        check(ReferenceChoice(calculator="odd_calculators:Strict", keywords={"cutof": 9.0}))
    with pytest.raises(RunError, match="emt: NotImplementedError: No EMT-potential for Na"):
        single_point(dimer(3), ReferenceChoice(calculator="emt"))
    with pytest.raises(RunError, match="not done after timeout_s = 2"):
        single_point(dimer(3), ReferenceChoice(calculator="odd_calculators:Sleeps", timeout_s=2))
    with pytest.raises(RunError, match="atoms on top of each other"):
        single_point(dimer(0.5), LJ)


def test_dynamics_goes_on_from_the_last_whole_frame(tmp_path: Path) -> None:
    choice = ReferenceChoice(calculator="emt", python=sys.executable)
    output = tmp_path / "frames.extxyz"
    words = {"temperature_K": 300.0, "timestep_fs": 2.0, "frame_every": 10, "seed": 1}
    dynamics(build("Cu", 13), choice, output=output, n_steps=20, **words)
    whole = output.read_text()
    output.write_text(whole + whole[: len(whole) // 5])
    dynamics(build("Cu", 13), choice, output=output, n_steps=40, **words)
    assert output.read_text().startswith(whole)
    frames = read(output, ":")
    assert [int(frame.info["Timestep"]) for frame in frames] == [10, 20, 30, 40]
    moved = [np.abs(b.positions - a.positions).max() for a, b in pairwise(frames)]
    assert min(moved) > 0.01
    assert max(moved) < 0.5
    before = output.read_bytes()
    dynamics(build("Cu", 13), choice, output=output, n_steps=40, **words)
    assert output.read_bytes() == before


@pytest.mark.skipif("DECKGEN_TEST_GPAW" not in os.environ, reason="names an interpreter that has GPAW")
def test_gpaw_reproduces_a_label_of_the_training_data() -> None:
    choice = ReferenceChoice(
        calculator="gpaw",
        python=os.environ["DECKGEN_TEST_GPAW"],
        keywords={
            "mode": {"name": "pw", "ecut": 102},
            "xc": "PBE",
            "setups": {"Na": "1"},
            "occupations": {"name": "fermi-dirac", "width": 0.05},
            "nbands": -6,
            "symmetry": "off",
            "mixer": {"backend": "pulay", "beta": 0.15, "nmaxold": 7, "weight": 50},
            "convergence": {"energy": 5e-6, "density": 2e-4, "eigenstates": 1e-5},
        },
    )
    labels = single_point(dimer(3.7), choice)
    assert labels.energy_kind == "free_energy"
    assert labels.energy_eV == pytest.approx(-1.086063, abs=1e-4)
    assert labels.forces_eV_A[1, 2] == pytest.approx(-0.352336, abs=1e-3)
