"""Relaxations step by step: each of them on its own way, all of them in one loop."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.calculators.emt import EMT
from ase.optimize import BFGS

from deckgen.decks.clusters import build
from deckgen.reference.calculator import ReferenceChoice
from deckgen.workflows.compare.relax import relax_all
from deckgen.workflows.compare.relaxation import Relaxation, RelaxationLimit

EMT_CHOICE = ReferenceChoice(calculator="emt")


def relaxation(folder: Path, size: int) -> Relaxation:
    atoms = Atoms("Cu") if size == 1 else build("Cu", size)
    atoms.rattle(0.1, seed=size)
    return Relaxation.begin(folder / f"minimum-{size:03d}", atoms, EMT_CHOICE.name)


def test_every_structure_goes_the_way_of_ases_bfgs_and_the_last_line_says_that_all_are_done(tmp_path, capsys):
    goal = RelaxationLimit(max_steps=50, max_force_eV_A=0.2)
    found = [relaxation(tmp_path, size) for size in (4, 1, 3)]
    relax_all(found, EMT_CHOICE, goal, workers=2)
    assert capsys.readouterr().err.splitlines()[-1] == "3 of 3 structures done"
    assert found[1].n_steps == 0  # nothing moves a single atom
    for one in (found[0], found[2]):
        atoms = one.start.copy()
        atoms.calc = EMT()
        with BFGS(atoms, logfile=None) as optimizer:
            optimizer.run(fmax=goal.max_force_eV_A, steps=goal.max_steps)
        assert one.converged(goal)
        assert one.n_steps == optimizer.nsteps > 2
        np.testing.assert_allclose(one.steps[-1].energy_eV, atoms.get_potential_energy(), atol=1e-5)


def test_a_relaxation_stops_at_its_number_of_steps_and_resumes_with_more(tmp_path):
    one = relaxation(tmp_path, 6)
    relax_all([one], EMT_CHOICE, RelaxationLimit(2, 1e-6), progress=False)
    assert one.n_steps == 2
    relax_all([one], EMT_CHOICE, RelaxationLimit(4, 1e-6), progress=False)
    assert one.n_steps == 4


def test_a_structure_that_fails_does_not_disturb_the_others(tmp_path, capsys):
    far, good = relaxation(tmp_path, 2), relaxation(tmp_path, 4)
    far.start.positions[1] = far.start.positions[0] + [0.2, 0, 0]
    relax_all([far, good], EMT_CHOICE, RelaxationLimit(3, 1e-6))
    assert "a force of" in far.failure
    assert good.n_steps == 3
    said = capsys.readouterr().err.splitlines()
    assert any(line.startswith("minimum-002: failed at step 0: emt: a force of") for line in said)
    assert said[-1] == "2 of 2 structures done"


def test_a_calculation_that_somebody_killed_is_made_by_the_next_command(tmp_path):
    """It says nothing of its structure, which is not kept aside."""
    one, over = relaxation(tmp_path, 4), threading.Event()
    killer = threading.Thread(target=kill_the_first_calculator, args=(over,))
    killer.start()
    relax_all([one], EMT_CHOICE, RelaxationLimit(2, 1e-6), workers=1, progress=False)
    over.set()
    killer.join()
    assert one.failure
    assert one.n_steps < 2
    again = Relaxation(one.folder, EMT_CHOICE.name)
    relax_all([again], EMT_CHOICE, RelaxationLimit(2, 1e-6), workers=1, progress=False)
    assert (again.failure, again.n_steps) == ("", 2)


def kill_the_first_calculator(over: threading.Event) -> None:
    while not over.is_set():
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if b"reference/program" in (place / "cmdline").read_bytes() and is_ours(int(place.name)):
                    os.kill(int(place.name), signal.SIGKILL)
                    return


def is_ours(process: int) -> bool:
    while process > 1 and process != os.getpid():
        process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    return process == os.getpid()
